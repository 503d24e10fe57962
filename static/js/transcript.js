// The transcript in step with the picture: a word is heard by a click, a line is judged by a key.

import { listen } from "./player/keys.js";

const player = document.getElementById("player");
const lines = () => [...document.querySelectorAll("#spoken .line")];
const holds = (part, at) => Number(part.dataset.at) <= at && at < Number(part.dataset.until);

let chosen = null; // The key of the line that keys act on.

function choose(line, { scroll = true } = {}) {
  if (!line) return;
  chosen = line.id;
  line.focus({ preventScroll: true });
  if (scroll) line.scrollIntoView({ block: "nearest" });
}

function current() {
  return document.activeElement?.closest?.(".line") ?? (chosen && document.getElementById(chosen));
}

function step(by) {
  const all = lines();
  const at = all.indexOf(current());
  choose(all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)]);
}

function seek(seconds, { play = true } = {}) {
  if (!player || !Number.isFinite(seconds)) return;
  player.currentTime = seconds;
  if (play) player.play().catch(() => {});
}

function press(kind) {
  const line = current();
  const button = line?.querySelector(`button[value="${kind}"]`);
  if (!button) return;
  goingOn = { line: line.id, place: lines().indexOf(line), by: kind === "confirm" || kind === "no_speech" ? 1 : 0 };
  button.click();
}

let goingOn = null; // From which line to go on, and how far, when the answer to a key's request is there.

function rewrite() {
  const change = current()?.querySelector("details.change");
  const text = change?.querySelector("textarea");
  if (!text) return;
  change.open = true;
  text.focus();
  text.select();
}

document.addEventListener("click", (event) => {
  const word = event.target.closest(".line .w");
  const time = event.target.closest("[data-seek]");
  if (word) seek(Number(word.dataset.at));
  else if (time) seek(Number(time.dataset.seek));
  if (word || time) choose(event.target.closest(".line"), { scroll: false });
});

document.addEventListener("focusin", (event) => {
  const line = event.target.closest(".line");
  if (line) chosen = line.id;
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("textarea, input, select");
  if (event.key === "Escape" && typing) {
    const details = typing.closest("details");
    if (details) details.open = false;
    choose(typing.closest(".line"));
  } else if (event.key === "Enter" && event.target.matches(".line textarea") && !event.shiftKey) {
    event.preventDefault();
    press("text");
  } else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !typing) {
    event.preventDefault();
    document.getElementById("undo")?.click();
  }
});

listen({
  " ": () => player && (player.paused ? player.play().catch(() => {}) : player.pause()),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  j: () => step(1),
  k: () => step(-1),
  Enter: (event) => (event.target.closest("button, a, summary") ? event.target.click() : press("confirm")),
  e: rewrite,
  x: () => press("no_speech"),
  p: () => seek(Number(current()?.dataset.at)),
});

document.body.addEventListener("htmx:beforeSend", (event) => {
  event.detail.xhr.goingOn = goingOn;
  goingOn = null;
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  // Told once for each part of an answer, and perhaps after the next key: it goes by its own request.
  const { line, place, by } = event.detail.xhr?.goingOn ?? { line: chosen, place: -1, by: 0 };
  const all = lines();
  const same = line && document.getElementById(line);
  // In the list of what is left to check the line is gone: the next one took its place.
  choose(all[Math.min(same ? all.indexOf(same) + by : place, all.length - 1)]);
});

// A link to a moment: its line is chosen, and the player waits a second before it is said.
const opened = document.querySelector("#spoken [data-opened]");
if (opened) {
  choose(opened, { scroll: false });
  opened.scrollIntoView({ block: "center" });
  const at = Math.max(Number(opened.dataset.at) - 1, 0);
  if (player) player.readyState ? seek(at, { play: false }) : player.addEventListener("loadedmetadata", () => seek(at, { play: false }), { once: true });
}

player?.addEventListener("timeupdate", () => {
  document.querySelectorAll("#spoken .on").forEach((part) => part.classList.remove("on"));
  const line = lines().find((each) => holds(each, player.currentTime));
  line?.classList.add("on");
  const words = line ? [...line.querySelectorAll(".w")] : [];
  words.find((word) => holds(word, player.currentTime))?.classList.add("on");
});
