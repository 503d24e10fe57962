// The last frame before and the first after, large and exact, and both compared in a third picture.

const GAINS = [1, 4, 8];

export class Pair {
  /** name(frame): number and timecode. */
  constructor(board, byId, name) {
    Object.assign(this, { board, byId, name, gain: 1, flipped: null, wanted: null });
    this.canvas = byId("mix");
    Object.assign(this.canvas, board.size);
    this.pictures = { before: byId("shown-before"), after: byId("shown-after") };
    for (const picture of Object.values(this.pictures)) picture.addEventListener("load", () => this.draw());
    byId("difference").addEventListener("click", () => this.difference());
    byId("flip").addEventListener("click", () => this.flip());
    byId("mixed").hidden = false;
    this.draw();
  }

  /** Pictures and their names change together, when both are there: a name is never a wrong one. */
  async show(at) {
    this.wanted = at;
    const loaded = await Promise.all([load(this.board, at - 1), load(this.board, at)]);
    if (this.wanted !== at) return;
    if (loaded.includes(null)) {
      this.byId("wait").textContent = `Frames ${at - 1} and ${at} cannot be read; the pictures are those of before.`;
      return;
    }
    this.byId("wait").textContent = "";
    const [before, after] = loaded;
    this.byId("name-before").value = this.name(at - 1);
    this.byId("name-after").value = this.name(at);
    Object.assign(this.pictures.before, { src: before.src, alt: `Last frame before: ${at - 1}` });
    Object.assign(this.pictures.after, { src: after.src, alt: `First frame after: ${at}` });
    document.body.dataset.pair = at;
    this.draw();
  }

  difference() {
    if (this.flipped === null) this.gain = GAINS[(GAINS.indexOf(this.gain) + 1) % GAINS.length];
    this.flipped = null;
    this.draw();
  }

  flip() {
    this.flipped = this.flipped === "before" ? "after" : "before";
    this.draw();
  }

  draw() {
    const { before, after } = this.pictures;
    if (!before.complete || !after.complete || !before.naturalWidth) return;
    const context = this.canvas.getContext("2d", { alpha: false });
    const { width, height } = this.canvas;
    const paint = (picture) => context.drawImage(picture, 0, 0, width, height);
    context.globalCompositeOperation = "source-over";
    if (this.flipped) paint(this.pictures[this.flipped]);
    else {
      paint(before);
      context.globalCompositeOperation = "difference";
      paint(after);
      context.globalCompositeOperation = "lighter";
      for (let gain = 1; gain < this.gain; gain *= 2) context.drawImage(this.canvas, 0, 0);
    }
    this.#name();
  }

  #name() {
    const names = { before: "last before", after: "first after" };
    const words = this.flipped ? names[this.flipped] : "difference";
    this.byId("mix-name").textContent = words;
    this.canvas.setAttribute("aria-label", this.flipped ? words : "Difference of both frames");
    this.byId("difference").setAttribute("aria-pressed", String(!this.flipped));
    this.byId("difference").firstChild.textContent = `Difference ×${this.gain} `;
    this.byId("flip").setAttribute("aria-pressed", String(Boolean(this.flipped)));
  }
}

function load(board, frame) {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => resolve(null);
    image.src = board.exact.replace("{n}", frame);
  });
}
