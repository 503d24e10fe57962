// The strip of frames around the place where a cut would fall; pictures are fetched once.

export class Frames {
  /** list: the <ol>; board: what the page knows (see review/storyboard.py). */
  constructor(list, board, onchoose) {
    Object.assign(this, { list, board, onchoose });
    this.pictures = new Map();
    this.starts = new Set(board.starts);
    this.list.querySelectorAll("img").forEach((image) =>
      this.pictures.set(Number(image.closest("a").dataset.frame), image));
    list.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (!link || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      onchoose(Number(link.dataset.frame));
    });
  }

  show(at) {
    const { around } = this.board;
    const frames = Array.from({ length: 2 * around }, (_, index) => at - around + index);
    this.list.replaceChildren(...frames.map((frame) => this.#item(frame, at)));
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.#fetchAhead(at), 400);
  }

  #item(frame, at) {
    const item = document.createElement("li");
    const isThere = frame >= 0 && frame < this.board.frames;
    item.classList.toggle("absent", !isThere);
    item.classList.toggle("starts", this.starts.has(frame));
    item.classList.toggle("first", frame === at);
    if (!isThere) return item;
    const link = document.createElement("a");
    link.dataset.frame = frame;
    link.href = address(this.board, frame);
    if (frame === at) link.setAttribute("aria-current", "true");
    const number = document.createElement("span");
    number.className = "mono";
    number.textContent = frame;
    link.append(this.#picture(frame), number);
    item.append(link);
    for (const mark of this.board.marks.filter((each) => each.frame === frame)) {
      const chip = document.createElement("span");
      chip.className = `chip ${mark.kind}`;
      chip.textContent = mark.words;
      item.append(chip);
    }
    return item;
  }

  #picture(frame) {
    if (!this.pictures.has(frame)) {
      const image = new Image(160, 120);
      image.alt = "";
      image.src = this.board.still.replace("{n}", frame);
      this.pictures.set(frame, image);
    }
    return this.pictures.get(frame);
  }

  #fetchAhead(at) {
    for (const frame of [at + this.board.around, at - this.board.around - 1]) {
      if (frame >= 0 && frame < this.board.frames) this.#picture(frame);
    }
  }
}

/** Where this place of the film is found again, with the border that is looked at. */
export function address({ border }, at) {
  return border === null ? `?at=${at}` : `?border=${border}&at=${at}`;
}
