// The one line that is being rewritten: a form that is put into it, and goes with the answer.

import { timecode } from "./player/timecode.js";

const template = document.getElementById("editor");
const facts = JSON.parse(document.getElementById("timecode")?.textContent ?? "null");

export const saidIn = (line) => line.querySelector(".text").textContent.replace(/\s+/g, " ").trim();

/** Open the form in a line, with what a closed window left unsaved there; null if nobody may. word: that
    of the line which the cursor goes to, if any. */
export function open(line, { player, word = null }) {
  if (!template || line.classList.contains("gone")) return null;
  const there = line.querySelector(".editor");
  if (there) return focus(there);
  close();
  const change = document.createElement("div");
  change.className = "change";
  change.append(template.content.cloneNode(true));
  const form = change.querySelector("form");
  const said = saidIn(line);
  const values = { key: line.id, following: line.dataset.following, seen: said, text: said, speaker: line.dataset.speaker, start: line.dataset.start, end: line.dataset.end };
  for (const [name, value] of Object.entries(values)) form.elements.namedItem(name).value = value;
  form.querySelector("[data-split]").hidden = line.querySelectorAll(".w").length < 2;
  form.querySelector("[data-close]").hidden = false;
  form.querySelector('[value="merge"]').hidden = !line.dataset.following;
  for (const button of form.querySelectorAll("[data-here]")) {
    button.hidden = !player;
    button.addEventListener("click", () => here(form, button.dataset.here, player));
  }
  form.querySelector("[data-split]").addEventListener("click", (event) => split(event, form, line));
  form.querySelector("[data-close]").addEventListener("click", () => close(line));
  form.elements.text.addEventListener("input", () => keep(form));
  restore(form);
  line.append(change);
  window.htmx.process(form);
  return focus(form, form.elements.text.value === said ? word : null);
}

export function close(line) {
  document.querySelector(".line .change:has(.editor)")?.remove();
  line?.focus({ preventScroll: true });
}

function focus(form, word = null) {
  const { text } = form.elements;
  text.focus();
  text.select();
  if (word) {
    const words = [...word.parentElement.querySelectorAll(".w")];
    const start = words.slice(0, words.indexOf(word)).reduce((at, each) => at + each.textContent.length + 1, 0);
    if (text.value.startsWith(word.textContent, start)) text.setSelectionRange(start, start + word.textContent.length);
  }
  return form;
}

const draft = (form) => `words:${location.pathname}:${form.elements.version.value}:${form.elements.key.value}`;

function keep(form) {
  try {
    const text = form.elements.text.value;
    if (text === form.elements.seen.value) localStorage.removeItem(draft(form));
    else localStorage.setItem(draft(form), text);
  } catch {
    // No room, or none allowed: then nothing outlives the window.
  }
}

function restore(form) {
  const text = localStorage.getItem(draft(form));
  if (text === null || text === form.elements.text.value) return;
  form.elements.text.value = text;
  form.querySelector("#edit-draft").textContent = "This is what you wrote before and did not keep.";
}

/** What was kept by the server needs no draft any more. */
export function forget(form) {
  if (form?.classList.contains("editor")) localStorage.removeItem(draft(form));
}

function here(form, name, player) {
  const frame = Math.floor(player.currentTime * facts.rate + 1e-6) + (name === "end" ? 1 : 0);
  form.elements[name].value = timecode(frame, facts);
}

/** The words before the cursor stay; it is the line as it was that is split, not as it was rewritten. */
function split(event, form, line) {
  const text = form.elements.text;
  const before = text.value.slice(0, text.selectionStart).split(/\s+/).filter(Boolean).length;
  const words = line.querySelectorAll(".w").length;
  const spaces = saidIn(line).split(" ").length;
  if (before < 1 || before >= spaces || text.value.replace(/\s+/g, " ").trim() !== form.elements.seen.value || words !== spaces) {
    event.preventDefault();
    form.querySelector("#edit-draft").textContent =
      before < 1 || before >= spaces ? "Put the cursor between two words of the line." : "Keep the words first; then split the line.";
    return;
  }
  form.elements.word.disabled = false;
  form.elements.word.value = before;
}
