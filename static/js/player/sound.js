// The scan's sound. Beside the scan's own picture it comes from the same video; where two takes are
// compared it follows the picture in an element of its own.

const APART = 0.25; // seconds from which it jumps; below it runs a little faster or slower
const KEPT_AS = "reelproof.sound";

export class Sound {
  /** video: the scan's, if it is shown; address: of the scan's viewing copy, if it is not. */
  constructor({ video = null, address = null, rate, transport, button }) {
    Object.assign(this, { rate, transport, button, element: video });
    if (!video && address) this.#follow(address);
    if (this.element) this.set(localStorage.getItem(KEPT_AS) !== "off");
    button?.addEventListener("click", () => this.toggle());
  }

  toggle() {
    if (!this.button) return;
    const isOn = this.element.muted;
    localStorage.setItem(KEPT_AS, isOn ? "on" : "off");
    this.set(isOn);
  }

  set(isOn) {
    this.element.muted = !(isOn && this.button);
    this.button?.setAttribute("aria-pressed", String(!this.element.muted));
  }

  #follow(address) {
    this.element = new Audio(address);
    this.element.preload = "auto";
    this.transport.addEventListener("state", () => this.transport.playing === 1 || this.element.pause());
    this.transport.addEventListener("frame", () => this.transport.playing === 1 && this.#keepUp());
  }

  #keepUp() {
    const { element, transport } = this;
    const ahead = element.currentTime - ((transport.frame + 0.5) * this.rate[1]) / this.rate[0];
    if (element.paused || Math.abs(ahead) > APART) element.currentTime -= ahead;
    element.playbackRate = transport.speed * (1 - Math.min(Math.max(ahead, -0.05), 0.05));
    if (element.paused) element.play().catch(() => {});
  }
}
