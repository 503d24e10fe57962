// Draws scan and take on one canvas: alone, under a wipe, mixed, side by side, or their difference.

import { Wipe } from "./wipe.js";

const GROUND = "#1c1c1c";

// A copy of a video that has no picture yet is a canvas of no size, which cannot be drawn; nor can a
// picture of a video that was let go.
const isEmpty = (layer) => !layer || layer.width === 0 || layer.height === 0 || layer.codedWidth === 0;

export class Screen {
  /** width, height: of the picture, in its own pixels. */
  constructor(canvas, { width, height }) {
    Object.assign(this, { canvas, width, height, mode: "scan", wipe: new Wipe(), mix: 0.5, gain: 1, filter: "none" });
    this.zoom = "fit";
    this.centre = { x: width / 2, y: height / 2 };
    this.pictures = { scan: null, take: null, map: null };
    this.mixed = document.createElement("canvas");
    new ResizeObserver(() => this.#measure()).observe(canvas);
  }

  /** Device pixels for one pixel of the picture. */
  scale(width = this.#paneWidth()) {
    if (this.zoom !== "fit") return this.zoom * devicePixelRatio;
    return Math.min(width / this.width, this.canvas.height / this.height);
  }

  setZoom(zoom, at = null) {
    const before = at && this.toPicture(at.x, at.y);
    this.zoom = zoom;
    if (zoom === "fit") this.centre = { x: this.width / 2, y: this.height / 2 };
    else if (before) {
      const after = this.toPicture(at.x, at.y);
      this.centre.x += before.x - after.x;
      this.centre.y += before.y - after.y;
    }
    this.draw();
  }

  pan(dx, dy) {
    if (this.zoom === "fit") return;
    const scale = this.scale() / devicePixelRatio;
    this.centre.x = Math.min(Math.max(this.centre.x - dx / scale, 0), this.width);
    this.centre.y = Math.min(Math.max(this.centre.y - dy / scale, 0), this.height);
    this.draw();
  }

  /** Where a point of the page's canvas (CSS pixels) lies in the picture. */
  toPicture(x, y) {
    const pane = this.#paneWidth();
    const left = (x * devicePixelRatio) % pane;
    const scale = this.scale();
    return {
      x: (left - pane / 2) / scale + this.centre.x,
      y: (y * devicePixelRatio - this.canvas.height / 2) / scale + this.centre.y,
    };
  }

  /** Where the take's picture lies on the canvas: its left and top in device pixels, and the scale. */
  takePlace() {
    const width = this.#paneWidth();
    const scale = this.scale(width);
    const left = this.mode === "side" ? width : 0;
    return {
      left: Math.round(left + width / 2 - this.centre.x * scale),
      top: Math.round(this.canvas.height / 2 - this.centre.y * scale),
      scale,
    };
  }

  /** What `read` finds in the picture without exposure, gamma and channel of the view. */
  bare(read) {
    const { filter } = this;
    if (filter === "none") return read(this.canvas.getContext("2d"));
    this.filter = "none";
    this.draw();
    const found = read(this.canvas.getContext("2d"));
    this.filter = filter;
    this.draw();
    return found;
  }

  // Not at every frame: to ask for a size lays the page out.
  #measure() {
    this.ratio = devicePixelRatio;
    this.wide = Math.round(this.canvas.clientWidth * this.ratio);
    this.high = Math.round(this.canvas.clientHeight * this.ratio);
    this.draw();
  }

  draw() {
    const { canvas, pictures } = this;
    if (this.ratio !== devicePixelRatio) return this.#measure();
    const { wide, high } = this;
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
    const context = canvas.getContext("2d", { alpha: false });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = GROUND;
    context.fillRect(0, 0, wide, high);
    if (!wide || !high) return;
    if (this.mode === "side") {
      this.#pane(context, 0, wide / 2, [pictures.scan]);
      this.#pane(context, wide / 2, wide / 2, [pictures.take, pictures.map]);
    } else if (this.mode === "wipe") {
      this.#pane(context, 0, wide, [pictures.take, pictures.map]);
      this.#clipped(context, this.wipe.side(canvas), [pictures.scan]);
      this.wipe.draw(context, canvas, devicePixelRatio);
    } else if (this.mode === "onion") {
      this.#pane(context, 0, wide, [pictures.scan]);
      this.#pane(context, 0, wide, [pictures.take], this.mix);
      this.#pane(context, 0, wide, [pictures.map]);
    } else if (this.mode === "difference") {
      this.#pane(context, 0, wide, [this.#difference()]);
    } else if (this.mode === "take") this.#pane(context, 0, wide, [pictures.take, pictures.map]);
    else this.#pane(context, 0, wide, [pictures.scan]);
    this.ondraw?.();
  }

  #paneWidth() {
    return this.mode === "side" ? this.canvas.width / 2 : this.canvas.width;
  }

  #clipped(context, side, layers) {
    context.save();
    context.clip(side);
    context.fillStyle = GROUND;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.#pane(context, 0, this.canvas.width, layers);
    context.restore();
  }

  #pane(context, left, width, layers, opacity = 1) {
    const scale = this.scale(width);
    context.save();
    context.beginPath();
    context.rect(left, 0, width, this.canvas.height);
    context.clip();
    context.imageSmoothingEnabled = scale <= 1;
    context.globalAlpha = opacity;
    const x = Math.round(left + width / 2 - this.centre.x * scale);
    const y = Math.round(this.canvas.height / 2 - this.centre.y * scale);
    for (const layer of layers) {
      if (isEmpty(layer)) continue;
      // The map's colours mean something: the view never changes them.
      context.filter = layer === this.pictures.map ? "none" : this.filter;
      context.drawImage(layer, x, y, this.width * scale, this.height * scale);
    }
    context.restore();
  }

  #difference() {
    const { scan, take } = this.pictures;
    if (isEmpty(scan) || isEmpty(take)) return null;
    const { mixed } = this;
    Object.assign(mixed, { width: this.width, height: this.height });
    const context = mixed.getContext("2d", { alpha: false });
    context.drawImage(scan, 0, 0, this.width, this.height);
    context.globalCompositeOperation = "difference";
    context.drawImage(take, 0, 0, this.width, this.height);
    context.globalCompositeOperation = "lighter";
    for (let gain = 1; gain < this.gain; gain *= 2) context.drawImage(mixed, 0, 0);
    return mixed;
  }
}
