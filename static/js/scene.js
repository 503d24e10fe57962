// The review room: joins the player's parts and gives them keys.

import { Colour } from "./player/colour.js";
import { Correction } from "./player/correction.js";
import { Cross } from "./player/cross.js";
import { Doubt } from "./player/doubt.js";
import { Heat } from "./player/heat.js";
import "./drafts.js";
import { listen } from "./player/keys.js";
import { LabelMaps } from "./player/labels.js";
import { addSource, whenReady } from "./player/opening.js";
import { Notes } from "./player/notes.js";
import { Probe } from "./player/probe.js";
import { Protect } from "./player/protect.js";
import { Range } from "./player/range.js";
import { makeSwitches, Readout } from "./player/readout.js";
import { Repairs } from "./player/repairs.js";
import { Screen } from "./player/screen.js";
import { Sound } from "./player/sound.js";
import { Stills } from "./player/stills.js";
import { Timeline } from "./player/timeline.js";
import { Tools } from "./player/tools.js";
import { Transport } from "./player/transport.js";
import { Undo } from "./player/undo.js";
import { View } from "./player/view.js";

const byId = (id) => document.getElementById(id);
const room = JSON.parse(byId("room").textContent);
const readout = new Readout(room);
const sources = {};
let maps = null;
let overlay = false;
let doubt = null;
let heat = null;
let invention = null;
let point = null;
let sound = null;

const canvas = document.createElement("canvas");
canvas.className = "picture";
canvas.tabIndex = 0;
canvas.setAttribute("role", "img");
canvas.setAttribute("aria-label", "The picture under review");
byId("screen").prepend(canvas);
const screen = new Screen(canvas, room.size);
const transport = new Transport({ ...room.scene, rate: room.rate });
const timeline = new Timeline({
  strip: byId("share-strip"), scrub: byId("scrub"), ...room.scene, onseek: (frame) => transport.go(frame),
});
const stills = new Stills(room.stills, (frame, pictures) => {
  if (transport.playing || frame !== transport.frame) return;
  Object.assign(screen.pictures, pictures);
  readout.precision(true);
  screen.draw();
});
const view = new View({
  panel: byId("view"), said: byId("view-said"),
  onchange: (filter) => { screen.filter = filter; screen.draw(); },
});
const range = new Range({
  ...room.scene, said: byId("range"), onchange: (value) => {
    transport.range = timeline.range = value;
    timeline.draw();
    for (const [id, frame] of Object.entries({ id_first: value?.first, id_last: value?.last })) {
      if (!value || !byId(id)) continue;
      byId(id).value = frame;
      byId(id).dispatchEvent(new Event("input", { bubbles: true }));
    }
  },
});
const tools = new Tools(screen, { hasTake: Boolean(room.take), onchange: paintMap });
const plane = () => ({ doubt: "colour", heat: "structure", invention: room.invention?.plane })[shownPlane()] ?? shownPlane();

const repairs = new Repairs({
  room: JSON.parse(byId("repair-room").textContent), screen, transport, isShown: () => overlay, showMap: toggleOverlay,
});
const cross = new Cross(screen);
const protect = new Protect({ screen, cross, repairs, place: byId("screen") });
const correction = new Correction({
  screen, cross, repairs, transport, place: byId("screen"), room: () => colour.room, say: (words) => colour.say(words),
});
const colour = new Colour({
  screen, transport, timeline, place: byId("screen"),
  stopOthers: () => layDown(colour),
  onsettle: () => correction.settle(),
});
const notes = new Notes({
  screen, transport, place: byId("screen"), stopOthers: () => layDown(notes),
});
const probe = new Probe({
  cross, canvas, stopOthers: () => layDown(probe), onpoint: (at) => {
    point = at;
    if (at) readout.pixel(maps, transport.frame, at);
    else byId("pixel").value = "";
  },
});
// One tool at a time: each lays the others down.
function layDown(butThis) {
  for (const tool of [colour, protect, correction, notes, probe]) if (tool !== butThis) tool.stop();
}
document.addEventListener("click", ({ target }) => {
  if (target.closest("#draw-region")) layDown(protect);
  if (target.closest("#draw-correction")) layDown(correction);
}, { capture: true });
new Undo({ address: room.lastAct, scene: repairs.room.scene, shown: repairs.room.shown, notes, colour });
doubt = new Doubt(() => colour.room.doubt, paintMap);
heat = new Heat(room.heat, paintMap);
invention = new Heat(room.invention?.address, paintMap);
screen.ondraw = () => { repairs.draw(); colour.draw(); notes.draw(); cross.draw(); };

