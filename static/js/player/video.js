// One all-intra proxy: frame n of it is shown at n / rate. Every picture that the browser really
// presents (requestVideoFrameCallback) is kept with its number, so that a number on the page is
// always that of a picture that was seen, never of a time that was asked for. On a busy machine the
// callback comes late and the video is a frame further: a VideoFrame carries its own time with it.

const KEPT = 10;

export class VideoSource {
  /** first: the scan's number of the proxy's frame 0; rate: [numerator, denominator]. */
  constructor(video, { first, rate, onframe, onfault }) {
    this.video = video;
    this.first = first;
    this.rate = rate;
    this.onframe = onframe;
    this.latest = null; // of what was presented since the last cue
    this.held = null; // the frame on the page: its picture is not given up
    this.pictures = new Map();
    this.spare = [];
    this.target = null;
    this.wanted = null;
    video.addEventListener("error", () => onfault(video.error));
    video.addEventListener("seeked", () => this.#settle());
    this.#listen();
  }

  timeOf(frame) {
    return ((frame - this.first + 0.5) * this.rate[1]) / this.rate[0];
  }

  frameAt(mediaTime) {
    return this.first + Math.round((mediaTime * this.rate[0]) / this.rate[1]);
  }

  picture(frame) {
    return this.pictures.get(frame) ?? null;
  }

  /** Ask for a frame; `onframe` tells when it is there. */
  seek(frame) {
    this.wanted = frame;
    if (this.pictures.has(frame)) this.onframe(frame);
    else if (this.target === null) this.#go(frame);
  }

  /** Put the video itself on a frame whose picture may be kept already, before it plays. */
  async cue(frame) {
    Object.assign(this, { target: null, wanted: frame, latest: null });
    const there = new Promise((resolve) => {
      this.video.addEventListener("seeked", resolve, { once: true });
    });
    this.video.currentTime = this.timeOf(frame);
    await there;
    this.latest = null;
  }

  play(speed) {
    this.video.playbackRate = speed;
    return this.video.play().catch(() => {});
  }

  hurry(speed) {
    if (Math.abs(this.video.playbackRate - speed) > 0.005 * speed) this.video.playbackRate = speed;
  }

  pause() {
    this.video.pause();
  }

  /** Show nothing any more, and fetch nothing. */
  letGo() {
    this.video.removeAttribute("src");
    this.video.load();
  }

  #go(frame) {
    this.target = frame;
    this.video.currentTime = this.timeOf(frame);
  }

  #listen() {
    this.video.requestVideoFrameCallback((now, { mediaTime }) => {
      this.#listen();
      if (!("VideoFrame" in window)) return this.#keep(this.frameAt(mediaTime), this.video);
      const picture = new VideoFrame(this.video);
      this.#keep(this.frameAt(picture.timestamp / 1e6), picture);
    });
  }

  #keep(frame, picture) {
    const before = this.pictures.get(frame);
    this.pictures.delete(frame);
    this.pictures.set(frame, before ?? this.#lasting(picture));
    if (picture !== this.video && this.pictures.get(frame) !== picture) picture.close();
    while (this.pictures.size > KEPT) {
      const oldest = [...this.pictures.keys()].find((kept) => kept !== this.held);
      this.#letGo(this.pictures.get(oldest));
      this.pictures.delete(oldest);
    }
    this.latest = frame;
    if (frame === this.target) this.#arrived();
    this.onframe(frame);
  }

  // What a processor has decoded lies in memory and is drawn from there: a copy of each picture, shown or
  // not, took longer than all the rest. A graphics card has few pictures to lend: of those a copy is kept.
  #lasting(picture) {
    if (picture.format === "I420") return picture;
    const canvas = this.spare.pop() ?? document.createElement("canvas");
    if (canvas.width !== this.video.videoWidth || canvas.height !== this.video.videoHeight) {
      canvas.width = this.video.videoWidth;
      canvas.height = this.video.videoHeight;
    }
    canvas.getContext("2d", { alpha: false }).drawImage(picture, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  #letGo(picture) {
    if (picture instanceof HTMLCanvasElement) this.spare.push(picture);
    else picture.close();
  }

  #arrived() {
    this.target = null;
    if (this.wanted !== null && !this.pictures.has(this.wanted)) this.#go(this.wanted);
  }

  // A seek that ends on the picture already presented brings no new one: nudge it until it does.
  #settle() {
    const target = this.target;
    if (target === null) return;
    setTimeout(() => {
      if (this.target !== target || !this.video.paused) return;
      if (this.wanted !== target) this.#go(this.wanted);
      else this.video.currentTime = this.timeOf(target) + (Math.random() - 0.5) * 0.4 * (this.rate[1] / this.rate[0]);
    }, 120);
  }
}
