// Exact pictures for a frame at rest: the proxy is small and lossy, these are what is held.

const REST = 220;

export class Stills {
  /** addresses: {scan: "…/{n}.png", take: …}; onready(frame, {scan, take}). */
  constructor(addresses, onready) {
    Object.assign(this, { addresses, onready, frame: null, pictures: null });
  }

  rest(frame) {
    if (frame === this.frame) {
      // Drawn anew, for its map or another plane: what is exact already stays so.
      if (this.pictures) this.onready(frame, this.pictures);
      return;
    }
    this.leave();
    this.frame = frame;
    this.timer = setTimeout(() => this.#fetch(frame), REST);
  }

  leave() {
    clearTimeout(this.timer);
    Object.assign(this, { frame: null, pictures: null });
  }

  async #fetch(frame) {
    const names = Object.keys(this.addresses);
    const pictures = await Promise.all(names.map((name) => load(this.addresses[name].replace("{n}", frame))));
    if (this.frame !== frame || pictures.includes(null)) return;
    this.pictures = Object.fromEntries(names.map((name, index) => [name, pictures[index]]));
    this.onready(frame, this.pictures);
  }
}

function load(address) {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => resolve(null);
    image.src = address;
  });
}