function shownPlane() {
  return byId("plane")?.value ?? "structure";
}

function paintMap() {
  const over = { doubt, heat, invention };
  const source = over[shownPlane()] ?? maps;
  screen.pictures.map = overlay && source && transport.frame !== null ? source.picture(transport.frame, plane()) : null;
  for (const name of Object.keys(over)) if (byId(`${name}-words`)) byId(`${name}-words`).hidden = !(overlay && shownPlane() === name);
  document.body.dataset.map = screen.pictures.map ? `${transport.frame} ${byId("plane").value}` : "";
  screen.draw();
}

function show() {
  const { frame } = transport;
  for (const name of Object.keys(sources)) screen.pictures[name] = sources[name].picture(frame);
  readout.precision(false);
  if (transport.playing) stills.leave();
  else stills.rest(frame);
  readout.frame(frame);
  readout.shares(maps, frame, plane());
  timeline.show(frame);
  if (byId("id_frame")) byId("id_frame").value = frame;
  if (point) readout.pixel(maps, frame, point);
  paintMap();
  document.body.dataset.frame = frame;
}

transport.addEventListener("frame", show);
readout.transport = transport;
readout.ontold = () => point && !transport.playing && readout.pixel(maps, transport.frame, point);
transport.addEventListener("state", () => {
  document.querySelector("[data-act=play]").setAttribute("aria-pressed", String(transport.playing !== 0));
});
transport.addEventListener("speed", () => (byId("speed").value = transport.speed));

async function open() {
  await whenReady(room.scan.viewing, readout);
  if (room.take) await whenReady(room.take.viewing, readout);
  byId("stills").hidden = true;
  ["tools", "timeline", "transport"].forEach((id) => (byId(id).hidden = false));
  const common = { rate: room.rate, transport, readout };
  sources.scan = addSource(room.scan.proxy, { first: room.scan.start, ...common });
  if (room.take) sources.take = addSource(room.take.proxy, { first: room.take.start, ...common });
  sound = new Sound({
    video: room.scan.hasSound ? sources.scan.video : null, address: room.sound, rate: room.rate, transport, button: byId("sound"),
  });
  const asked = namedFrame() ?? room.scene.start;
  transport.go(asked);
  if (!room.take) return;
  maps = new LabelMaps(await (await fetch(room.take.labelsIndex)).json(), room.take.labels);
  maps.addEventListener("map", ({ detail }) => detail === transport.frame && show());
  Object.assign(timeline, { labels: maps.index, plane: plane() });
  makeSwitches(document.querySelector("#shares-now .legend"), (hidden) => { maps.hidden = hidden; paintMap(); });
  byId("next-made").disabled = timeline.peaks().length === 0;
  maps.get(transport.frame ?? asked);
  show();
}

/** The frame that the address names, if it does. */
function namedFrame() {
  const name = /frame=(\d+)/.exec(location.hash)?.[1];
  return name === undefined ? null : Number(name);
}

addEventListener("hashchange", () => namedFrame() !== null && transport.go(namedFrame()));

function toggleOverlay() {
  overlay = !overlay;
  byId("overlay").setAttribute("aria-pressed", String(overlay));
  if (overlay && screen.mode === "scan") tools.show("take");
  paintMap();
}

function shuttle(direction) {
  const faster = transport.playing === direction ? Math.min(transport.speed * 2, 4) : 1;
  transport.setSpeed(faster);
  if (direction === 1 && transport.playing !== 1) transport.play();
  if (direction === -1) transport.playBackwards();
}

const acts = {
  home: () => transport.go(room.scene.start), end: () => transport.go(room.scene.end - 1),
  back: () => transport.step(-1), forth: () => transport.step(1), play: () => transport.toggle(),
};
document.querySelectorAll("[data-act]").forEach((button) => button.addEventListener("click", acts[button.dataset.act]));
document.querySelectorAll("[data-frame]").forEach((link) =>
  link.addEventListener("click", () => transport.go(Number(link.dataset.frame))));
