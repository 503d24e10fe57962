// A transcript of any length: pieces of some twenty lines, of which only those near the eye are there.

const AHEAD = "1200px"; // Lines are fetched before they are seen.
const A_LINE = 76; // Pixels that a line takes as a rule, until it was seen.
const PATIENCE = 60; // Milliseconds that a piece must stay near before it is fetched.

export class Pieces {
  /** host: data-pieces "start:count,...", data-lines: the address; keeps(piece): whether it must stay. */
  constructor(host, { keeps, filled }) {
    this.host = host;
    this.keeps = keeps;
    this.filled = filled;
    const sent = [...host.querySelectorAll(".line")];
    this.all = host.dataset.pieces ? host.dataset.pieces.split(",").map((each) => each.split(":").map(Number)).map(this.#make) : [];
    this.all.forEach((piece, at) => (piece.until = this.all[at + 1]?.first ?? 10 ** 14));
    if (this.all.length) this.all[0].first = 0; // What is put in before the first line belongs here.
    for (const piece of this.all) piece.element.id = `piece-${piece.first}`;
    for (const line of sent) this.#holding(Number(line.dataset.begins))?.element.append(line);
    for (const piece of this.all) this.#size(piece, piece.element.childElementCount > 0);
    host.replaceChildren(...this.all.map((piece) => piece.element));
    this.watch = new IntersectionObserver((seen) => seen.forEach((each) => this.#near(each)), { rootMargin: `${AHEAD} 0px` });
    this.all.forEach((piece) => this.watch.observe(piece.element));
  }

  #make = ([first, count]) => {
    const element = document.createElement("ol");
    element.className = "said";
    return { element, first, height: count * A_LINE, count, loaded: false, near: false };
  };

  #size(piece, loaded) {
    piece.loaded = loaded;
    piece.element.style.minHeight = loaded ? "" : `${piece.height}px`;
  }

  #holding(sample) {
    let [low, high] = [0, this.all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.all[middle].first <= sample) low = middle + 1;
      else high = middle;
    }
    return this.all[low - 1];
  }

  #near({ target, isIntersecting }) {
    const piece = this.all.find((each) => each.element === target);
    piece.near = isIntersecting;
    clearTimeout(piece.waits);
    if (isIntersecting) piece.waits = setTimeout(() => this.fill(piece), PATIENCE);
    else if (piece.loaded && !this.keeps(piece.element)) this.#empty(piece);
  }

  #empty(piece) {
    piece.height = piece.element.offsetHeight || piece.height;
    piece.element.replaceChildren();
    this.#size(piece, false);
  }

  /** wanted: it is to be there although nobody sees it yet. */
  async fill(piece, { wanted = false } = {}) {
    if (piece.loaded) return;
    piece.wanted ||= wanted;
    piece.fetching ??= this.#fetch(piece).finally(() => (piece.fetching = piece.wanted = null));
    await piece.fetching;
  }

  async #fetch(piece) {
    const asked = new URLSearchParams(location.search);
    asked.set("piece", this.#span(piece));
    const answer = await fetch(`${this.host.dataset.lines}?${asked}`);
    const told = await answer.text();
    if (!answer.ok || piece.loaded || !(piece.near || piece.wanted)) return; // Gone by meanwhile.
    piece.element.innerHTML = told;
    this.#size(piece, true);
    window.htmx.process(piece.element);
    this.filled(piece.element);
  }

  #span(piece) {
    return `${piece.first}:${piece.until}`;
  }

  /** What to ask for anew after a change. Pieces that are there but far are let go, and fetched again. */
  asked() {
    const there = this.all.filter((piece) => piece.loaded);
    const wanted = there.filter((piece) => piece.near || this.keeps(piece.element)).slice(0, 12);
    there.filter((piece) => !wanted.includes(piece)).forEach((piece) => this.#empty(piece));
    return wanted.map((piece) => this.#span(piece));
  }

  /** The piece of lines that begin then, fetched if need be. */
  async at(sample) {
    const piece = this.#holding(sample) ?? this.all[0];
    if (piece && !piece.loaded) {
      piece.element.scrollIntoView({ block: "start" });
      await this.fill(piece, { wanted: true });
    }
    return piece?.element;
  }

  /** The piece after this one, fetched if need be. */
  async after(element, by = 1) {
    const next = this.all[this.all.findIndex((piece) => piece.element === element) + by];
    if (next) await this.fill(next, { wanted: true });
    return next?.element;
  }
}
