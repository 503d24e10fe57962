// The storyboard editor: steps the place of a cut by frames, and gives every edit a key.

import { listen } from "./player/keys.js";
import { timecode } from "./player/timecode.js";
import { address, Frames } from "./storyboard/frames.js";
import { Pair } from "./storyboard/pair.js";

const byId = (id) => document.getElementById(id);
const board = JSON.parse(byId("board").textContent);
const press = (id) => {
  const button = byId(id);
  if (button && !button.hidden && !button.disabled) button.click();
};

const BUSY = 150; // Milliseconds: who steps or scrubs faster than this is shown where it ends.
const name = (frame) => `${frame} · ${timecode(frame, board.timecode)}`;

class Editor {
  constructor() {
    this.at = board.at;
    this.changed = -BUSY;
    this.pair = new Pair(board, byId, name);
    this.frames = new Frames(byId("frames"), board, (frame) => this.go(frame));
    byId("scrubber").hidden = false;
    byId("scrub").addEventListener("input", ({ target }) => this.go(Number(target.value)));
    byId("frame")?.addEventListener("change", ({ target }) => this.go(Number(target.value)));
    document.querySelectorAll("[data-step]").forEach((link) => link.addEventListener("click", (event) => {
      event.preventDefault();
      this.step(Number(link.dataset.step));
    }));
    document.querySelectorAll(".marks [data-frame]").forEach((link) => link.addEventListener("click", (event) => {
      event.preventDefault();
      this.go(Number(link.dataset.frame));
    }));
    this.show();
  }

  step(by) {
    this.go(this.at + by);
  }

  go(frame) {
    if (!Number.isInteger(frame)) return;
    this.at = Math.min(Math.max(frame, board.lowest), board.highest);
    this.show();
    history.replaceState(null, "", address(board, this.at));
  }

  show() {
    const { at } = this;
    clearTimeout(this.later);
    this.later = setTimeout(() => {
      this.frames.show(at);
      this.pair.show(at);
    }, performance.now() - this.changed < BUSY ? BUSY : 0);
    this.changed = performance.now();
    byId("scrub").value = at;
    byId("scrub").setAttribute("aria-valuetext", name(at));
    if (byId("frame")) this.#offer();
    document.body.dataset.at = at;
  }

  /** Only what makes sense at this frame is offered; the server checks it all the same. */
  #offer() {
    const { at } = this;
    byId("frame").value = at;
    byId("frame-timecode").value = timecode(at, board.timecode);
    const isHere = at === board.border;
    byId("offset").value = board.border === null ? "" : offset(at - board.border);
    document.querySelectorAll("[data-when]").forEach((part) => (part.hidden = (part.dataset.when === "here") !== isHere));
    const holder = board.scenes.findLast((scene) => scene.start <= at);
    const isCut = holder.start === at;
    const splice = board.marks.some((mark) => mark.frame === at && ["splice", "jump"].includes(mark.kind));
    byId("split").hidden = isCut || (isHere && !board.isCut);
    byId("split").formAction = holder.split;
    byId("splice").hidden = isCut;
    byId("splice").formAction = byId("no-splice").formAction = holder.splice;
    byId("splice").firstChild.textContent = splice ? "It is a splice " : "Splice here ";
    byId("no-splice").hidden = !splice;
    const mark = at === board.at ? byId("is-mark") : null;
    const main = isHere ? (byId("is-cut") ?? byId("next-check")) : (mark ?? byId("move") ?? byId("split"));
    document.querySelectorAll("#act .main").forEach((button) => button.classList.remove("main"));
    if (main?.closest("#act")) main.classList.add("main");
    this.main = main;
  }
}

function offset(by) {
  if (!by) return "at the border";
  return `${Math.abs(by)} frame${Math.abs(by) === 1 ? "" : "s"} ${by < 0 ? "before" : "after"} the border`;
}

const editor = board.at === undefined ? null : new Editor();
const go = (act) => () => editor && act();
const describe = () => {
  if (!byId("describe")) return;
  byId("describe").open = true;
  byId("transition").focus();
};
byId("help").hidden = false;
byId("help").addEventListener("click", () => byId("keys").showModal());
document.querySelector("#scenes [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
document.querySelector(".doubts [aria-current]")?.scrollIntoView({ block: "nearest" });
byId("frame")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  editor.go(Number(event.target.value));
  event.target.blur();
});

listen({
  ArrowLeft: go(() => editor.step(-1)), ArrowRight: go(() => editor.step(1)),
  "Shift+ArrowLeft": go(() => editor.step(-10)), "Shift+ArrowRight": go(() => editor.step(10)),
  Home: go(() => editor.go(board.lowest)), End: go(() => editor.go(board.highest)),
  Escape: go(() => editor.go(board.border ?? board.at)),
  "[": () => press("previous"), "]": () => press("following"), n: () => press("next-check"),
  x: go(() => editor.at === board.border && press("no-cut")), s: () => press("split"), m: () => press("merge"),
  y: () => press("is-mark"), o: () => press("no-mark"), p: () => press("splice"), u: () => press("no-splice"), k: describe, g: () => byId("frame")?.select(),
  d: go(() => editor.pair.difference()), f: go(() => editor.pair.flip()), "?": () => byId("keys").showModal(),
});
document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (target.closest("dialog, textarea, select, input:not([type=range])")) return;
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "z") {
    event.preventDefault();
    press(event.shiftKey ? "redo" : "undo");
  } else if (key === "Enter" && !target.closest("a, button, summary")) {
    event.preventDefault();
    editor?.main?.click();
  }
});
