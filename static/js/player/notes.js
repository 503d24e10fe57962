// What is drawn with notes: shown over the picture in the note's frames, and drawn for a new one. A
// shape is {kind, points: [[x, y]], colour} in whole pixels of the picture.

import { Marks } from "./marks.js";

const WORDS = {
  pen: "Draw on the picture. Esc stops. With keys alone: Enter, arrows, Enter for each point, Enter twice ends.",
  arrow: "Drag from the end to the tip. Esc stops. With keys alone: Enter, arrows, Enter at both ends.",
  box: "Drag from corner to corner. Esc stops. With keys alone: Enter, arrows, Enter at both corners.",
  region: "Click the corners, close with a double click or Enter. Esc stops. With keys alone: Enter for each, twice ends.",
};
const FEWEST = { pen: 1, arrow: 2, box: 2, region: 3 };
const MOST = { pen: 500, arrow: 2, box: 2, region: 200 };
const MOST_SHAPES = 40;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const byId = (id) => document.getElementById(id);

export class Notes {
  /** place: the element that holds the picture. stopOthers: called when a tool here is taken up. */
  constructor({ screen, transport, place, stopOthers }) {
    Object.assign(this, { screen, transport, place, stopOthers });
    Object.assign(this, { kind: null, points: [], cursor: null, held: false, drawn: [], shapes: [] });
    this.marks = new Marks(screen);
    for (const name of ["pointerdown", "pointermove", "pointerup", "click", "dblclick"]) {
      place.addEventListener(name, (event) => this.kind && this.#hear(event), { capture: true });
    }
    document.addEventListener("keydown", (event) => this.kind && this.#key(event), { capture: true });
    document.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-draw]");
      if (button) this.use(button.dataset.draw);
      if (target.closest("#undo-shape")) this.undoShape();
    });
    document.addEventListener("change", ({ target }) => {
      if (target.id === "shape-coloured") byId("shape-colour").disabled = !target.checked;
      if (target.id === "id_drawing") this.#settle(); // what was brought back was discarded
    });
    document.body.addEventListener("htmx:afterSwap", ({ detail }) => detail.target.id === "notes" && this.#settle());
    transport.addEventListener("frame", () => this.draw());
    this.#settle();
  }

  /** kind: "pen", "arrow", "box" or "region"; taken up again it is laid down. */
  use(kind) {
    if (!byId("note-tools")) return;
    this.kind = this.kind === kind ? null : kind;
    Object.assign(this, { points: [], cursor: null, held: false });
    if (this.kind) this.stopOthers();
    this.#showTool();
    if (this.kind) this.screen.canvas.focus({ preventScroll: true });
    this.draw();
  }

  stop() {
    if (this.kind) this.use(this.kind);
  }

  draw() {
    const { frame } = this.transport;
    const here = this.drawn.filter(({ frames, resolved }) => !resolved && frames[0] <= frame && frame < frames[1]);
    const outlines = here.flatMap(({ shapes }) => shapes.map((shape) => this.#outline(shape)));
    if (byId("note-form")?.open) outlines.push(...this.shapes.map((shape) => this.#outline(shape)));
    if (this.kind && this.points.length) {
      const points = this.cursor && !this.held ? [...this.points, this.cursor] : this.points;
      outlines.push({ ...this.#outline({ kind: points.length > 1 ? this.kind : "pen", points }), dash: [8, 5] });
    }
    if (this.kind && this.byKeys && this.cursor) outlines.push(...cross(this.cursor));
    this.marks.draw(outlines);
    document.body.dataset.notes = `${frame} ${here.length}`;
  }

  #outline(shape) {
    const tip = (14 * devicePixelRatio) / this.screen.takePlace().scale;
    return { ...outline(shape, tip), colour: shape.colour };
  }

  #settle() {
    this.drawn = JSON.parse(byId("notes-drawn")?.textContent ?? "[]");
    this.kind = null;
    const kept = byId("id_drawing")?.value;
    this.shapes = kept ? JSON.parse(kept) : [];
    this.drawnAt = 0;
    if (byId("note-tools")) byId("note-tools").hidden = false;
    byId("note-form")?.addEventListener("toggle", () => this.draw());
    this.#showTool();
    this.draw();
  }

  /** Seconds since a shape was drawn or taken back of a note that is not sent; Infinity without one. */
  get drawnAgo() {
    return byId("note-form")?.open && this.shapes.length ? (Date.now() - this.drawnAt) / 1000 : Infinity;
  }

  /** Takes back the last shape of the note that is being written; says so. */
  undoShape() {
    this.#change(this.shapes.slice(0, -1));
    const left = this.shapes.length;
    return `Taken back: the last shape of your note. ${left || "None"} ${left === 1 ? "is" : "are"} left.`;
  }

  #change(shapes) {
    this.shapes = shapes;
    this.drawnAt = Date.now();
    byId("id_drawing").value = shapes.length ? JSON.stringify(shapes) : "";
    byId("id_drawing").dispatchEvent(new Event("input", { bubbles: true })); // kept with the words
    this.#showTool();
    this.draw();
  }

  #showTool() {
    if (!byId("note-tools")) return;
    for (const button of document.querySelectorAll("[data-draw]")) {
      button.setAttribute("aria-pressed", String(button.dataset.draw === this.kind));
    }
    byId("undo-shape").disabled = this.shapes.length === 0;
    const count = this.shapes.length;
    const kept = count ? `${count} shape${count > 1 ? "s" : ""} drawn. ` : "";
    byId("draw-said").textContent = kept + (WORDS[this.kind] ?? "");
    this.place.classList.toggle("drawing", Boolean(this.kind));
  }

  #hear(event) {
    event.stopImmediatePropagation();
    event.preventDefault();
    const at = this.#at(event);
    this.byKeys = false;
    if (event.type === "pointerdown") {
      if (this.kind === "region") return;
      Object.assign(this, { held: true, points: [at] });
    } else if (event.type === "pointermove") {
      this.cursor = at;
      if (this.held) this.#drag(at);
    } else if (event.type === "pointerup" && this.held) {
      this.held = false;
      this.#finish();
    } else if (event.type === "click" && this.kind === "region") this.#add(at);
    else if (event.type === "dblclick" && this.kind === "region") this.#finish();
    this.draw();
  }

  #drag(at) {
    if (this.kind !== "pen") this.points = [this.points[0], at];
    else if (!same(at, this.points.at(-1)) && this.points.length < MOST.pen) this.points.push(at);
  }

