// Draw a region that no repair may touch: click corner by corner, or drag a box. What is drawn goes
// into the form beside the picture, where its frames are said and it is sent.

const DRAG = 5; // CSS pixels from which a press is a box

const byId = (id) => document.getElementById(id);

export class Protect {
  constructor({ screen, repairs, place }) {
    Object.assign(this, { screen, repairs, place, active: false, corners: [] });
    for (const kind of ["pointerdown", "pointermove", "pointerup", "dblclick", "click"]) {
      place.addEventListener(kind, (event) => this.active && this.#hear(event), { capture: true });
    }
    document.addEventListener("keydown", (event) => {
      if (!this.active || !this.#key(event.key)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    }, { capture: true });
    document.addEventListener("repairs-section", () => this.#settle());
    document.addEventListener("click", (event) => event.target.closest("#draw-region") && this.toggle());
    document.addEventListener("input", (event) => {
      if (event.target.closest("#protect-form") && event.target.type === "number") this.#numbersChanged(event.target);
    });
    this.#settle();
  }

  toggle(on = !this.active) {
    if (!byId("draw-region")) return;
    this.active = on;
    this.corners = [];
    this.from = null;
    this.#show();
    byId("draw-region").setAttribute("aria-pressed", String(on));
    this.place.classList.toggle("drawing", on);
    if (on) this.#say("Click the corners and close with Enter or a double click, or drag a box. Esc stops.");
    else this.#say("");
  }

  #key(name) {
    if (name === "Escape") this.toggle(false);
    else if (name === "Enter") this.#close();
    else if (name === "Backspace") this.corners.pop();
    else return false;
    if (this.active) this.#show();
    return true;
  }

  #hear(event) {
    event.stopImmediatePropagation();
    event.preventDefault();
    const at = this.#corner(event);
    if (event.type === "pointerdown") this.from = { at, x: event.offsetX, y: event.offsetY };
    if (event.type === "pointermove") this.#show(at);
    if (event.type === "pointerup") this.#release(event, at);
    if (event.type === "dblclick") this.#close();
  }

  #release(event, at) {
    const { from } = this;
    this.from = null;
    if (!from) return;
    if (Math.hypot(event.offsetX - from.x, event.offsetY - from.y) > DRAG && !this.corners.length) {
      this.corners = box(from.at, at);
      return this.#close();
    }
    const last = this.corners[this.corners.length - 1];
    if (!last || last[0] !== at[0] || last[1] !== at[1]) this.corners.push(at);
    this.#show(at);
  }

  #close() {
    if (this.corners.length < 3) return this.#say("A region has three corners or more.");
    const { corners } = this;
    this.toggle(false);
    this.repairs.draft = { points: corners, dash: [8, 5] };
    this.repairs.draw();
    byId("protect-form").open = true;
    byId("protect-polygon").value = JSON.stringify(corners);
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
    const [left, top] = [Math.min(...xs), Math.min(...ys)];
    const numbers = { left, top, width: Math.max(...xs) - left + 1, height: Math.max(...ys) - top + 1 };
    for (const [name, value] of Object.entries(numbers)) byId(`protect-${name}`).value = value;
    byId("protect-drawn").hidden = false;
    byId("protect-drawn").textContent = `Drawn: ${corners.length} corners. Say in which frames, then protect it.`;
    byId("protect-first").focus();
  }

  #numbersChanged({ name }) {
    if (name === "first" || name === "last") return;
    byId("protect-polygon").value = ""; // numbers make a box: the drawing no longer holds
    byId("protect-drawn").hidden = true;
    this.repairs.draft = null;
    this.repairs.draw();
  }

  #corner(event) {
    const { x, y } = this.screen.toPicture(event.offsetX, event.offsetY);
    const { width, height } = this.screen;
    return [Math.min(Math.max(Math.floor(x), 0), width - 1), Math.min(Math.max(Math.floor(y), 0), height - 1)];
  }

  #show(at = null) {
    let points = this.corners;
    if (this.from && at && !points.length) points = box(this.from.at, at);
    else if (at && points.length) points = [...points, at];
    this.repairs.draft = points.length ? { points, closed: points.length > 3, dash: [8, 5] } : null;
    this.repairs.draw();
  }

  #say(words) {
    const place = byId("repairs-said");
    place.replaceChildren(...(words ? [Object.assign(document.createElement("p"), { className: "small", textContent: words })] : []));
  }

  // The section was made anew: its button needs the script, and nothing drawn is pending any more.
  #settle() {
    if (byId("draw-region")) byId("draw-region").hidden = false;
    this.repairs.draft = null;
    this.repairs.draw();
  }
}

function box([x0, y0], [x1, y1]) {
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
}
