// Colour by hand: a brush on the picture, a picker, the palette; hints are shown where they lie. Each
// stroke is sent when it ends, and the section beside the picture comes back anew.

import { sayIn } from "./outline.js";

const REACH = 0.75; // of the brush: how far apart the patches of a stroke lie
const MOST = 400;
const LIGHT = "#ffffff";
const DARK = "rgb(0 0 0 / 75%)";

const KEPT = "brush"; // the brush goes along from scene to scene of a visit

const byId = (id) => document.getElementById(id);

export class Colour {
  /** place: the element that holds the picture. stopOthers: called when a tool here is taken up.
      onsettle: called when the section is new. */
  constructor({ screen, transport, timeline, place, stopOthers, onsettle }) {
    Object.assign(this, { screen, transport, timeline, place, stopOthers, onsettle });
    Object.assign(this, { tool: null, stroke: [], sent: [], pointer: null, colour: "#a8744f", size: 12, entry: null });
    this.sending = Promise.resolve();
    Object.assign(this, JSON.parse(sessionStorage.getItem(KEPT) ?? "{}"));
    this.canvas = Object.assign(document.createElement("canvas"), { className: "marks" });
    this.canvas.setAttribute("aria-hidden", "true");
    screen.canvas.after(this.canvas);
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointerleave", "click", "dblclick"]) {
      place.addEventListener(kind, (event) => this.tool && this.#hear(event), { capture: true });
    }
    document.addEventListener("keydown", (event) => this.#key(event), { capture: true });
    document.addEventListener("click", (event) => this.#follow(event));
    document.addEventListener("input", (event) => this.#input(event.target));
    document.body.addEventListener("htmx:afterSwap", ({ detail }) => detail.target.id === "colour" && this.#settle());
    for (const kind of ["htmx:responseError", "htmx:sendError"]) {
      document.body.addEventListener(kind, ({ detail }) => detail.target?.id === "colour" &&
        this.say("That was not kept: the server did not take it. Load the page anew and try again."));
    }
    transport.addEventListener("frame", () => this.#frame());
    this.#settle();
  }

  /** tool: "paint", "pick" or "erase"; taken up again it is laid down. */
  use(tool) {
    if (!byId("brush")) return;
    this.tool = this.tool === tool ? null : tool;
    if (this.tool) this.stopOthers();
    this.stroke = [];
    this.byKeys = false;
    this.#showTool();
    const words = {
      paint: "Click or draw on the picture. < and > change the brush, Esc stops. With keys alone: Enter.",
      erase: "Click a hint to take it back, with the rest of its stroke. Esc stops. With keys alone: Enter.",
      pick: "Click a place of the picture to take its colour. Esc stops. With keys alone: Enter.",
    };
    this.say(words[this.tool] ?? "");
    if (this.tool) this.screen.canvas.focus({ preventScroll: true }); // so that Enter is the tool's
    this.draw();
  }

  stop() {
    if (this.tool) this.use(this.tool);
  }

  resize(by) {
    if (!byId("brush-size")) return;
    byId("brush-size").value = this.size + by;
    this.#input(byId("brush-size"));
  }

  async undo() {
    if (!byId("undo-hint") || byId("undo-hint").disabled) return;
    await this.send(this.room.undo, {});
  }

  draw() {
    const { canvas, screen } = this;
    const here = this.room.hints.filter(({ frame }) => frame === this.transport.frame);
    document.body.dataset.hints = `${this.transport.frame} ${here.length}`;
    document.body.dataset.cursor = this.tool && this.byKeys ? this.pointer.join(" ") : "";
    const advised = this.room.next.some(({ frame }) => frame === this.transport.frame);
    canvas.hidden = !this.tool && !advised && ![here, this.stroke, this.sent].some(({ length }) => length);
    if (canvas.hidden) return;
    Object.assign(canvas, { width: screen.canvas.width, height: screen.canvas.height });
    const context = canvas.getContext("2d");
    for (const { box, colour } of here) this.#patch(context, box, colour);
    for (const at of this.stroke) this.#patch(context, this.#box(at), this.colour);
    const waiting = this.sent.filter(({ frame }) => frame === this.transport.frame);
    for (const { boxes, colour } of waiting) boxes.forEach((box) => this.#patch(context, box, colour));
    this.room.next.forEach(({ frame, x, y }, index) => frame === this.transport.frame && this.#advise(context, x, y, index + 1));
    if (this.tool === "paint" && this.pointer) this.#patch(context, this.#box(this.pointer), null);
    if (this.tool && this.byKeys) this.#cross(context, this.pointer);
  }

  #patch(context, [x, y, width, height], colour) {
    const { left, top, scale } = this.screen.takePlace();
    const at = [left + x * scale, top + y * scale, width * scale, height * scale];
    if (colour) {
      context.fillStyle = colour;
      context.fillRect(...at);
    }
    for (const [ink, thick] of [[DARK, 3], [LIGHT, 1]]) {
      context.strokeStyle = ink;
      context.lineWidth = thick * devicePixelRatio;
      context.strokeRect(...at);
    }
  }

  /** Where the keys have moved the tool to. */
  #cross(context, [x, y]) {
    const { left, top, scale } = this.screen.takePlace();
    const [atX, atY] = [left + (x + 0.5) * scale, top + (y + 0.5) * scale];
    const arm = 14 * devicePixelRatio;
    for (const [ink, thick] of [[DARK, 4], [LIGHT, 1.5]]) {
      context.strokeStyle = ink;
      context.lineWidth = thick * devicePixelRatio;
      context.beginPath();
      context.moveTo(atX - arm, atY);
      context.lineTo(atX + arm, atY);
      context.moveTo(atX, atY - arm);
      context.lineTo(atX, atY + arm);
      context.stroke();
    }
  }

  /** A ring with its number in the list, where one hint would decide most. */
  #advise(context, x, y, number) {
    const { left, top, scale } = this.screen.takePlace();
    const radius = 11 * devicePixelRatio;
    const [atX, atY] = [left + (x + 0.5) * scale, top + (y + 0.5) * scale];
    context.beginPath();
    context.arc(atX, atY, radius, 0, 2 * Math.PI);
    context.fillStyle = DARK;
    context.fill();
    context.strokeStyle = LIGHT;
    context.lineWidth = 1.5 * devicePixelRatio;
    context.stroke();
    context.fillStyle = LIGHT;
    context.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(String(number), atX, atY);
  }

  #box([x, y]) {
    return [x - Math.floor(this.size / 2), y - Math.floor(this.size / 2), this.size, this.size];
  }

  #hear(event) {
    event.stopImmediatePropagation();
    if (event.type === "pointerleave") this.pointer = null;
    else event.preventDefault();
    if (event.button > 0) return;
    // What is drawn beyond the picture's edge still ends here.
    if (event.type === "pointerdown") event.target.setPointerCapture(event.pointerId);
    const { x, y } = this.screen.toPicture(event.offsetX, event.offsetY);
    const at = [Math.floor(x), Math.floor(y)];
    if (event.type === "pointermove") Object.assign(this, { pointer: at, byKeys: false });
    if (this.tool === "pick" && event.type === "pointerup") return this.#take(event.offsetX, event.offsetY);
    if (this.tool === "erase" && event.type === "pointerup") this.#erase(at);
    if (this.tool === "paint") this.#brush(event, at);
    this.draw();
  }

  #brush(event, at) {
    if (event.type === "pointerdown") this.stroke = [at];
    const last = this.stroke[this.stroke.length - 1];
    if (!last) return;
    const far = Math.hypot(at[0] - last[0], at[1] - last[1]) >= Math.max(1, this.size * REACH);
    if (event.type === "pointermove" && event.buttons && far && this.stroke.length < MOST) this.stroke.push(at);
    if (event.type === "pointerup") this.#paint();
  }

  async #paint() {
    const values = { frame: this.transport.frame, places: JSON.stringify(this.stroke), size: this.size, colour: this.colour };
    if (this.entry) values.entry = this.entry;
    const stroke = { frame: values.frame, colour: values.colour, boxes: this.stroke.map((at) => this.#box(at)) };
    this.stroke = [];
    this.sent.push(stroke);
    await this.send(this.room.paint, values);
    this.sent.splice(this.sent.indexOf(stroke), 1);
    this.draw();
  }

  #erase([x, y]) {
    const here = this.room.hints.filter(({ frame }) => frame === this.transport.frame);
    const hit = here.reverse().find(({ box: [left, top, width, height] }) =>
      left <= x && x < left + width && top <= y && y < top + height);
    if (hit) this.send(this.room.withdraw.replace("/0/", `/${hit.id}/`), {});
    else this.say("There is no hint. Click on one, or Esc.");
  }

  /** One after the other: of requests that wait, htmx keeps the last alone. A failure is told above. */
  send(address, values) {
    this.sending = this.sending.then(() => {
      const all = { ...values, shown: this.room.shown ?? "" };
      return window.htmx.ajax("POST", address, { values: all, target: "#colour", swap: "outerHTML" });
    }).catch(() => {});
    return this.sending;
  }

  // The colour as it is seen, the mean of nine points, so that grain does not decide.
  #take(left, top) {
    const [x, y] = [left, top].map((part) => Math.round(part * devicePixelRatio));
    const { data } = this.screen.bare((context) => context.getImageData(x - 1, y - 1, 3, 3));
    const mean = [0, 1, 2].map((channel) => {
      let sum = 0;
      for (let place = channel; place < data.length; place += 4) sum += data[place];
      return Math.round(sum / (data.length / 4));
    });
    this.#choose(`#${mean.map((value) => value.toString(16).padStart(2, "0")).join("")}`, null);
    this.use("pick");
  }

