// A region that no repair may touch, drawn on the picture. What is drawn goes into the form beside it,
// where its frames are said and it is sent.

import { extent, Outline, sayIn } from "./outline.js";

const byId = (id) => document.getElementById(id);

export class Protect {
  constructor({ screen, cross, repairs, place }) {
    Object.assign(this, { repairs });
    this.outline = new Outline({
      screen, cross, place,
      onchange: (draft) => this.#draft(draft),
      onclose: (corners) => this.#drawn(corners),
      onactive: (on) => byId("draw-region").setAttribute("aria-pressed", String(on)),
      say: (words) => sayIn(byId("repairs-said"), words),
    });
    document.addEventListener("repairs-section", () => this.#settle());
    document.addEventListener("click", (event) => event.target.closest("#draw-region") && this.toggle());
    document.addEventListener("input", (event) => {
      if (event.target.closest("#protect-form") && event.target.type === "number") this.#numbersChanged(event.target);
    });
    this.#settle();
  }

  toggle(on = !this.outline.active) {
    if (byId("draw-region")) this.outline.toggle(on);
  }

  stop() {
    if (this.outline.active) this.toggle(false);
  }

  #drawn(corners) {
    byId("protect-form").open = true;
    byId("protect-polygon").value = JSON.stringify(corners);
    for (const [name, value] of Object.entries(extent(corners))) byId(`protect-${name}`).value = value;
    byId("protect-drawn").hidden = false;
    byId("protect-drawn").textContent = `Drawn: ${corners.length} corners. Say in which frames, then protect it.`;
    byId("protect-first").focus();
  }

  #numbersChanged({ name }) {
    if (name === "first" || name === "last") return;
    byId("protect-polygon").value = ""; // numbers make a box: the drawing no longer holds
    byId("protect-drawn").hidden = true;
    this.#draft(null);
  }

  #draft(draft) {
    this.repairs.draft = draft;
    this.repairs.draw();
  }

  // The section was made anew: its button needs the script, and nothing drawn is pending any more.
  #settle() {
    if (byId("draw-region")) byId("draw-region").hidden = false;
    this.#draft(null);
  }
}
