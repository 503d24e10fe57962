// The buttons above the picture, and the pointer on it: modes, wipe, zoom, pan, flip.

const GAINS = [1, 4, 8];

export class Tools {
  constructor(screen, { hasTake, onchange }) {
    Object.assign(this, { screen, hasTake, onchange });
    this.buttons = [...document.querySelectorAll("[data-mode]")];
    this.buttons.forEach((button) => button.addEventListener("click", () => this.press(button.dataset.mode)));
    this.zooms = [...document.querySelectorAll("[data-zoom]")];
    this.zooms.forEach((button) => button.addEventListener("click", () => this.zoom(button.dataset.zoom)));
    this.mix = document.getElementById("mix");
    this.mix?.addEventListener("input", () => this.setMix(Number(this.mix.value)));
    document.getElementById("flip")?.addEventListener("click", () => this.flip());
    this.#followPointer();
    this.show(hasTake ? "take" : "scan");
  }

  press(mode) {
    if (mode === "difference" && this.screen.mode === "difference") {
      this.screen.gain = GAINS[(GAINS.indexOf(this.screen.gain) + 1) % GAINS.length];
    }
    this.show(mode);
  }

  show(mode) {
    if (!this.hasTake && mode !== "scan") return;
    this.screen.mode = mode;
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
      if (button.dataset.mode === "difference") {
        button.textContent = mode === "difference" ? `Difference ×${this.screen.gain}` : "Difference";
      }
    }
    if (this.mix) this.mix.closest("label").hidden = mode !== "onion";
    this.screen.draw();
    this.onchange();
  }

  flip() {
    this.show(this.screen.mode === "take" ? "scan" : "take");
  }

  /** The wipe's line, or between both pictures of an onion, by a part of the whole. */
  move(by) {
    if (this.screen.mode === "onion") return this.setMix(this.screen.mix + by);
    this.screen.wipe.move(by);
    this.#drawWipe();
  }

  turn(by) {
    this.screen.wipe.turn(by);
    this.#drawWipe();
  }

  /** How much of the take is in the mixture, 0 to 1. */
  setMix(part) {
    this.screen.mix = Math.min(Math.max(part, 0), 1);
    if (this.mix) this.mix.value = this.screen.mix;
    this.screen.draw();
  }

  zoom(to, at = null) {
    this.screen.setZoom(to === "fit" ? "fit" : Number(to), at);
    for (const button of this.zooms) {
      button.setAttribute("aria-pressed", String(button.dataset.zoom === String(this.screen.zoom)));
    }
  }

  /** Over a picture that is larger than its place, by a part of it. */
  look(across, down) {
    const { width, height } = this.#size();
    this.screen.pan(-across * width, -down * height);
  }

  zoomBy(factor, at = null) {
    const now = this.screen.scale() / devicePixelRatio;
    this.zoom(Math.min(Math.max(now * factor, 0.1), 32), at);
  }

  #followPointer() {
    const { canvas } = this.screen;
    let held = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button > 0) return;
      held = this.#holdOf(event);
      canvas.setPointerCapture(event.pointerId);
      this.#drag(held, event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (held) this.#drag(held, event);
      else canvas.style.cursor = { turn: "grab", line: "move" }[this.#under(event)] ?? "";
    });
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => (held = null));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoomBy(event.deltaY < 0 ? 1.25 : 0.8, { x: event.offsetX, y: event.offsetY });
    }, { passive: false });
  }

  #under({ offsetX, offsetY }) {
    return this.screen.mode === "wipe" ? this.screen.wipe.hit(offsetX, offsetY, this.#size()) : null;
  }

  // Where there is nothing to pan, a press anywhere takes the line; with Shift it turns it.
  #holdOf(event) {
    if (this.screen.mode !== "wipe") return "pan";
    if (event.shiftKey) return "turn";
    return this.#under(event) ?? (this.screen.zoom === "fit" ? "line" : "pan");
  }

  #drag(held, { offsetX, offsetY, movementX, movementY, type }) {
    const { wipe } = this.screen;
    const size = this.#size();
    if (held === "pan") {
      if (type === "pointermove") this.screen.pan(movementX, movementY);
      return;
    }
    if (held === "turn") wipe.turnTo(offsetX, offsetY, size);
    else wipe.place(offsetX / size.width, offsetY / size.height);
    this.#drawWipe();
  }

  #drawWipe() {
    if (this.screen.mode !== "wipe") return this.show("wipe");
    const { x, y, angle } = this.screen.wipe;
    document.body.dataset.wipe = `${x.toFixed(3)} ${y.toFixed(3)} ${Math.round(angle)}`;
    this.screen.draw();
  }

  #size() {
    const { clientWidth: width, clientHeight: height } = this.screen.canvas;
    return { width, height };
  }
}
