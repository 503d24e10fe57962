// The sound around what is played, as peaks; the chosen line and its words lie over it.

const SPAN = 12; // Seconds that are seen at once, to begin with.

export class Waveform {
  /** canvas: with data-peaks, the address of the scan's peaks. seek(seconds): play from there. */
  constructor(canvas, player, { seek }) {
    this.canvas = canvas;
    this.player = player;
    this.span = SPAN;
    this.middle = null; // Where the wheel has gone; null: with the player.
    this.line = null;
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    canvas.addEventListener("click", (event) => seek(this.#at(event.offsetX)));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    player.addEventListener("timeupdate", () => this.follow());
    player.addEventListener("seeked", () => this.follow());
    player.addEventListener("play", () => this.#run());
    this.#fetch();
  }

  async #fetch() {
    const answer = await fetch(this.canvas.dataset.peaks);
    if (!answer.ok) return;
    const told = await answer.json();
    const [over, under = "1"] = String(told.rate).split("/");
    this.perSecond = (told.buckets_per_frame * Number(over)) / Number(under);
    this.track = told.tracks[0];
    this.draw();
  }

  /** The line that is marked; null: none. */
  choose(line) {
    this.line = line;
    this.draw();
  }

  follow() {
    this.middle = null;
    this.draw();
  }

  #run() {
    const step = () => {
      this.draw();
      if (!this.player.paused) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #wheel(event) {
    event.preventDefault();
    if (event.ctrlKey) this.zoom(event.deltaY > 0 ? 1.25 : 0.8);
    else this.look(Math.sign(event.deltaY + event.deltaX));
  }

  /** Show so many times as many seconds. */
  zoom(factor) {
    this.span = Math.min(Math.max(this.span * factor, 2), 120);
    this.canvas.dataset.span = this.span;
    this.draw();
  }

  /** Look a tenth of what is seen further on (1) or back (-1). */
  look(way) {
    this.middle = Math.max(0, (this.middle ?? this.player.currentTime) + (way * this.span) / 10);
    this.draw();
  }

  get #first() {
    return (this.middle ?? this.player.currentTime) - this.span / 2;
  }

  #at(x) {
    return Math.max(0, this.#first + (x / this.canvas.clientWidth) * this.span);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    const ratio = devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio)) this.canvas.width = Math.round(width * ratio);
    if (this.canvas.height !== Math.round(height * ratio)) this.canvas.height = Math.round(height * ratio);
    const pen = this.canvas.getContext("2d");
    const style = getComputedStyle(this.canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const x = (seconds) => ((seconds - this.#first) / this.span) * width;
    this.#band(pen, x, height, colour);
    if (this.track) this.#peaks(pen, width, height, colour("--muted"));
    pen.fillStyle = colour("--accent");
    pen.fillRect(Math.round(x(this.player.currentTime)), 0, 2, height);
  }

  #band(pen, x, height, colour) {
    if (!this.line?.isConnected) return;
    const [start, end] = [Number(this.line.dataset.at), Number(this.line.dataset.until)];
    pen.fillStyle = colour("--accent-soft");
    pen.fillRect(x(start), 0, x(end) - x(start), height);
    pen.fillStyle = colour("--line-strong");
    for (const word of this.line.querySelectorAll(".w")) pen.fillRect(x(Number(word.dataset.at)), height - 6, 1, 6);
  }

  #peaks(pen, width, height, fill) {
    const { min, max } = this.track;
    const middle = height / 2;
    pen.fillStyle = fill;
    for (let at = 0; at < width; at += 1) {
      const from = Math.floor((this.#first + (at / width) * this.span) * this.perSecond);
      const to = Math.max(from + 1, Math.floor((this.#first + ((at + 1) / width) * this.span) * this.perSecond));
      let [low, high] = [0, 0];
      for (let bucket = Math.max(0, from); bucket < to && bucket < max.length; bucket += 1) {
        low = Math.min(low, min[bucket]);
        high = Math.max(high, max[bucket]);
      }
      pen.fillRect(at, middle - (high / 127) * middle, 1, Math.max(1, ((high - low) / 127) * middle));
    }
  }
}
