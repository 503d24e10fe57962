// Sends one film in pieces and goes on where it stopped; the protocol is tus-js-client's business.

const form = document.getElementById("upload");
const words = document.getElementById("upload-words");
const bar = document.getElementById("upload-progress");
const start = document.getElementById("upload-start");
const pause = document.getElementById("upload-pause");
const stop = document.getElementById("upload-stop");
const token = form.querySelector("[name=csrfmiddlewaretoken]").value;

let upload = null;
let running = false;
let begun = { at: 0, bytes: null };

function amount(bytes) {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let power = 0;
  while (bytes >= 1000 && power < units.length - 1) { bytes /= 1000; power += 1; }
  return `${bytes.toFixed(power && bytes < 100 ? 1 : 0)} ${units[power]}`;
}

function timeLeft(sent, total) {
  const seconds = (performance.now() - begun.at) / 1000;
  const speed = (sent - begun.bytes) / seconds;
  if (seconds < 2 || speed <= 0) return "";
  const left = (total - sent) / speed;
  return left < 90 ? `, ${Math.ceil(left)} s left` : `, ${Math.ceil(left / 60)} min left`;
}

function show(state) {
  running = state === "sending";
  start.hidden = state !== "idle";
  pause.hidden = state === "idle";
  pause.textContent = running ? "Pause" : "Go on";
  stop.hidden = state === "idle";
  bar.hidden = state === "idle";
  for (const field of form.querySelectorAll("input")) field.disabled = state !== "idle";
}

function refusal(error) {
  const answer = error.originalResponse;
  if (!answer) return "The server cannot be reached. What arrived is kept; go on when it is back.";
  if (answer.getStatus() === 403) return "The server refused this. Load the page again and log in as an archivist.";
  return answer.getBody().trim() || `The server answered ${answer.getStatus()}.`;
}

function told() { document.body.dispatchEvent(new Event("uploads-changed")); }

function makeUpload(file) {
  const data = new FormData(form);
  const metadata = { filename: file.name };
  for (const name of ["title", "collection", "rate"]) metadata[name] = data.get(name) || "";
  return new tus.Upload(file, {
    endpoint: form.dataset.endpoint,
    chunkSize: Number(form.dataset.piece),
    retryDelays: [0, 1000, 3000, 5000, 10000, 20000],
    removeFingerprintOnSuccess: true,
    metadata,
    headers: { "X-CSRFToken": token },
    onShouldRetry: (error) => {
      const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
      return status === 0 || status === 409 || status === 423 || (status >= 500 && status !== 507);
    },
    onUploadUrlAvailable: told,
    onProgress: (sent, total) => {
      if (begun.bytes === null) begun = { at: performance.now(), bytes: sent };
      bar.max = total;
      bar.value = sent;
      words.textContent = `${amount(sent)} of ${amount(total)} sent${timeLeft(sent, total)}`;
    },
    onError: (error) => {
      words.textContent = refusal(error);
      const known = upload && upload.url;
      if (!known) upload = null;
      show(known ? "paused" : "idle");
      told();
    },
    onSuccess: () => {
      words.textContent = `${file.name} has arrived. It is now read frame by frame and taken into custody; you can follow that below or close this page.`;
      show("idle");
      form.reset();
      upload = null;
      told();
    },
  });
}

async function begin() {
  const file = form.elements.file.files[0];
  if (!file) return;
  if (file.size > Number(form.dataset.limit)) {
    words.textContent = `${file.name} is larger than the ${amount(Number(form.dataset.limit))} that this server accepts. Copy it to the server and run manage.py ingest.`;
    return;
  }
  upload = makeUpload(file);
  const earlier = await upload.findPreviousUploads();
  if (earlier.length) {
    upload.resumeFromPreviousUpload(earlier[0]);
    words.textContent = "Going on where it stopped.";
  }
  go();
}

function go() {
  begun = { at: performance.now(), bytes: null };
  show("sending");
  upload.start();
}

form.addEventListener("submit", (event) => { event.preventDefault(); if (!upload) begin(); });
pause.addEventListener("click", async () => {
  if (!running) { go(); return; }
  await upload.abort();
  words.textContent = "Paused. What arrived is kept for a week.";
  show("paused");
  told();
});
stop.addEventListener("click", async () => {
  const mine = upload;
  upload = null;
  await mine.abort(true).catch(() => {});
  words.textContent = "Stopped; nothing of it is kept.";
  show("idle");
  told();
});
form.elements.file.addEventListener("change", () => {
  const file = form.elements.file.files[0];
  const title = form.elements.title;
  if (file && !title.value) title.value = file.name.replace(/\.[^.]*$/, "").replace(/[_.]+/g, " ");
});
window.addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });
