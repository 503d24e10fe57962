// Draw a region on the picture: click corner by corner, drag a box, or set the corners with a cross that
// the arrows move. What is done with it is for the one who asked; a region is a list of corners in
// pixels of the picture.

const DRAG = 5; // CSS pixels from which a press is a box

export class Outline {
  /** onchange: told what is drawn so far, or null. onclose: told the corners. onactive: told whether
      it is drawing. say: shows words. */
  constructor({ screen, cross, place, onchange, onclose, onactive, say }) {
    Object.assign(this, { screen, cross, place, onchange, onclose, onactive, say, active: false, corners: [] });
    for (const kind of ["pointerdown", "pointermove", "pointerup", "dblclick", "click"]) {
      place.addEventListener(kind, (event) => this.active && this.#hear(event), { capture: true });
    }
    document.addEventListener("keydown", (event) => {
      if (!this.active || !this.#key(event)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    }, { capture: true });
  }

  toggle(on = !this.active) {
    this.active = on;
    this.corners = [];
    this.from = null;
    this.cross.end();
    this.#show();
    this.place.classList.toggle("drawing", on);
    this.onactive(on);
    this.say(on ? "Click the corners and close with Enter or a double click, or drag a box. Esc stops. With keys alone: Enter, arrows, Enter for each corner, twice ends." : "");
  }

  #key(event) {
    if (event.key === "Escape") this.toggle(false);
    else if (event.key === "Enter") this.#press();
    else if (event.key === "Backspace") this.corners.pop();
    else if (!this.cross.move(event)) return false;
    if (this.active) this.#show(this.cross.at);
    return true;
  }

  // After clicks Enter closes; without any it puts the cross there, then corners, the same twice closes.
  #press() {
    const { at } = this.cross;
    if (!at) return this.corners.length ? this.#close() : this.cross.begin();
    const last = this.corners.at(-1);
    if (last && last[0] === at[0] && last[1] === at[1]) return this.#close();
    this.corners.push([...at]);
  }

  #hear(event) {
    event.stopImmediatePropagation();
    event.preventDefault();
    this.cross.end();
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
    if (this.corners.length < 3) return this.say("A region has three corners or more.");
    const { corners } = this;
    this.toggle(false);
    this.onchange({ points: corners, dash: [8, 5] });
    this.onclose(corners);
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
    this.onchange(points.length ? { points, closed: points.length > 3, dash: [8, 5] } : null);
  }
}

function box([x0, y0], [x1, y1]) {
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
}

/** Left, top, width and height of what the corners cover. */
export function extent(corners) {
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { left, top, width: Math.max(...xs) - left + 1, height: Math.max(...ys) - top + 1 };
}

/** Words in an element of the page, or none. */
export function sayIn(place, words) {
  place.replaceChildren(...(words ? [Object.assign(document.createElement("p"), { className: "small", textContent: words })] : []));
}
