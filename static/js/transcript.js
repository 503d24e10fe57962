// The transcript in step with the picture: a word is heard by a click, a line is judged by a key.

import { listen } from "./player/keys.js";
import { Pieces } from "./transcript_pieces.js";
import { close, forget, open, saidIn } from "./transcript_editor.js";
import { Waveform } from "./waveform.js";

const byId = (id) => document.getElementById(id);
const player = byId("player");
const said = byId("said");
const lines = () => [...document.querySelectorAll("#said .line")];
const holds = (part, at) => Number(part.dataset.at) <= at && at < Number(part.dataset.until);
const CLOCK = 16000; // Samples a second, as in data-begins.

let chosen = null; // The key of the line that keys act on.
let goingOn = null; // From which line to go on, and how far, when the answer to a key's request is there.

const pieces = said && new Pieces(said, { keeps: (piece) => piece.contains(document.activeElement) || Boolean(piece.querySelector(".editor")), filled: beside });
const waveform = player && byId("waveform") && new Waveform(byId("waveform"), player, { seek });

function choose(line, { scroll = true } = {}) {
  if (!line) return;
  line.focus({ preventScroll: true });
  chose(line);
  if (scroll) line.scrollIntoView({ block: "nearest" });
}

// The word that keys have chosen: played from, and where its line is rewritten. It goes with the line.
const picked = () => (chosen && byId(chosen)?.querySelector(".w.picked")) || null;

function pick(word, { play = false } = {}) {
  document.querySelectorAll("#said .picked").forEach((each) => each.classList.remove("picked"));
  word?.classList.add("picked");
  if (word) seek(Number(word.dataset.at), { play });
}

function stepWord(by) {
  const line = current();
  const words = [...(line?.querySelectorAll(".w") ?? [])];
  if (!words.length) return;
  choose(line, { scroll: false });
  const at = words.indexOf(picked());
  pick(words[Math.min(Math.max(at < 0 ? (by > 0 ? 0 : words.length - 1) : at + by, 0), words.length - 1)], { play: !player?.paused });
}

function chose(line) {
  if (chosen === line.id && line.classList.contains("chosen")) return;
  document.querySelectorAll("#said .chosen").forEach((each) => each.classList.remove("chosen"));
  document.querySelectorAll("#said .picked").forEach((each) => each.classList.remove("picked"));
  line.classList.add("chosen");
  chosen = line.id;
  waveform?.choose(line);
  beside();
}

function current() {
  return document.activeElement?.closest?.(".line") ?? (chosen && byId(chosen));
}

async function neighbour(line, by, wanted = () => true) {
  let piece = line?.parentElement;
  if (!piece) return lines()[0];
  let at = [...piece.children].indexOf(line) + by;
  while (piece) {
    for (; at >= 0 && at < piece.children.length; at += by) if (wanted(piece.children[at])) return piece.children[at];
    piece = await pieces.after(piece, by);
    at = by > 0 ? 0 : (piece?.children.length ?? 0) - 1;
  }
  return null;
}

const near = (line, by) => {
  const next = by > 0 ? line?.nextElementSibling : line?.previousElementSibling;
  return next ? Promise.resolve(next) : neighbour(line, by);
};

function step(by) {
  const line = current();
  if (!line) return choose(lines()[0]);
  const next = by > 0 ? line.nextElementSibling : line.previousElementSibling;
  return next ? choose(next) : neighbour(line, by).then((found) => choose(found));
}

function seek(seconds, { play = true } = {}) {
  if (!player || !Number.isFinite(seconds)) return;
  player.currentTime = seconds;
  if (play) player.play().catch(() => {});
}

function press(kind) {
  const line = current();
  if (!line) return;
  const button = line.querySelector(`button[value="${kind}"]`);
  const onward = kind === "confirm" || kind === "no_speech" ? 1 : 0;
  goingOn = { line: line.id, place: lines().indexOf(line), by: onward };
  if (button) button.click();
  else if (kind === "confirm") goingOn = null;
  else send({ kind, key: line.id, following: line.dataset.following, seen: saidIn(line) });
}

