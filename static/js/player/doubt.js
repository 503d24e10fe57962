// How uncertain the colour is, as a fog over the picture: the thicker, the less speaks for it.

const FOG = [225, 225, 225];
const THICKEST = 0.88;

export class Doubt {
  /** address: gives where to ask, or null; asked once, when it is first needed. */
  constructor(address, onready) {
    Object.assign(this, { address, onready, frames: null, canvas: document.createElement("canvas") });
  }

  /** The fog of a frame as a picture to lay over the take; null while on its way. */
  picture(frame) {
    if (!this.frames) this.#fetch();
    const grid = this.frames?.get(frame);
    if (!grid) return null;
    if (this.drawn !== frame) this.#draw(grid, frame);
    return this.drawn === frame ? this.canvas : null;
  }

  async #draw({ width, height, data }, frame) {
    if (this.drawing === frame) return;
    this.drawing = frame;
    const packed = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const codes = new Uint8Array(await new Response(stream).arrayBuffer());
    if (this.drawing !== frame) return;
    const image = new ImageData(width, height);
    codes.forEach((code, place) => image.data.set([...FOG, Math.round(code * THICKEST)], place * 4));
    Object.assign(this.canvas, { width, height });
    this.canvas.getContext("2d").putImageData(image, 0, 0);
    Object.assign(this, { drawn: frame, drawing: null });
    this.onready();
  }

  async #fetch() {
    if (this.asked || !this.address()) return;
    this.asked = true;
    const answer = await fetch(this.address(), { headers: { Accept: "application/json" } });
    const { frames } = answer.ok ? await answer.json() : { frames: [] };
    this.frames = new Map(frames.map((grid) => [grid.frame, grid]));
    this.onready();
  }
}
