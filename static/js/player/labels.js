// The provenance map of a take: exact labels, frame by frame, fetched in short runs ahead of use.
// A map is only ever given for the very frame that is asked for; until it is here there is none.

export const LABELS = ["ORIGINAL", "ADJUSTED", "RECOVERED", "HUMAN", "SYNTHESISED", "", "", "NOT_MEASURED"];
export const WORDS = {
  ORIGINAL: "original", ADJUSTED: "adjusted", RECOVERED: "recovered", HUMAN: "by hand",
  SYNTHESISED: "synthesised", NOT_MEASURED: "not measured",
};
const INKS = [null, [79, 143, 220], [18, 165, 138], [230, 194, 31], [214, 60, 151], null, null, [141, 141, 141]];
const ALPHA = [0, 40, 170, 190, 215, 0, 0, 190];
const AHEAD = 16;
const KEPT = 64;

export class LabelMaps extends EventTarget {
  constructor(index, address) {
    super();
    Object.assign(this, { index, address, maps: new Map(), asked: new Set(), hidden: new Set() });
    this.canvas = document.createElement("canvas");
    Object.assign(this.canvas, { width: index.width, height: index.height });
  }

  /** Labels of a frame: {structure, colour, offset} of a pixel by `at`; null while on its way. */
  get(frame) {
    const map = this.maps.get(frame) ?? null;
    if (!map || !this.maps.has(Math.min(frame + AHEAD / 2, this.index.start + this.index.frames - 1))) {
      this.#fetch(frame);
    }
    return map;
  }

  at(frame, x, y) {
    const map = this.maps.get(frame);
    const { width, height } = this.index;
    if (!map || x < 0 || y < 0 || x >= width || y >= height) return null;
    const place = y * width + x;
    const offset = map.length > width * height ? (map[width * height + place] << 24) >> 24 : 0;
    return { structure: map[place] & 7, colour: map[place] >> 3, offset };
  }

  shares(frame, plane) {
    const counts = this.index[plane][frame - this.index.start] ?? [];
    const pixels = this.index.width * this.index.height;
    return counts.map((count, label) => ({ label, part: count / pixels })).filter(({ part }) => part > 0);
  }

  /** The map of a frame and plane as a picture to lay over the take; null while on its way. */
  picture(frame, plane) {
    const map = this.get(frame);
    if (!map) return null;
    const key = `${frame} ${plane} ${[...this.hidden]}`;
    if (this.drawn === key) return this.canvas;
    const { width, height } = this.index;
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const shift = plane === "colour" ? 3 : 0;
    const inks = [0, 1, 2, 3, 4, 5, 6, 7].map((label) =>
      this.hidden.has(label) ? [0, 0] : [ink(label, 1), ink(label, 0.55)]);
    for (let y = 0, place = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1, place += 1) {
        const label = (map[place] >> shift) & 7;
        if (label === 0) continue;
        const line = label === 4 ? ((x + y) & 7) < 3 : label === 7 && ((x - y) & 3) < 1;
        pixels[place] = inks[label][line ? 1 : 0];
      }
    }
    context.putImageData(image, 0, 0);
    this.drawn = key;
    return this.canvas;
  }

  async #fetch(frame) {
    const from = Math.max(0, frame - this.index.start);
    const to = Math.min(this.index.frames, from + AHEAD);
    const wanted = [];
    for (let n = from; n < to; n += 1) {
      const number = n + this.index.start;
      if (!this.maps.has(number) && !this.asked.has(number)) wanted.push(n);
    }
    if (!wanted.length) return;
    const [first, last] = [wanted[0], wanted[wanted.length - 1]];
    const { offsets } = this.index;
    for (let n = first; n <= last; n += 1) this.asked.add(n + this.index.start);
    try {
      const range = `bytes=${offsets[first]}-${offsets[last + 1] - 1}`;
      const answer = await fetch(this.address, { headers: { Range: range } });
      if (!answer.ok) throw new Error(`the map answered ${answer.status}`);
      const bytes = await answer.arrayBuffer();
      const base = answer.status === 206 ? offsets[first] : 0;
      for (let n = first; n <= last; n += 1) {
        this.#keep(n + this.index.start, await inflate(bytes.slice(offsets[n] - base, offsets[n + 1] - base)));
      }
    } finally {
      for (let n = first; n <= last; n += 1) this.asked.delete(n + this.index.start);
    }
  }

  #keep(frame, map) {
    this.maps.set(frame, map);
    while (this.maps.size > KEPT) this.maps.delete(this.maps.keys().next().value);
    this.dispatchEvent(new CustomEvent("map", { detail: frame }));
  }
}

function ink(label, shade) {
  if (!INKS[label]) return 0;
  const [red, green, blue] = INKS[label].map((value) => Math.round(value * shade));
  return ((ALPHA[label] << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
