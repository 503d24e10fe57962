// Opens the viewing copies: waits until they are made, then gives each its video.

import { VideoSource } from "./video.js";

/** Until its viewing copy is made, a film is only seen in stills; say how far it is. */
export async function whenReady(address, readout) {
  for (;;) {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`The viewing copy cannot be asked for (${answer.status}).`);
    const { state, words } = await answer.json();
    readout.wait(words);
    if (state === "ready") return;
    if (state === "failed") throw new Error(words);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

export function addSource(url, { first, rate, transport, readout }) {
  // Never put into the page: a browser without a graphics card would convert every picture once more.
  const video = document.createElement("video");
  // Anonymous: its frames may be read, too, where a bucket sends it (and has a rule for this site).
  Object.assign(video, {
    crossOrigin: "anonymous", muted: true, playsInline: true, preload: "auto", src: url,
  });
  const source = new VideoSource(video, {
    first, rate, onframe: () => transport.arrived(),
    onfault: () => readout.wait("The viewing copy cannot be played in this browser; reload the page for exact stills."),
  });
  transport.add(source);
  return source;
}