/** A change without a form on the page. */
function send(values) {
  const undo = byId("undo");
  if (!undo) return;
  const place = Object.fromEntries(new FormData(undo.form));
  const address = undo.form.getAttribute("hx-post").replace("/undo/", "/correct/");
  window.htmx.ajax("POST", address, { source: undo.form, target: "#spoken-head", swap: "outerHTML", values: { ...place, ...values } });
}

function merge() {
  const line = current();
  if (line?.dataset.following) press("merge");
}

async function mergeBack(line) {
  const before = await near(line, -1);
  if (!before) return;
  goingOn = { line: before.id, place: lines().indexOf(before), by: 0 };
  send({ kind: "merge", key: before.id, following: line.id, seen: saidIn(before) });
}

function shift(frames) {
  const line = current();
  if (!line) return;
  goingOn = { line: line.id, place: lines().indexOf(line), by: 0 };
  send({ kind: "times", key: line.id, shift: frames, seen: saidIn(line) });
}

function name(number) {
  byId("speak")?.querySelectorAll("ol button")[number - 1]?.click();
}

function rewrite(line = current()) {
  if (line) open(line, { player, word: line.querySelector(".w.picked") });
}

async function nextDoubtful() {
  const found = await neighbour(current(), 1, (line) => line.querySelector(".doubt") && !line.classList.contains("gone"));
  choose(found);
}

// The panel of the chosen line comes a moment after it was chosen: who walks through lines waits for nothing.
let later;
function beside() {
  const panel = byId("beside");
  clearTimeout(later);
  if (!panel || !chosen) return;
  later = setTimeout(async () => {
    const asked = new URLSearchParams({ version: byId("undo")?.form.elements.version.value ?? new URLSearchParams(location.search).get("version") ?? "", key: chosen, profile: byId("rules")?.value ?? "" });
    const answer = await fetch(`${said.dataset.line}?${asked}`);
    if (!answer.ok || asked.get("key") !== chosen) return;
    panel.innerHTML = await answer.text();
    panel.hidden = false;
    window.htmx.process(panel);
  }, 200);
}

document.addEventListener("click", (event) => {
  // Splitting or merging gives a line another name: then the one in its place is gone on with.
  const act = event.target.closest(".line .editor button[name=kind]");
  if (act && !goingOn) goingOn = { line: act.closest(".line").id, place: lines().indexOf(act.closest(".line")), by: 0 };
  const change = event.target.closest("[data-change]");
  if (change && byId("editor") && !change.closest(".gone")) {
    event.preventDefault();
    choose(change.closest(".line"), { scroll: false });
    return rewrite(change.closest(".line"));
  }
  const word = event.target.closest(".line .w");
  const time = event.target.closest("[data-seek]");
  if (word || time) choose(event.target.closest(".line"), { scroll: false });
  if (word || time) pick(null);
  if (word) seek(Number(word.dataset.at));
  else if (time) seek(Number(time.dataset.seek));
});

document.addEventListener("focusin", (event) => {
  const line = event.target.closest(".line");
  if (line) chose(line);
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("textarea, input, select");
  const line = event.target.closest(".line");
  const bare = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.altKey && event.key.toLowerCase() === "r") {
    event.preventDefault();
    seek(Math.max(0, player.currentTime - 5), { play: !player.paused });
  } else if (event.altKey && !typing && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    event.preventDefault();
    shift(event.key === "ArrowLeft" ? -1 : 1);
  } else if (event.key === "Escape" && typing && line) {
    close(line);
  } else if (event.key === "Enter" && event.target.matches(".line textarea") && !event.shiftKey) {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) event.target.form.querySelector("[data-split]").click();
    else press("text");
  } else if (event.key === "Backspace" && bare && event.target.matches(".line textarea") && !event.target.selectionEnd && event.target.value === event.target.form.elements.seen.value) {
    event.preventDefault();
    mergeBack(line);
  } else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !typing) {
    event.preventDefault();
    byId("undo")?.click();
  }
});

