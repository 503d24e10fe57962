// The marked range of frames: it is looped, and a note takes its frames from it.

export class Range {
  /** said: a button that tells the range and clears it; onchange: told {first, last} or null. */
  constructor({ start, end, said, onchange }) {
    Object.assign(this, { start, end, said, onchange, value: null });
    said.addEventListener("click", () => this.clear());
  }

  markFirst(frame) {
    const last = this.value?.last ?? this.end - 1;
    this.#set(frame, last < frame ? this.end - 1 : last);
  }

  markLast(frame) {
    const first = this.value?.first ?? this.start;
    this.#set(first > frame ? this.start : first, frame);
  }

  clear() {
    this.#set(null);
  }

  #set(first, last) {
    this.value = first === null ? null : { first, last };
    this.said.hidden = !this.value;
    this.said.querySelector("span").textContent = this.value ? `${first}–${last}` : "";
    this.onchange(this.value);
  }
}
