// Exposure, gamma and channel of what is shown, and of nothing else: no code value, label, hint or
// still is touched. While any of it is on, the page says so.

const SVG = "http://www.w3.org/2000/svg";
const DISPLAY_POWER = 2.4; // BT.1886: a factor on light is its 1/2.4th power on code values
const CHANNELS = ["colour", "red", "green", "blue", "luma"];
const LUMA = [0.2126, 0.7152, 0.0722]; // BT.709

export class View {
  constructor({ panel, said, onchange }) {
    Object.assign(this, { panel, said, onchange, made: 0 });
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("class", "hush");
    this.svg.setAttribute("aria-hidden", "true");
    document.body.append(this.svg);
    this.inputs = Object.fromEntries(["exposure", "gamma", "channel"].map((name) => [name, panel.querySelector(`#${name}`)]));
    for (const input of Object.values(this.inputs)) input.addEventListener("input", () => this.#changed());
    for (const button of [panel.querySelector("button"), said.querySelector("button")]) {
      button.addEventListener("click", () => this.reset());
    }
    // Browsers keep the values of a form over a reload.
    this.reset();
  }

  expose(stops) {
    this.inputs.exposure.value = Number(this.inputs.exposure.value) + stops;
    this.#changed();
  }

  nextChannel() {
    const { channel } = this.inputs;
    channel.value = CHANNELS[(CHANNELS.indexOf(channel.value) + 1) % CHANNELS.length];
    this.#changed();
  }

  reset() {
    Object.assign(this.inputs.exposure, { value: 0 });
    Object.assign(this.inputs.gamma, { value: 1 });
    Object.assign(this.inputs.channel, { value: "colour" });
    this.#changed();
  }

  #changed() {
    const values = [Number(this.inputs.exposure.value), Number(this.inputs.gamma.value), this.inputs.channel.value];
    const [stops, gamma, channel] = values;
    const isOn = stops !== 0 || gamma !== 1 || channel !== "colour";
    this.panel.querySelector("#exposure-value").value = `${stops > 0 ? "+" : ""}${stops} EV`;
    this.panel.querySelector("#gamma-value").value = gamma.toFixed(2);
    this.panel.classList.toggle("on", isOn);
    this.said.hidden = !isOn;
    this.said.querySelector("span").textContent = `View only: ${inWords(values)}. Nothing of it is recorded.`;
    document.body.dataset.view = isOn ? values.join(" ") : "";
    this.filter = isOn ? this.#make(values) : "none";
    this.onchange?.(this.filter);
  }

  // A canvas keeps the filter that it has read: each gets a name of its own.
  #make([stops, gamma, channel]) {
    const id = `view-${(this.made += 1)}`;
    const filter = element("filter", { id, "color-interpolation-filters": "sRGB", x: 0, y: 0, width: "100%", height: "100%" });
    if (channel !== "colour") filter.append(element("feColorMatrix", { type: "matrix", values: matrix(channel) }));
    const curve = element("feComponentTransfer", {});
    const amplitude = (2 ** stops) ** (1 / DISPLAY_POWER / gamma);
    for (const name of ["R", "G", "B"]) {
      curve.append(element(`feFunc${name}`, { type: "gamma", amplitude, exponent: 1 / gamma, offset: 0 }));
    }
    filter.append(curve);
    this.svg.replaceChildren(filter);
    return `url(#${id})`;
  }
}

function inWords([stops, gamma, channel]) {
  const words = [];
  if (stops) words.push(`exposure ${stops > 0 ? "+" : "−"}${Math.abs(stops)} EV`);
  if (gamma !== 1) words.push(`gamma ${gamma.toFixed(2)}`);
  if (channel !== "colour") words.push(channel === "luma" ? "luma alone" : `the ${channel} channel alone`);
  return words.join(", ");
}

function matrix(channel) {
  const row = channel === "luma" ? LUMA : ["red", "green", "blue"].map((name) => Number(name === channel));
  return [...[0, 1, 2].flatMap(() => [...row, 0, 0]), 0, 0, 0, 1, 0].join(" ");
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
