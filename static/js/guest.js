// A guest's page: plays the marked copy, lays over it what a machine made, and takes notes. Media
// addresses hold for a quarter of an hour in this session: they are asked for anew while the page is
// open, and where the link was closed meanwhile, nothing is left to see.

import "./drafts.js";
import { listen } from "./player/keys.js";
import { LABELS, LabelMaps, WORDS } from "./player/labels.js";
import { addSource } from "./player/opening.js";
import { makeSwitches, Readout } from "./player/readout.js";
import { Screen } from "./player/screen.js";
import { Timeline } from "./player/timeline.js";
import { Transport } from "./player/transport.js";

const RENEWED = 20_000; // milliseconds
const byId = (id) => document.getElementById(id);
const room = JSON.parse(byId("room").textContent);
const readout = new Readout(room);
let maps = null;
let overlay = false;
let source = null;
let screen = null;
let rows = 1; // the height of the copy, in heights of the picture: a band may stand below it
const laid = document.createElement("canvas");

const canvas = document.createElement("canvas");
canvas.className = "picture";
canvas.tabIndex = 0;
canvas.setAttribute("role", "img");
canvas.setAttribute("aria-label", "The picture");
const transport = new Transport({ ...room.scene, rate: room.rate });
const timeline = new Timeline({
  strip: byId("share-strip"), scrub: byId("scrub"), ...room.scene, onseek: (frame) => transport.go(frame),
});
const plane = () => byId("plane").value;

/** What the page may have now; throws in words where the link is closed. */
async function ask() {
  const answer = await fetch(room.state, { headers: { Accept: "application/json" } });
  if (answer.status === 404 || answer.status === 410) throw new Error("This link is closed.");
  if (!answer.ok) throw new Error(`The server answered ${answer.status}; reload the page.`);
  return answer.json();
}

async function whenReady() {
  for (;;) {
    const told = await ask();
    readout.wait(told.words);
    if (told.state === "ready") return told;
    if (told.state === "failed") throw new Error(told.words);
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }
}

function paintMap() {
  if (!screen) return;
  const map = overlay && maps && transport.frame !== null ? maps.picture(transport.frame, plane()) : null;
  screen.pictures.map = map && framed(map);
  document.body.dataset.map = map ? `${transport.frame} ${plane()}` : "";
  screen.draw();
}

/** The map above an empty band as high as the copy's. */
function framed(map) {
  if (rows === 1) return map;
  Object.assign(laid, { width: map.width, height: Math.round(map.height * rows) });
  laid.getContext("2d").drawImage(map, 0, 0);
  return laid;
}

function show() {
  const { frame } = transport;
  if (!screen || frame === null) return;
  screen.pictures.take = source.picture(frame);
  readout.frame(frame);
  readout.shares(maps, frame, plane());
  timeline.show(frame);
  paintMap();
  document.body.dataset.frame = frame;
}

async function open() {
  const media = await whenReady();
  const index = await (await fetch(media.labelsIndex)).json();
  maps = new LabelMaps(index, media.labels);
  source = addSource(media.film, { first: room.scene.start, rate: room.rate, transport, readout });
  const { video } = source;
  video.controlsList = "nodownload noremoteplayback";
  video.disablePictureInPicture = true;
  await new Promise((resolve, reject) => {
    video.addEventListener("loadedmetadata", resolve, { once: true });
    video.addEventListener("error", () => reject(new Error("The film cannot be played in this browser.")), { once: true });
  });
  byId("stills").hidden = true;
  ["tools", "timeline", "transport"].forEach((id) => (byId(id).hidden = false));
  byId("screen").prepend(canvas);
  const shownHeight = (video.videoWidth * index.height) / index.width;
  rows = Math.abs(video.videoHeight / shownHeight - 1) < 0.02 ? 1 : video.videoHeight / shownHeight;
  screen = new Screen(canvas, { width: video.videoWidth, height: video.videoHeight });
  screen.mode = "take";
  transport.addEventListener("frame", show);
  maps.addEventListener("map", ({ detail }) => detail === transport.frame && show());
  Object.assign(timeline, { labels: maps.index, plane: plane() });
  makeSwitches(document.querySelector("#shares-now .legend"), (hidden) => { maps.hidden = hidden; paintMap(); });
  if (room.hasSound) hear(video);
  transport.go(namedFrame() ?? room.scene.start);
  setInterval(() => renew().catch((error) => close(error.message)), RENEWED);
  video.addEventListener("error", () => reopen(video));
}

