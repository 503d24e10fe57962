// Reads the pixel under a cross that the arrows move: what a pointer at rest tells, without a pointer.

export class Probe {
  /** onpoint: told the point of the picture that is read, or null. stopOthers: called when it is taken up. */
  constructor({ cross, canvas, onpoint, stopOthers }) {
    Object.assign(this, { cross, canvas, onpoint, stopOthers, active: false });
    document.addEventListener("keydown", (event) => {
      if (!this.active || !this.#key(event)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    }, { capture: true });
  }

  toggle(on = !this.active) {
    if (on) this.stopOthers();
    this.active = on;
    if (on) {
      this.cross.begin();
      this.canvas.focus({ preventScroll: true });
    } else this.cross.end();
    this.#tell();
  }

  stop() {
    if (this.active) this.toggle(false);
  }

  #key(event) {
    if (event.target !== this.canvas && event.target !== document.body) return false;
    if (event.key === "Escape") this.toggle(false);
    else if (!this.cross.move(event)) return false;
    this.#tell();
    return true;
  }

  #tell() {
    this.onpoint(this.cross.at && { x: this.cross.at[0] + 0.5, y: this.cross.at[1] + 0.5 });
  }
}