byId("speed").addEventListener("change", (event) => transport.setSpeed(Number(event.target.value)));
const toggle = (id, change) => byId(id)?.addEventListener("click", ({ currentTarget }) =>
  currentTarget.setAttribute("aria-pressed", String(change())));
toggle("loop", () => (transport.loop = !transport.loop));
byId("overlay")?.addEventListener("click", toggleOverlay);
byId("plane")?.addEventListener("change", () => { timeline.plane = plane(); show(); });
byId("next-made")?.addEventListener("click", () => mostMade(1));
byId("help").addEventListener("click", () => byId("keys").showModal());
canvas.addEventListener("pointermove", (event) => {
  point = screen.toPicture(event.offsetX, event.offsetY);
  readout.pixel(maps, transport.frame, point);
});

let pressed = null;
canvas.addEventListener("pointerdown", ({ offsetX, offsetY }) => (pressed = [offsetX, offsetY]));
canvas.addEventListener("click", ({ offsetX, offsetY }) => {
  if (pressed && Math.hypot(offsetX - pressed[0], offsetY - pressed[1]) < 5) repairs.pick(offsetX, offsetY);
});

function mostMade(by) {
  const peak = timeline.walkPeaks(by);
  if (!peak) return;
  transport.go(peak.frame);
  byId("next-made").querySelector("span").textContent = ` ${peak.place} of ${peak.of}`;
}

function writeNote() {
  const form = byId("note-form");
  if (!form) return;
  form.open = true;
  const here = transport.frame ?? room.scene.start; // before the first picture is there
  byId("id_first").value = range.value?.first ?? here;
  byId("id_last").value = range.value?.last ?? here;
  byId("id_text").focus();
}

listen({
  " ": acts.play, k: () => transport.pause(), l: () => shuttle(1), j: () => shuttle(-1),
  ArrowLeft: acts.back, ArrowRight: acts.forth, "Shift+ArrowLeft": () => transport.step(-10),
  "Shift+ArrowRight": () => transport.step(10), Home: acts.home, End: acts.end,
  w: () => tools.press("wipe"), s: () => tools.press("side"), d: () => tools.press("difference"),
  f: () => tools.flip(), p: toggleOverlay, m: () => mostMade(1), M: () => mostMade(-1), n: writeNote, i: () => range.markFirst(transport.frame),
  o: () => range.markLast(transport.frame), I: () => range.clear(), O: () => range.clear(), L: () => byId("loop").click(), a: () => byId("approve")?.focus(),
  r: () => byId("comment")?.focus(),
  "[": () => byId("before")?.click(), "]": () => byId("after")?.click(), "?": () => byId("keys").showModal(),
  "+": () => tools.zoomBy(1.5), "-": () => tools.zoomBy(1 / 1.5), 0: () => tools.zoom("fit"),
  c: () => repairs.step(1), C: () => repairs.step(-1), y: () => repairs.decide("keep"), u: () => repairs.decide("undo"), N: () => repairs.decide("neighbour"),
  x: () => repairs.nextNotJudged(), g: () => { layDown(protect); protect.toggle(); },
  h: () => colour.use("paint"), e: () => colour.use("pick"), t: () => colour.use("erase"),
  "<": () => colour.resize(-2), ">": () => colour.resize(2),
  Escape: () => repairs.choose(null), P: () => probe.toggle(),
  4: () => tools.look(-0.1, 0), 6: () => tools.look(0.1, 0), 8: () => tools.look(0, -0.1), 2: () => tools.look(0, 0.1),
  ",": () => tools.move(-0.02), ".": () => tools.move(0.02), q: () => tools.turn(15), Q: () => tools.turn(-15),
  b: () => tools.press("onion"), v: () => view.nextChannel(), V: () => view.reset(),
  ArrowUp: () => transport.faster(1), ArrowDown: () => transport.faster(-1),
  "Shift+ArrowUp": () => view.expose(0.5), "Shift+ArrowDown": () => view.expose(-0.5), z: () => sound?.toggle(),
});
open().catch((error) => readout.wait(`${error.message} The stills are exact.`));
