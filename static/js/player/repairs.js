// Single repairs: chosen by click or key, shown in words, kept, undone or asked of a neighbour. The server
// says what is there.

import { WORDS } from "./labels.js";
import { Marks } from "./marks.js";

const REST = 160;
const DECIDED = { keep: "kept", undo: "undone", neighbour: "asked of a neighbour" };
const NEAR = 6; // pixels of the screen by which a click may miss

const byId = (id) => document.getElementById(id);

export class Repairs {
  /** isShown: whether the map is laid over the picture. draft: outline that is being drawn, or null.
      others: gives further outlines to show. */
  constructor({ room, screen, transport, isShown, showMap }) {
    Object.assign(this, { room, screen, transport, isShown, showMap });
    this.marks = new Marks(screen);
    this.lists = new Map();
    this.chosen = null;
    this.draft = null;
    this.others = () => [];
    screen.ondraw = () => this.draw();
    transport.addEventListener("frame", () => this.#rest());
    document.addEventListener("click", (event) => this.#follow(event));
    document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
      if (detail.target.id === "repairs") this.refresh();
    });
  }

  get here() {
    return this.lists.get(this.transport.frame) ?? null;
  }

  refresh() {
    this.lists.clear();
    this.#fetch(this.transport.frame);
    document.dispatchEvent(new Event("repairs-section"));
  }

  /** Choose the repair at a point of the canvas (CSS pixels), or none. */
  pick(x, y) {
    if (!this.isShown() || !this.here) return;
    const point = this.screen.toPicture(x, y);
    const reach = (NEAR * devicePixelRatio) / this.screen.takePlace().scale;
    const found = this.here.repairs
      .map((repair, index) => ({ index, away: distance(repair, point), pixels: repair.pixels }))
      .filter(({ away }) => away <= reach)
      .sort((a, b) => a.away - b.away || a.pixels - b.pixels);
    this.choose(found.length ? found[0].index : null);
  }

  choose(index) {
    this.chosen = index;
    this.#tell();
    this.draw();
  }

  async step(by) {
    if (!this.isShown()) this.showMap();
    await this.#fetch(this.transport.frame);
    const count = this.here?.repairs.length ?? 0;
    if (!count) return this.#say("No repair in this frame.");
    this.choose(this.chosen === null ? (by > 0 ? 0 : count - 1) : (this.chosen + by + count) % count);
  }

  async decide(decision) {
    const repair = this.here?.repairs[this.chosen];
    if (!repair || !byId("keep-repair")) return;
    if (decision === "neighbour" && !byId("ask-neighbour")) return;
    const [x, y] = repair.at;
    const values = {
      frame: this.transport.frame, x, y, decision,
      reason: byId("repair-reason").value, shown: this.room.shown ?? "",
    };
    await window.htmx.ajax("POST", this.room.decide, { values, target: "#repairs", swap: "outerHTML" });
  }

  nextNotJudged() {
    const frames = [...document.querySelectorAll("[data-not-judged]")].map((link) => Number(link.dataset.go));
    const next = frames.find((frame) => frame > this.transport.frame) ?? frames[0];
    if (next !== undefined) this.transport.go(next);
  }

  draw() {
    const outlines = [...(this.draft ? [this.draft] : []), ...this.others()];
    const list = this.here;
    if (list && (this.isShown() || this.draft)) {
      list.protected.forEach(({ outline }) => outlines.push({ points: outline, dash: [8, 5] }));
    }
    if (list && this.isShown()) {
      list.undone.forEach(({ outline }) => outlines.push({ points: outline, dash: [2, 3], cross: true }));
      list.repairs.forEach((repair, index) =>
        outlines.push({ points: repair.outline, thick: index === this.chosen }));
    }
    this.marks.draw(outlines);
    document.body.dataset.repairs = list && this.isShown() ? `${list.frame} ${list.repairs.length}` : "";
  }

  #rest() {
    clearTimeout(this.timer);
    this.chosen = null;
    this.#tell();
    this.draw();
    if (!this.transport.playing) this.timer = setTimeout(() => this.#fetch(this.transport.frame), REST);
  }