  #choose(colour, entry) {
    Object.assign(this, { colour, entry });
    this.#showTool();
    this.draw();
  }

  #key(event) {
    if (!this.tool || !this.#keyOfTool(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // Enter puts a cross on the picture, which arrows move and which works as a click does.
  #keyOfTool({ key, target, shiftKey }) {
    if (key === "Escape") {
      if (!this.byKeys) this.stop();
      this.byKeys = false;
      this.draw();
      return true;
    }
    if (target !== this.screen.canvas && target !== document.body) return false;
    if (key === "Enter" && !this.byKeys) return this.#begin();
    if (!this.byKeys) return false;
    if (key === "Enter" || key === " ") return this.#press();
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    if (!way) return false;
    const far = shiftKey ? 1 : Math.max(2, Math.round(this.screen.width / 40));
    const [x, y] = [this.pointer[0] + way[0] * far, this.pointer[1] + way[1] * far];
    this.pointer = [Math.min(Math.max(x, 0), this.screen.width - 1), Math.min(Math.max(y, 0), this.screen.height - 1)];
    this.draw();
    return true;
  }

  // Where one hint would decide most of this frame, else where the pointer was, else in the middle.
  #begin() {
    const advised = this.room.next.find(({ frame }) => frame === this.transport.frame);
    const middle = [this.screen.width >> 1, this.screen.height >> 1];
    this.pointer = advised && this.tool === "paint" ? [advised.x, advised.y] : this.pointer ?? middle;
    this.byKeys = true;
    this.say("Arrows move the cross (with Shift by one pixel), Enter or Space does it there, Esc gives the arrows back.");
    this.draw();
    return true;
  }

  #press() {
    if (this.tool === "paint") {
      this.stroke = [this.pointer];
      this.#paint();
    } else if (this.tool === "erase") this.#erase(this.pointer);
    else {
      const { left, top, scale } = this.screen.takePlace();
      const [x, y] = this.pointer;
      this.#take((left + (x + 0.5) * scale) / devicePixelRatio, (top + (y + 0.5) * scale) / devicePixelRatio);
    }
    return true;
  }

  #follow({ target }) {
    if (target.closest("#paint")) this.use("paint");
    if (target.closest("#pick")) this.use("pick");
    if (target.closest("#erase")) this.use("erase");
    if (target.closest("#undo-hint")) this.undo();
    if (target.closest("#white-from-brush")) byId("correct-white").value = this.colour;
    const entry = target.closest("[data-entry]");
    if (entry) this.#choose(entry.dataset.colour, this.entry === entry.dataset.entry ? null : entry.dataset.entry);
  }

  #input(field) {
    if (field.id === "brush-colour") this.#choose(field.value, null);
    if (field.id !== "brush-size") return;
    this.size = Number(field.value);
    this.#showTool();
    this.draw();
  }

  #frame() {
    for (const id of ["hint-frame", "reference-frame"]) if (byId(id)) byId(id).value = this.transport.frame;
    this.draw();
  }

  #showTool() {
    if (!byId("brush")) return;
    byId("brush").hidden = false;
    byId("brush-colour").value = this.colour;
    byId("brush-size").value = this.size;
    byId("brush-width").value = this.size;
    for (const id of ["hint-colour", "entry-colour"]) byId(id).value = this.colour;
    byId("hint-size").value = this.size;
    byId("white-from-brush").hidden = false;
    for (const tool of ["paint", "pick", "erase"]) byId(tool).setAttribute("aria-pressed", String(this.tool === tool));
    this.place.classList.toggle("drawing", Boolean(this.tool));
    let named = "";
    for (const button of document.querySelectorAll("[data-entry]")) {
      const chosen = button.dataset.entry === this.entry;
      button.setAttribute("aria-pressed", String(chosen));
      if (chosen) named = button.textContent.trim();
    }
    if (!named) this.entry = null;
    sessionStorage.setItem(KEPT, JSON.stringify({ colour: this.colour, size: this.size, entry: this.entry }));
    byId("brush-entry").hidden = !named;
    byId("brush-entry").textContent = named ? `Paints ${named}; the hints will name it.` : "";
  }

  say(words) {
    sayIn(byId("colour-said"), words);
  }

  // The section is new: what it says of the hints counts, the brush stays what it was.
  #settle() {
    this.room = JSON.parse(byId("colour-room").textContent);
    this.timeline.hints = this.room.hints;
    this.timeline.draw();
    this.#showTool();
    this.#frame();
    this.onsettle();
  }
}
