// Sends a folder of numbered frames, a few files at a time, each by the tus protocol.

const AT_ONCE = 3;

export class FolderUpload {
  // options: endpoint, piece, headers, told: {title, collection, rate}, and the callbacks
  // onProgress(bytes, total, words), onResumed(frames, of), onKnown(), onError(error), onSuccess()
  constructor(files, options) {
    this.options = options;
    this.files = files;
    this.name = files[0].webkitRelativePath.split("/")[0];
    this.address = null;
    this.active = new Set();
  }

  get known() { return this.address !== null; }

  async start() {
    this.stopped = false;
    try {
      await this.announce();
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.sendNext()));
      if (this.stopped) return;
      await this.ask("POST", this.address);
      this.options.onSuccess();
    } catch (error) {
      await this.pause();
      this.options.onError(error);
    }
  }

  async announce() {
    const answer = await this.ask("POST", this.options.endpoint, JSON.stringify({
      name: this.name,
      files: this.files.map((file) => [file.name, file.size, file.lastModified]),
      ...this.options.told,
    }));
    const { address, frames } = await answer.json();
    this.address = address;
    this.frames = frames.map(([number, held], place) => ({ file: this.files[number], held, place }));
    this.total = this.frames.reduce((sum, frame) => sum + frame.file.size, 0);
    this.waiting = this.frames.filter((frame) => frame.held < frame.file.size);
    const whole = this.frames.length - this.waiting.length;
    if (this.frames.some((frame) => frame.held)) this.options.onResumed(whole, this.frames.length);
    this.options.onKnown();
  }

  async sendNext() {
    while (!this.stopped && this.waiting.length) await this.send(this.waiting.shift());
  }

  send(frame) {
    return new Promise((done, failed) => {
      const upload = new tus.Upload(frame.file, {
        uploadUrl: this.address + frame.place,
        chunkSize: this.options.piece,
        retryDelays: this.options.retryDelays,
        storeFingerprintForResuming: false,
        headers: this.options.headers,
        onShouldRetry: this.options.onShouldRetry,
        onProgress: (sent) => { frame.held = sent; this.tell(); },
        onError: (error) => { this.active.delete(entry); failed(error); },
        onSuccess: () => { frame.held = frame.file.size; this.active.delete(entry); this.tell(); done(); },
      });
      const entry = { upload, done, frame };
      this.active.add(entry);
      upload.start();
    });
  }

  tell() {
    const sent = this.frames.reduce((sum, frame) => sum + frame.held, 0);
    const whole = this.frames.filter((frame) => frame.held === frame.file.size).length;
    this.options.onProgress(sent, this.total, `${whole} of ${this.frames.length} frames, `);
  }

  async pause() {
    this.stopped = true;
    const stopped = [...this.active];
    this.active.clear();
    await Promise.all(stopped.map((entry) => entry.upload.abort()));
    for (const entry of stopped) entry.done();
  }

  async discard() {
    await this.pause();
    if (this.known) await this.ask("DELETE", this.address);
  }

  // Raises what tus raises: an error with the answer, if there was one.
  async ask(method, address, body) {
    let answer;
    try {
      answer = await fetch(address, { method, body, headers: { ...this.options.headers, "Tus-Resumable": "1.0.0" } });
    } catch { throw new Error("no answer"); }
    if (answer.ok) return answer;
    const words = await answer.text();
    throw Object.assign(new Error(words), { originalResponse: { getStatus: () => answer.status, getBody: () => words } });
  }
}