  async #fetch(frame) {
    if (!this.room.frames || frame === null || this.lists.has(frame)) return;
    const answer = await fetch(this.room.frames.replace("{n}", frame), { headers: { Accept: "application/json" } });
    if (!answer.ok) return this.#say(`The repairs of frame ${frame} cannot be read (${answer.status}).`);
    this.lists.set(frame, await answer.json());
    if (frame !== this.transport.frame) return;
    if (this.chosen !== null && this.chosen >= this.here.repairs.length) this.chosen = null;
    this.#tell();
    this.draw();
  }

  #follow(event) {
    const link = event.target.closest("[data-go]");
    if (link) this.transport.go(Number(link.dataset.go));
    if (event.target.closest("[data-next-not-judged]")) this.nextNotJudged();
    if (event.target.closest("#keep-repair")) this.decide("keep");
    if (event.target.closest("#undo-repair")) this.decide("undo");
    if (event.target.closest("#ask-neighbour")) this.decide("neighbour");
  }

  #say(words) {
    const place = byId("repair-here");
    if (!place) return;
    place.hidden = !words;
    place.textContent = words;
  }

  #tell() {
    const repair = this.chosen === null ? null : this.here?.repairs[this.chosen];
    if (!repair) return this.#say("");
    const place = byId("repair-here");
    place.hidden = false;
    const sources = Object.keys(repair.sources).map(Number).sort((a, b) => a - b);
    const title = document.createElement("strong");
    title.textContent = `Repair ${this.chosen + 1} of ${this.here.repairs.length}: ${WORDS[repair.label]}`;
    const facts = document.createElement("p");
    const [left, top, width, height] = repair.box;
    facts.textContent = [
      `${repair.pixels} pixels, ${width} by ${height} at ${left}, ${top}`,
      sources.length ? `from frame ${sources.join(", ")}` : "from no other frame",
      ...Object.entries(repair.labels).map(([label, pixels]) => `${WORDS[label]} ${pixels}`),
      repair.decision ? `${DECIDED[repair.decision.decision]} by ${repair.decision.by}` : "",
    ].filter(Boolean).join(" · ");
    place.replaceChildren(title, facts);
    if (byId("draw-region")) place.append(...controls(repair));
  }
}

function controls({ labels }) {
  const label = Object.assign(document.createElement("label"), { htmlFor: "repair-reason", textContent: "Why (may be left out)" });
  const reason = Object.assign(document.createElement("input"), { id: "repair-reason", type: "text", maxLength: 200 });
  const row = Object.assign(document.createElement("div"), { className: "buttons" });
  const offered = [["keep-repair", "Keep", "Y"], ["undo-repair", "Undo", "U"]];
  // Only where something was made up is there anything to ask of a neighbour.
  if (labels.SYNTHESISED) offered.push(["ask-neighbour", "Take it from a neighbour", "Shift N"]);
  for (const [id, words, key] of offered) {
    const button = Object.assign(document.createElement("button"), { id, type: "button", className: "tight" });
    button.append(`${words} `, Object.assign(document.createElement("kbd"), { textContent: key }));
    row.append(button);
  }
  return [label, reason, row];
}

/** From a point to a repair's outline, 0 inside. */
function distance({ outline, box }, { x, y }) {
  const [left, top, width, height] = box;
  const [dx, dy] = [Math.max(left - x, 0, x - left - width), Math.max(top - y, 0, y - top - height)];
  const away = Math.hypot(dx, dy);
  if (away > 0 || outline.length < 3) return away;
  const path = new Path2D();
  outline.forEach(([px, py], index) => path[index ? "lineTo" : "moveTo"](px + 0.5, py + 0.5));
  path.closePath();
  const pen = document.createElement("canvas").getContext("2d");
  pen.lineWidth = 2;
  return pen.isPointInPath(path, x, y) || pen.isPointInStroke(path, x, y) ? 0 : 1;
}
