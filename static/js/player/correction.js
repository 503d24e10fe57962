// The region of a colour correction, drawn on the picture as protected regions are. A box goes into the
// form as four numbers, anything else as its corners. While the form is open, what is corrected shows.

import { extent, Outline } from "./outline.js";

const BOX = ["left", "top", "width", "height"];

const byId = (id) => document.getElementById(id);

export class Correction {
  /** room: gives the colour section's own facts. say: shows words in it. */
  constructor({ screen, cross, repairs, transport, place, room, say }) {
    Object.assign(this, { repairs, transport, room });
    this.outline = new Outline({
      screen, cross, place, say,
      onchange: (draft) => this.#draft(draft),
      onclose: (corners) => this.#drawn(corners),
      onactive: (on) => byId("draw-correction").setAttribute("aria-pressed", String(on)),
    });
    repairs.others = () => this.#standing();
    document.addEventListener("click", (event) => event.target.closest("#draw-correction") && this.toggle());
    document.addEventListener("input", ({ target }) => this.#typed(target));
    // "toggle" does not bubble.
    document.addEventListener("toggle", ({ target }) => target.id === "correct-form" && repairs.draw(), { capture: true });
  }

  toggle(on = !this.outline.active) {
    if (byId("draw-correction")) this.outline.toggle(on);
  }

  stop() {
    if (this.outline.active) this.toggle(false);
  }

  /** The section is new: nothing drawn is pending any more. */
  settle() {
    if (byId("draw-correction")) byId("draw-correction").hidden = false;
    this.#draft(null);
  }

  #drawn(corners) {
    const numbers = extent(corners);
    const isBox = corners.length === 4 && corners.every(([x, y], index) =>
      x === numbers.left + ([1, 2].includes(index) ? numbers.width - 1 : 0) &&
      y === numbers.top + (index > 1 ? numbers.height - 1 : 0));
    for (const name of BOX) byId(`correct-${name}`).value = isBox ? numbers[name] : "";
    byId("correct-corners").value = isBox ? "" : corners.map((corner) => corner.join(",")).join(" ");
    byId("correct-softness").focus();
  }

  // Numbers and corners say two different things: the last word counts.
  #typed({ id, value }) {
    if (id === "correct-corners" && value) for (const name of BOX) byId(`correct-${name}`).value = "";
    if (BOX.some((name) => id === `correct-${name}`)) byId("correct-corners").value = "";
    if (id === "correct-corners" || BOX.some((name) => id === `correct-${name}`)) this.#draft(null);
  }

  #draft(draft) {
    this.repairs.draft = draft;
    this.repairs.draw();
  }

  #standing() {
    if (!byId("correct-form")?.open) return [];
    const { frame } = this.transport;
    return this.room().corrections
      .filter(({ frames }) => frames[0] <= frame && frame < frames[1])
      .map(({ outline }) => ({ points: outline, dash: [8, 5] }));
  }
}
