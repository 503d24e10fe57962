// Moves one or two sources in step. A frame counts as shown only when every source has its picture.

const LAG = 6;

export class Transport extends EventTarget {
  constructor({ start, end, rate }) {
    super();
    Object.assign(this, { start, end, rate, sources: [], frame: null, wanted: start, speed: 1 });
    this.playing = 0; // 1 on, -1 back, 0 still
    this.loop = false;
  }

  add(source) {
    this.sources.push(source);
  }

  /** Show this frame; whatever was playing stops. */
  go(frame) {
    if (this.playing) this.pause();
    this.#seek(frame);
  }

  step(frames) {
    this.go((this.playing ? this.frame : this.wanted) + frames);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  async play() {
    if (!this.sources.length) return;
    this.pause();
    let from = this.frame ?? this.start;
    if (from >= this.end - 1) from = this.start;
    this.playing = 1;
    this.frame = from;
    this.#tell("state");
    await Promise.all(this.sources.map((source) => source.cue(from)));
    if (this.playing === 1) this.sources.forEach((source) => source.play(this.speed));
  }

  playBackwards() {
    this.pause();
    this.playing = -1;
    this.#tell("state");
    const period = (1000 * this.rate[1]) / (this.rate[0] * this.speed);
    this.timer = setInterval(() => {
      if (this.frame !== this.wanted) return;
      if (this.frame <= this.start && !this.loop) this.pause();
      else this.#seek(this.frame <= this.start ? this.end - 1 : this.frame - 1);
    }, period);
  }

  pause() {
    const was = this.playing;
    this.playing = 0;
    clearInterval(this.timer);
    this.sources.forEach((source) => source.pause());
    if (was === 0) return;
    this.#tell("state");
    if (this.frame !== null) this.#seek(this.frame);
  }

  setSpeed(speed) {
    this.speed = speed;
    if (this.playing === 1) this.sources.forEach((source) => (source.video.playbackRate = speed));
    if (this.playing === -1) this.playBackwards();
  }

  /** A source has a new picture. */
  arrived() {
    if (this.playing !== 1) {
      if (this.sources.every((source) => source.picture(this.wanted))) this.#show(this.wanted);
      return;
    }
    const common = [...this.sources[0].pictures.keys()].filter(
      (frame) => frame >= this.frame && frame < this.end && this.sources.every((s) => s.picture(frame)),
    );
    if (common.length) this.#show(Math.max(...common));
    const seen = this.sources.map((source) => source.latest);
    if (Math.min(...seen) >= this.end - 1) this.#ended();
    else this.#keepInStep(seen);
  }

  #seek(frame) {
    this.wanted = Math.min(Math.max(frame, this.start), this.end - 1);
    this.sources.forEach((source) => source.seek(this.wanted));
  }

  #ended() {
    if (this.loop) {
      this.frame = this.end - 1;
      this.play();
    } else this.go(this.end - 1);
  }

  #keepInStep(seen) {
    const ahead = Math.max(...seen);
    this.sources.forEach((source, index) => {
      if (ahead - seen[index] > LAG) {
        source.video.currentTime = this.sources[seen.indexOf(ahead)].timeOf(ahead) + source.timeOf(0) - this.sources[seen.indexOf(ahead)].timeOf(0);
      }
    });
  }

  #show(frame) {
    if (frame === this.frame && this.shownOnce) return;
    this.shownOnce = true;
    this.frame = frame;
    if (this.playing === 1) this.wanted = frame;
    this.#tell("frame");
  }

  #tell(kind) {
    this.dispatchEvent(new Event(kind));
  }
}
