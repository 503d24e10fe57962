// The strip under the picture: what was made of each frame, where the player is, and the way there.

const COLOURS = { 2: "#12a58a", 3: "#e6c21f", 4: "#d63c97", 7: "#8d8d8d" };
const ROOT = 0.4; // Heights are a root of the share: a thousandth of the picture must be seen.

export class Timeline {
  constructor({ strip, scrub, start, end, onseek }) {
    Object.assign(this, { strip, scrub, start, end, onseek, frame: start, labels: null, plane: "structure", hints: [], range: null, peak: null });
    this.still = document.createElement("canvas");
    scrub.addEventListener("input", () => onseek(Number(scrub.value)));
    strip.addEventListener("pointerdown", (event) => this.#press(event));
    strip.addEventListener("pointermove", (event) => event.buttons && this.#press(event));
    new ResizeObserver(() => this.#measure()).observe(strip);
    this.#measure();
  }

  show(frame) {
    this.frame = frame;
    this.scrub.value = frame;
    this.draw();
  }

  /** Frames where most was made up, the worst first: local peaks of the synthesised share. */
  peaks() {
    if (!this.labels) return [];
    const made = this.#shares().map((shares) => (shares[4] ?? 0) + (shares[7] ?? 0));
    return made
      .map((part, index) => ({ part, frame: this.start + index }))
      .filter(({ part }, n) => part > 0 && part >= (made[n - 1] ?? 0) && part > (made[n + 1] ?? 0))
      .sort((a, b) => b.part - a.part)
      .map(({ frame }) => frame);
  }

  /** The next of them, or the one before; where the walk stands outlasts a look at other frames. */
  walkPeaks(by) {
    const peaks = this.peaks();
    if (!peaks.length) return null;
    const here = peaks.indexOf(this.frame);
    const from = here >= 0 ? here : peaks.indexOf(this.peak);
    const next = from < 0 ? (by > 0 ? 0 : peaks.length - 1) : (from + by + peaks.length) % peaks.length;
    this.peak = peaks[next];
    return { frame: this.peak, place: next + 1, of: peaks.length };
  }

  // Not at every frame: to ask for a size lays the page out.
  #measure() {
    this.ratio = devicePixelRatio;
    this.wide = Math.round(this.strip.clientWidth * this.ratio);
    this.draw();
  }

  draw() {
    if (this.ratio !== devicePixelRatio) return this.#measure();
    const { strip, wide } = this;
    const high = Math.round(40 * devicePixelRatio);
    if (!wide) return;
    if (strip.width !== wide || strip.height !== high) Object.assign(strip, { width: wide, height: high });
    const context = strip.getContext("2d");
    context.clearRect(0, 0, wide, high);
    const step = wide / (this.end - this.start);
    // What does not move is drawn once: a scene may have thousands of frames.
    const shown = [wide, high, this.labels, this.plane, this.range, this.hints];
    if (shown.some((value, place) => value !== this.shown?.[place])) {
      this.shown = shown;
      this.#still(Object.assign(this.still, { width: wide, height: high }).getContext("2d"), step, high);
    }
    context.drawImage(this.still, 0, 0);
    context.fillStyle = "#ffffff";
    context.fillRect((this.frame - this.start + 0.5) * step - 1, 0, 2, high);
  }

  #still(context, step, high) {
    if (this.labels) {
      this.#shares().forEach((shares, index) => {
        const x = index * step;
        context.fillStyle = (shares[1] ?? 0) > 0.5 ? "#4f8fdc" : "#5a5a5a";
        context.fillRect(x, high * 0.88, Math.max(step - 0.5, 0.5), high * 0.12);
        for (const label of [2, 3, 7, 4]) {
          if (!shares[label]) continue;
          const tall = shares[label] ** ROOT * high * 0.86;
          context.fillStyle = COLOURS[label];
          context.fillRect(x, high * 0.88 - tall, Math.max(step - 0.5, 0.5), tall);
        }
      });
    }
    if (this.range) this.#range(context, this.range, step, high);
    for (const { frame, colour } of this.hints) this.#hint(context, (frame - this.start + 0.5) * step, colour);
  }

  // What lies outside of the range is dimmed; its ends are brackets.
  #range(context, { first, last }, step, high) {
    const [left, right] = [(first - this.start) * step, (last + 1 - this.start) * step];
    const [thick, foot] = [2 * devicePixelRatio, 6 * devicePixelRatio];
    context.fillStyle = "rgb(0 0 0 / 55%)";
    context.fillRect(0, 0, left, high);
    context.fillRect(right, 0, (this.end - this.start) * step - right, high);
    context.fillStyle = "#e8e8e8";
    for (const [x, way] of [[left, 1], [right - thick, -1]]) {
      context.fillRect(x, 0, thick, high);
      for (const y of [0, high - thick]) context.fillRect(way > 0 ? x : x + thick - foot, y, foot, thick);
    }
  }

  #hint(context, x, colour) {
    const wide = 6 * devicePixelRatio;
    context.fillStyle = "#ffffff";
    context.fillRect(x - wide / 2 - 1, 0, wide + 2, wide + 1);
    context.fillStyle = colour;
    context.fillRect(x - wide / 2, 0, wide, wide);
  }

  #shares() {
    const pixels = this.labels.width * this.labels.height;
    return this.labels[this.plane].map((counts) => counts.map((count) => count / pixels));
  }

  #press(event) {
    const box = this.strip.getBoundingClientRect();
    const part = (event.clientX - box.left) / box.width;
    const frame = this.start + Math.floor(part * (this.end - this.start));
    this.onseek(Math.min(Math.max(frame, this.start), this.end - 1));
  }
}
