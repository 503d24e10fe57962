// The buttons above the picture, and the pointer on it: modes, wipe, zoom, pan, flip.

const GAINS = [1, 4, 8];

export class Tools {
  constructor(screen, { hasTake, onchange }) {
    Object.assign(this, { screen, hasTake, onchange });
    this.buttons = [...document.querySelectorAll("[data-mode]")];
    this.buttons.forEach((button) => button.addEventListener("click", () => this.press(button.dataset.mode)));
    this.zooms = [...document.querySelectorAll("[data-zoom]")];
    this.zooms.forEach((button) => button.addEventListener("click", () => this.zoom(button.dataset.zoom)));
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
    this.screen.draw();
    this.onchange();
  }

  flip() {
    this.show(this.screen.mode === "take" ? "scan" : "take");
  }

  moveWipe(by) {
    this.screen.wipe = Math.min(Math.max(this.screen.wipe + by, 0), 1);
    this.screen.draw();
  }

  zoom(to, at = null) {
    this.screen.setZoom(to === "fit" ? "fit" : Number(to), at);
    for (const button of this.zooms) {
      button.setAttribute("aria-pressed", String(button.dataset.zoom === String(this.screen.zoom)));
    }
  }

  zoomBy(factor, at = null) {
    const now = this.screen.scale() / devicePixelRatio;
    this.zoom(Math.min(Math.max(now * factor, 0.1), 32), at);
  }

  #followPointer() {
    const { canvas } = this.screen;
    let held = null;
    canvas.addEventListener("pointerdown", (event) => {
      const edge = this.screen.wipe * canvas.clientWidth;
      const onEdge = this.screen.mode === "wipe" && (this.screen.zoom === "fit" || Math.abs(event.offsetX - edge) < 24);
      held = onEdge ? "wipe" : "pan";
      canvas.setPointerCapture(event.pointerId);
      if (held === "wipe") this.#wipeTo(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (held === "wipe") this.#wipeTo(event);
      if (held === "pan") this.screen.pan(event.movementX, event.movementY);
    });
    canvas.addEventListener("pointerup", () => (held = null));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoomBy(event.deltaY < 0 ? 1.25 : 0.8, { x: event.offsetX, y: event.offsetY });
    }, { passive: false });
  }

  #wipeTo(event) {
    this.screen.wipe = Math.min(Math.max(event.offsetX / this.screen.canvas.clientWidth, 0), 1);
    this.screen.draw();
  }
}