  #add(at) {
    if (!same(at, this.points.at(-1)) && this.points.length < MOST[this.kind]) this.points.push(at);
    if (this.points.length === 2 && MOST[this.kind] === 2) this.#finish();
  }

  #finish() {
    const { kind, points } = this;
    this.points = [];
    if (points.length < FEWEST[kind]) return;
    if (this.shapes.length >= MOST_SHAPES) return (byId("draw-said").textContent = `${MOST_SHAPES} shapes are the most.`);
    const coloured = byId("shape-coloured").checked;
    this.#change([...this.shapes, { kind, points, ...(coloured && { colour: byId("shape-colour").value }) }]);
  }

  #key(event) {
    if (event.target.closest("textarea, input, select, button, summary")) return;
    if (event.key === "Escape") this.stop();
    else if (event.key === "Enter") this.#press();
    else if (event.key === "Backspace") this.points.pop();
    else if (this.byKeys && STEPS[event.key]) this.#move(STEPS[event.key], event.shiftKey ? 10 : 1);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.draw();
  }

  #press() {
    if (!this.byKeys && this.kind === "region" && this.points.length) return this.#finish();
    const { width, height } = this.screen;
    const started = this.byKeys && this.cursor;
    this.byKeys = true;
    if (!started) return (this.cursor = [width >> 1, height >> 1]);
    if (same(this.cursor, this.points.at(-1))) return this.#finish();
    return this.#add([...this.cursor]);
  }

  #move([dx, dy], by) {
    const [x, y] = this.cursor;
    this.cursor = this.#held([x + dx * by, y + dy * by]);
  }

  #at({ offsetX, offsetY }) {
    const { x, y } = this.screen.toPicture(offsetX, offsetY);
    return this.#held([Math.floor(x), Math.floor(y)]);
  }

  #held([x, y]) {
    const { width, height } = this.screen;
    return [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
  }
}

function same(one, other) {
  return Boolean(other) && one[0] === other[0] && one[1] === other[1];
}

/** A shape as an outline that Marks draws. tip: length of an arrow's barbs in pixels of the picture. */
function outline({ kind, points }, tip) {
  if (kind === "region") return { points };
  if (kind === "box") {
    const [[x0, y0], [x1, y1]] = points;
    return { points: [[x0, y0], [x1, y0], [x1, y1], [x0, y1]] };
  }
  if (kind === "pen") return { points: points.length > 1 ? points : [points[0], points[0]], closed: points.length === 1 };
  const [[x0, y0], [x1, y1]] = points;
  const long = Math.hypot(x1 - x0, y1 - y0) || 1;
  const barb = Math.min(long / 2, tip);
  const [dx, dy] = [((x1 - x0) / long) * barb, ((y1 - y0) / long) * barb];
  const [left, right] = [[x1 - dx + dy / 2, y1 - dy - dx / 2], [x1 - dx - dy / 2, y1 - dy + dx / 2]];
  return { points: [[x0, y0], [x1, y1], left, [x1, y1], right], closed: false };
}

function cross([x, y]) {
  return [{ points: [[x - 8, y], [x + 8, y]], closed: false }, { points: [[x, y - 8], [x, y + 8]], closed: false }];
}
