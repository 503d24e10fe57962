// The error to expect in an enlarged picture, laid over it: the denser, the more of it is guessed.

const WAIT = 220;

export class Heat {
  /** address: "…/{n}/?of=heat", or null; a frame's is asked for once it is looked at for a while. */
  constructor(address, onready) {
    Object.assign(this, { address, onready, frame: null, image: null });
  }

  /** What to lay over the take in that frame; null while on its way. */
  picture(frame) {
    if (!this.address) return null;
    if (this.frame !== frame) this.#rest(frame);
    return this.image;
  }

  #rest(frame) {
    clearTimeout(this.timer);
    Object.assign(this, { frame, image: null });
    this.timer = setTimeout(() => {
      const image = new Image();
      image.onload = () => {
        if (this.frame !== frame) return;
        this.image = image;
        this.onready();
      };
      image.src = this.address.replace("{n}", frame);
    }, WAIT);
  }
}
