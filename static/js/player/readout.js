// What the numbers beside the picture say: frame, timecode, shares of the frame, pixel under the pointer.

import { LABELS, WORDS } from "./labels.js";
import { timecode } from "./timecode.js";

const byId = (id) => document.getElementById(id);
const REST = 180; // milliseconds of a pointer at rest before code values are asked for

export class Readout {
  constructor(room) {
    this.room = room;
  }

  frame(frame) {
    byId("frame").value = frame;
    byId("timecode").value = timecode(frame, this.room.timecode);
  }

  precision(isExact) {
    byId("precision").textContent = isExact ? "exact pixels" : "viewing copy";
  }

  wait(words) {
    byId("wait").hidden = !words;
    byId("wait").textContent = words;
  }

  shares(maps, frame, plane) {
    const list = byId("frame-shares");
    if (!list || !maps) return;
    list.replaceChildren(...maps.shares(frame, plane).map(({ label, part }) => {
      const item = document.createElement("li");
      const swatch = document.createElement("span");
      swatch.className = `swatch fill-${LABELS[label].toLowerCase()}`;
      item.append(swatch, `${WORDS[LABELS[label]]} ${percent(part)}`);
      return item;
    }));
  }

  pixel(maps, frame, point) {
    const output = byId("pixel");
    const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
    const { width, height } = this.room.size;
    if (x < 0 || y < 0 || x >= width || y >= height) return void (output.value = "");
    const found = maps?.at(frame, Math.floor((x * maps.index.width) / width), Math.floor((y * maps.index.height) / height));
    if (!found) return void (output.value = `${x}, ${y}`);
    const words = [`${x}, ${y}`, `structure ${WORDS[LABELS[found.structure]]}`, `colour ${WORDS[LABELS[found.colour]]}`];
    if (found.structure === 2 && found.offset) words.push(`from frame ${frame + found.offset}`);
    const at = { n: frame, y: Math.floor((y * maps.index.height) / height), x: Math.floor((x * maps.index.width) / width) };
    const key = Object.values(at).join(" ");
    if (this.told?.key === key) words.push(...this.told.words);
    else if (!this.transport?.playing) this.#ask(key, at);
    output.value = words.join(" · ");
    output.title = output.value;
  }

  // Code values as the files hold them, before and after: asked for where the pointer rests.
  #ask(key, at) {
    if (this.asking === key) return;
    this.asking = key;
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      const answers = await Promise.all(this.room.pixels.map(async (address) => {
        const answer = await fetch(address.replace(/\{(\w)\}/g, (_, name) => at[name]));
        return answer.ok ? answer.json() : null;
      }));
      if (this.asking !== key) return;
      this.asking = null;
      if (answers.includes(null)) return;
      const [{ values, doubt, stages }, against] = answers;
      const words = [...byStage(stages), `${codes(against?.values.after ?? values.before)} → ${codes(values.after)}`];
      if (doubt !== null) words.push(`uncertainty ${doubt}`);
      this.told = { key, words };
      this.ontold?.();
    }, REST);
  }
}

/** Make the scene's legend a row of switches: which labels the overlay shows. */
export function makeSwitches(list, onchange) {
  const hidden = new Set();
  for (const item of list?.querySelectorAll("[data-label]") ?? []) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "switch";
    button.title = "Show or hide in the overlay";
    button.setAttribute("aria-pressed", "true");
    button.append(...item.childNodes);
    item.append(button);
    button.addEventListener("click", () => {
      const label = LABELS.indexOf(item.dataset.label);
      if (!hidden.delete(label)) hidden.add(label);
      button.setAttribute("aria-pressed", String(!hidden.has(label)));
      onchange(hidden);
    });
  }
}

/** Which stage gave the pixel its labels: not always that of the take, which stands on others. */
function byStage({ structure, colour } = {}) {
  if (structure === colour || !colour) return structure ? [`by ${structure}`] : [];
  return structure ? [`structure by ${structure}, colour by ${colour}`] : [`colour by ${colour}`];
}

function codes({ bits, codes: found }) {
  return `${Object.entries(found).map(([name, code]) => `${name} ${code}`).join(" ")} (${bits} bit)`;
}

function percent(part) {
  if (part < 0.0001) return "< 0.01 %";
  if (part > 0.9999 && part < 1) return "> 99.99 %";
  return `${(part * 100).toFixed(part < 0.1 || (part > 0.999 && part < 1) ? 2 : 1)} %`;
}
