// Moves one or two sources in step. A frame counts as shown only when every source has its picture.

const LAG = 6; // frames from which a source jumps to where the first one is
const HURRY = 0.08; // below that it runs by so much faster or slower at most
export const SPEEDS = [0.25, 0.5, 1, 2, 4];

export class Transport extends EventTarget {
  constructor({ start, end, rate }) {
    super();
    Object.assign(this, { start, end, rate, sources: [], frame: null, wanted: start, speed: 1 });
    this.playing = 0; // 1 on, -1 back, 0 still
    this.loop = false;
    this.range = null; // {first, last}: what is looped, if not the scene
    this.turn = 0;
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
    const { start, end } = this.span();
    let from = this.frame ?? start;
    if (from >= end - 1 || from < start) from = start;
    this.playing = 1;
    this.#tell("state");
    await this.#run(from);
  }

  /** What play goes through: the marked range while it loops, else the scene; end is past it. */
  span() {
    const { range } = this;
    if (!this.loop || !range || range.last <= range.first) return { start: this.start, end: this.end };
    return { start: range.first, end: range.last + 1 };
  }

  faster(by) {
    const place = SPEEDS.indexOf(this.speed) + by;
    this.setSpeed(SPEEDS[Math.min(Math.max(place, 0), SPEEDS.length - 1)]);
  }

  playBackwards() {
    this.pause();
    this.playing = -1;
    this.#tell("state");
    const period = (1000 * this.rate[1]) / (this.rate[0] * this.speed);
    this.timer = setInterval(() => {
      if (this.frame !== this.wanted) return;
      const { start, end } = this.span();
      if (this.frame <= start && !this.loop) this.pause();
      else this.#seek(this.frame <= start || this.frame >= end ? end - 1 : this.frame - 1);
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
    this.#tell("speed");
    if (this.playing === 1) this.sources.forEach((source) => (source.video.playbackRate = speed));
    if (this.playing === -1) this.playBackwards();
  }

  /** A source has a new picture. */
  arrived() {
    if (this.playing !== 1) {
      if (this.sources.every((source) => source.picture(this.wanted))) this.#show(this.wanted);
      return;
    }
    const { end } = this.span();
    const seen = this.sources.map((source) => source.latest);
    if (seen.includes(null)) return;
    // Kept pictures of frames that lie ahead were seen before, not now.
    const until = Math.min(end - 1, ...seen);
    const common = [...this.sources[0].pictures.keys()].filter(
      (frame) => frame >= this.floor && frame <= until && this.sources.every((s) => s.picture(frame)),
    );
    if (common.length) this.#show(Math.max(...common));
    if (Math.min(...seen) >= end - 1) this.#ended();
    else this.#keepInStep(seen);
  }

  // To the place, and on from there; one that was told to stop or start anew meanwhile gives up.
  async #run(from) {
    const turn = (this.turn += 1);
    this.floor = from;
    await Promise.all(this.sources.map((source) => source.cue(from)));
    if (this.playing === 1 && turn === this.turn) this.sources.forEach((source) => source.play(this.speed));
  }

  #seek(frame) {
    this.wanted = Math.min(Math.max(frame, this.start), this.end - 1);
    this.sources.forEach((source) => source.seek(this.wanted));
  }

  #ended() {
    const { start, end } = this.span();
    if (!this.loop || end - start < 2) return this.go(end - 1);
    this.sources.forEach((source) => source.pause());
    this.#run(start);
  }

  // The first source leads, for the sound may be its; the other runs after it, or jumps if far off.
  #keepInStep(seen) {
    const [lead, ...others] = this.sources;
    others.forEach((source, index) => {
      const behind = lead.video.currentTime - lead.timeOf(0) - (source.video.currentTime - source.timeOf(0));
      if (source.video.seeking) return;
      if (Math.abs(seen[0] - seen[index + 1]) > LAG) source.video.currentTime += behind;
      else source.hurry(this.speed * (1 + Math.min(Math.max(2 * behind, -HURRY), HURRY)));
    });
  }

  #show(frame) {
    if (frame === this.frame && this.shownOnce) return;
    this.shownOnce = true;
    Object.assign(this, { frame, floor: frame });
    this.sources.forEach((source) => (source.held = frame));
    if (this.playing === 1) this.wanted = frame;
    this.#tell("frame");
  }

  #tell(kind) {
    this.dispatchEvent(new Event(kind));
  }
}