async function renew() {
  const media = await ask();
  maps.address = media.labels;
  byId("note-form").action = media.note;
  return media;
}

/** The film's address ran out: a new one, at the frame that was shown. */
async function reopen(video) {
  const frame = transport.frame ?? room.scene.start;
  transport.pause();
  try {
    video.src = (await renew()).film;
    await new Promise((resolve) => video.addEventListener("loadedmetadata", resolve, { once: true }));
    transport.go(frame);
  } catch (error) {
    close(error.message);
  }
}

function close(words) {
  transport.pause();
  source?.letGo();
  canvas.remove();
  ["tools", "timeline", "transport"].forEach((id) => (byId(id).hidden = true));
  readout.wait(words);
}

function hear(video) {
  const button = byId("sound");
  const turn = (on) => { video.muted = !on; button.setAttribute("aria-pressed", String(on)); };
  button.addEventListener("click", () => turn(video.muted));
  turn(true);
}

function toggleOverlay() {
  overlay = !overlay;
  byId("overlay").setAttribute("aria-pressed", String(overlay));
  paintMap();
}

function namedFrame() {
  const name = /frame=(\d+)/.exec(location.hash)?.[1];
  return name === undefined ? null : Number(name);
}

function writeNote() {
  for (const id of ["id_first", "id_last"]) byId(id).value = transport.frame ?? room.scene.start;
  byId("id_text").focus();
}

function mostMade() {
  const peak = timeline.walkPeaks(1);
  if (peak) transport.go(peak.frame);
}

canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
  const point = screen.toPicture(offsetX, offsetY);
  const { width, height } = maps.index;
  const [x, y] = [Math.floor((point.x * width) / screen.width), Math.floor((point.y * height * rows) / screen.height)];
  const found = maps.at(transport.frame, x, y);
  byId("pixel").value = found
    ? `picture ${WORDS[LABELS[found.structure]]} · colour ${WORDS[LABELS[found.colour]]}` : "";
});
canvas.addEventListener("contextmenu", (event) => event.preventDefault());
addEventListener("hashchange", () => namedFrame() !== null && transport.go(namedFrame()));
transport.addEventListener("state", () => {
  document.querySelector("[data-act=play]").setAttribute("aria-pressed", String(transport.playing !== 0));
});
const acts = { back: () => transport.step(-1), forth: () => transport.step(1), play: () => transport.toggle() };
document.querySelectorAll("[data-act]").forEach((button) => button.addEventListener("click", acts[button.dataset.act]));
byId("overlay").addEventListener("click", toggleOverlay);
byId("plane").addEventListener("change", () => { timeline.plane = plane(); show(); });
byId("loop").addEventListener("click", ({ currentTarget }) => {
  transport.loop = !transport.loop;
  currentTarget.setAttribute("aria-pressed", String(transport.loop));
});
listen({
  " ": acts.play, k: () => transport.pause(), ArrowLeft: acts.back, ArrowRight: acts.forth,
  "Shift+ArrowLeft": () => transport.step(-10), "Shift+ArrowRight": () => transport.step(10),
  Home: () => transport.go(room.scene.start), End: () => transport.go(room.scene.end - 1),
  p: toggleOverlay, m: mostMade, n: writeNote, L: () => byId("loop").click(), z: () => byId("sound")?.click(),
  "[": () => byId("before")?.click(), "]": () => byId("after")?.click(),
});
open().catch((error) => close(error.message));
