// Sends one film, a file or a folder of frames, in pieces and goes on where it stopped; the protocol
// is tus-js-client's business.

import { FolderUpload } from "./upload_folder.js";

const form = document.getElementById("upload");
const words = document.getElementById("upload-words");
const bar = document.getElementById("upload-progress");
const start = document.getElementById("upload-start");
const pause = document.getElementById("upload-pause");
const stop = document.getElementById("upload-stop");
const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
const parts = { file: document.getElementById("upload-one"), folder: document.getElementById("upload-many") };

let upload = null; // what is being sent: start(), pause(), discard(), known
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
  if (state === "idle") chooseKind();
}

function kind() { return form.elements.kind.value; }

// Only the input that is meant is shown, and asked for.
function chooseKind() {
  for (const [name, part] of Object.entries(parts)) {
    part.hidden = name !== kind();
    for (const input of part.querySelectorAll("input")) input.disabled = part.hidden;
  }
  const folder = kind() === "folder";
  document.getElementById("upload-rate-file").hidden = folder;
  document.getElementById("upload-rate-folder").hidden = !folder;
}

function refusal(error) {
  const answer = error.originalResponse;
  if (!answer) return "The server cannot be reached. What arrived is kept; go on when it is back.";
  if (answer.getStatus() === 403) return "The server refused this. Load the page again and log in as an archivist.";
  return answer.getBody().trim() || `The server answered ${answer.getStatus()}.`;
}

function told() { document.body.dispatchEvent(new Event("uploads-changed")); }

const shared = {
  retryDelays: [0, 1000, 3000, 5000, 10000, 20000],
  headers: { "X-CSRFToken": token },
  onShouldRetry: (error) => {
    const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
    return status === 0 || status === 409 || status === 423 || (status >= 500 && status !== 507);
  },
  onProgress: (sent, total, first = "") => {
    if (begun.bytes === null) begun = { at: performance.now(), bytes: sent };
    bar.max = total;
    bar.value = sent;
    words.textContent = `${first}${amount(sent)} of ${amount(total)} sent${timeLeft(sent, total)}`;
  },
  onError: (error) => {
    words.textContent = refusal(error);
    const known = upload && upload.known;
    if (!known) upload = null;
    show(known ? "paused" : "idle");
    told();
  },
};

function arrived(name) {
  words.textContent = `${name} has arrived. It is now read frame by frame and taken into custody; you can follow that below or close this page.`;
  form.reset();
  show("idle");
  upload = null;
  told();
}

function typed() {
  const data = new FormData(form);
  return Object.fromEntries(["title", "collection", "rate"].map((name) => [name, data.get(name) || ""]));
}

function tooLarge(name, bytes) {
  const limit = Number(form.dataset.limit);
  if (bytes <= limit) return false;
  words.textContent = `${name} is larger than the ${amount(limit)} that this server accepts. Copy it to the server and run manage.py ingest.`;
  return true;
}

async function makeFileUpload(file) {
  const sent = new tus.Upload(file, {
    ...shared,
    endpoint: form.dataset.endpoint,
    chunkSize: Number(form.dataset.piece),
    removeFingerprintOnSuccess: true,
    metadata: { filename: file.name, ...typed() },
    onUploadUrlAvailable: told,
    onSuccess: () => arrived(file.name),
  });
  const earlier = await sent.findPreviousUploads();
  if (earlier.length) {
    sent.resumeFromPreviousUpload(earlier[0]);
    words.textContent = "Going on where it stopped.";
  }
  return {
    get known() { return Boolean(sent.url); },
    start: () => sent.start(),
    pause: () => sent.abort(),
    discard: () => sent.abort(true),
  };
}

function makeFolderUpload(files) {
  const folder = new FolderUpload(files, {
    ...shared,
    endpoint: form.dataset.folders,
    piece: Number(form.dataset.piece),
    told: typed(),
    onResumed: (whole, frames) => { words.textContent = `Going on where it stopped: ${whole} of ${frames} frames are there.`; },
    onKnown: told,
    onSuccess: () => arrived(folder.name),
  });
  return folder;
}

// The files of a chosen folder itself, not of the folders in it.
function framesChosen() {
  return [...form.elements.folder.files].filter((file) => file.webkitRelativePath.split("/").length === 2);
}

async function begin() {
  if (kind() === "folder") {
    const files = framesChosen();
    if (!files.length) { words.textContent = "There are no files in this folder itself. Choose the folder that holds the frames."; return; }
    upload = makeFolderUpload(files);
  } else {
    const file = form.elements.file.files[0];
    if (!file || tooLarge(file.name, file.size)) return;
    upload = await makeFileUpload(file);
  }
  go();
}

function go() {
  begun = { at: performance.now(), bytes: null };
  show("sending");
  upload.start();
}

function proposeTitle(name) {
  const title = form.elements.title;
  if (name && !title.value) title.value = name.replace(/[_.]+/g, " ");
}

form.addEventListener("submit", (event) => { event.preventDefault(); if (!upload) begin(); });
pause.addEventListener("click", async () => {
  if (!running) { go(); return; }
  await upload.pause();
  words.textContent = "Paused. What arrived is kept for a week.";
  show("paused");
  told();
});
stop.addEventListener("click", async () => {
  const mine = upload;
  upload = null;
  await mine.discard().catch(() => {});
  words.textContent = "Stopped; nothing of it is kept.";
  show("idle");
  told();
});
for (const choice of form.elements.kind) choice.addEventListener("change", chooseKind);
function chosen() {
  const file = form.elements[kind()].files[0];
  if (file) proposeTitle(kind() === "folder" ? file.webkitRelativePath.split("/")[0] : file.name.replace(/\.[^.]*$/, ""));
}
for (const name of Object.keys(parts)) form.elements[name].addEventListener("change", chosen);
window.addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });
chooseKind();
chosen(); // before this script was there, or before the browser came back to the page