listen({
  " ": () => player && (player.paused ? player.play().catch(() => {}) : player.pause()),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  j: () => step(1),
  k: () => step(-1),
  Enter: (event) => (event.target.closest("button, a, summary") ? event.target.click() : press("confirm")),
  e: () => rewrite(),
  m: merge,
  s: () => byId("new-speaker")?.focus(),
  n: nextDoubtful,
  x: () => press("no_speech"),
  p: () => seek(Number((picked() ?? current())?.dataset.at)),
  ArrowRight: () => stepWord(1),
  ArrowLeft: () => stepWord(-1),
  "+": () => waveform?.zoom(0.8),
  "-": () => waveform?.zoom(1.25),
  "Shift+ArrowRight": () => waveform?.look(1),
  "Shift+ArrowLeft": () => waveform?.look(-1),
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => [String(number), () => name(number)])),
});

// Whatever is sent from here asks for the lines that are on the page anew, with the answer.
document.body.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.target?.id !== "spoken-head" || !pieces) return;
  event.detail.parameters.piece = pieces.asked();
});

// A name goes to the line that was chosen when its button was pressed.
byId("speak")?.addEventListener("click", (event) => {
  if (!event.target.closest("button")) return;
  const line = chosen && byId(chosen);
  const form = byId("speak");
  form.elements.key.value = line?.id ?? "";
  form.elements.seen.value = line ? saidIn(line) : "";
  byId("name-new").value = byId("new-speaker").value.trim();
  goingOn = line ? { line: line.id, place: lines().indexOf(line), by: 0 } : null;
}, { capture: true });

byId("new-speaker")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  byId("name-new").click();
});

document.body.addEventListener("htmx:beforeSend", (event) => {
  event.detail.xhr.goingOn = goingOn;
  event.detail.xhr.editor = event.detail.elt;
  goingOn = null;
});

document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "spoken-head" && event.detail.elt?.id !== "spoken-head") return;
  if (document.querySelector("#spoken-said .success")) forget(event.detail.xhr?.editor);
  // In a place that stays: what comes with a section that is new is not read out by every reader.
  byId("aloud").textContent = byId("spoken-said")?.textContent ?? "";
  // Told once for each part of an answer, and perhaps after the next key: it goes by its own request.
  const { line, place, by } = event.detail.xhr?.goingOn ?? { line: chosen, place: -1, by: 0 };
  const all = lines();
  const same = line && byId(line);
  // In the list of what is left to check the line is gone: the next one took its place.
  const next = all[Math.min(same ? all.indexOf(same) + by : place, all.length - 1)];
  if (next) choose(next);
  beside();
});

// A link to a moment: its line is chosen, and the player waits a second before it is said.
const opened = document.querySelector("#said [data-opened]");
if (opened) {
  choose(opened, { scroll: false });
  opened.scrollIntoView({ block: "center" });
  const at = Math.max(Number(opened.dataset.at) - 1, 0);
  if (player) player.readyState ? seek(at, { play: false }) : player.addEventListener("loadedmetadata", () => seek(at, { play: false }), { once: true });
}

// Switches that stay as they were left.
function remember(id, use) {
  const box = byId(id);
  if (!box) return;
  const kept = localStorage.getItem(`words:${id}`);
  if (kept !== null) box.type === "checkbox" ? (box.checked = kept === "true") : (box.value = kept);
  const tell = () => {
    localStorage.setItem(`words:${id}`, box.type === "checkbox" ? box.checked : box.value);
    use(box);
  };
  box.addEventListener("change", tell);
  use(box);
}

remember("tint", (box) => said?.classList.toggle("untinted", !box.checked));
remember("translation", (box) => said?.classList.toggle("untranslated", !box.checked));
remember("follow", () => {});
remember("speed", (box) => player && (player.playbackRate = Number(box.value)));

async function inStep() {
  document.querySelectorAll("#said .on").forEach((part) => part.classList.remove("on"));
  const at = player.currentTime;
  const follows = byId("follow")?.checked && !player.paused && !document.querySelector(".line .editor");
  let line = lines().find((each) => holds(each, at));
  if (!line && follows && pieces) line = [...((await pieces.at(at * CLOCK))?.children ?? [])].find((each) => holds(each, at));
  if (!line) return;
  line.classList.add("on");
  if (follows) line.scrollIntoView({ block: "nearest" });
  [...line.querySelectorAll(".w")].find((word) => holds(word, at))?.classList.add("on");
}

player?.addEventListener("timeupdate", inStep);
byId("rules")?.addEventListener("change", beside);
