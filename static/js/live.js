// What is new in a room while it is open, and who else is here: by server-sent events where the server
// has a place for them, else by asking now and then. A hidden page lets go of its stream: a browser
// has few connections to a server, and a place that nobody looks at is better given to somebody else.

const ASKED = 10_000; // milliseconds between two questions where there is no stream
const HIDDEN = 15_000; // so long may a page be hidden before it lets go
const STREAM_AGAIN = 120_000; // after which a page that asks tries for a stream once more

const place = document.getElementById("live");
const { stream, news, me, notes: notesAddress } = place.dataset;
const said = document.getElementById("live-said");
let since = place.dataset.since;
let source = null;
let asking = null;
let hiding = null;
let mayStream = 0; // the time from which on a stream may be tried

const kinds = { notes: onNotes, decision: onDecision, run: onRun, words: onWords, people: onPeople };

function open() {
  if (source || asking || document.hidden) return;
  if (Date.now() < mayStream || !("EventSource" in window)) return ask();
  source = new EventSource(`${stream}?since=${encodeURIComponent(since)}`);
  for (const kind of Object.keys(kinds)) {
    source.addEventListener(kind, (event) => {
      since = event.lastEventId;
      hear(kind, JSON.parse(event.data));
    });
  }
  source.addEventListener("open", () => (document.body.dataset.live = "stream"));
  source.addEventListener("closed", () => stop()); // who may not be here any more is told so by the next page
  source.addEventListener("error", () => {
    // Cut off, the browser tries again by itself; refused (503, no log-in), it does not.
    if (source?.readyState !== EventSource.CLOSED) return;
    stop();
    mayStream = Date.now() + STREAM_AGAIN;
    ask();
  });
}

async function ask() {
  document.body.dataset.live = "asks";
  clearTimeout(asking);
  asking = setTimeout(() => { asking = null; open(); }, ASKED);
  const answer = await fetch(`${news}?since=${encodeURIComponent(since)}`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.redirected || [401, 403, 404].includes(answer?.status)) return stop();
  if (!answer?.ok) return;
  const told = await answer.json();
  since = told.since;
  for (const { kind, facts } of told.events) hear(kind, facts);
}

function stop() {
  source?.close();
  clearTimeout(asking);
  source = asking = null;
  document.body.dataset.live = "";
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(stop, HIDDEN);
  else open();
});
addEventListener("pagehide", stop);
addEventListener("pageshow", open);

function hear(kind, facts) {
  if (facts.by && facts.by === me) return;
  kinds[kind]?.(facts);
}

/** One line for each subject: the newest takes the place of the one before. */
function say(subject, words, { button = null, act = null, tone = "" } = {}) {
  let line = said.querySelector(`[data-subject="${subject}"]`);
  if (!line) {
    line = document.createElement("p");
    line.dataset.subject = subject;
    said.append(line);
  }
  line.className = tone;
  line.replaceChildren(words);
  if (button) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "tight", textContent: button });
    made.addEventListener("click", act);
    line.append(made);
  }
  return line;
}

function reload() {
  location.reload();
}

function onPeople({ people }) {
  const others = people.filter(({ by }) => by !== me).map(({ name }) => name);
  const here = document.getElementById("live-here");
  here.hidden = others.length === 0;
  here.textContent = others.length ? `Also here: ${others.join(", ")}` : "";
}

function onDecision({ name, did }) {
  say("decision", `${name} ${did}.`, { button: "Show it", act: reload });
}

function onWords({ name, did }) {
  say("words", `${name} ${did}.`.trim(), { button: "Show it", act: reload });
}

// What somebody is typing is never taken from under their hands.
function onNotes({ name, did }) {
  const section = document.getElementById("notes");
  const busy = section.contains(document.activeElement) || section.querySelector("details[open]")
    || [...section.querySelectorAll("textarea")].some((field) => field.value);
  if (busy) return say("notes", `${name} ${did}.`, { button: "Show it", act: showNotes });
  showNotes();
  say("notes", `${name} ${did}.`);
}

async function showNotes() {
  await window.htmx.ajax("GET", notesAddress, { target: "#notes", swap: "outerHTML" });
  said.querySelector("[data-subject=notes]")?.remove();
}

function onRun({ run, stage, status, words, done, total, take, error }) {
  if (status === "done") {
    const made = take ? `${stage} take ${take} is made.` : `${stage} is done.`;
    return say("run", made, { button: "Show it", act: reload });
  }
  if (status === "failed") return say("run", `${stage} failed: ${error}`, { tone: "bad" });
  if (status === "cancelled") return say("run", `${stage} was cancelled.`);
  const line = say("run", status === "running" ? `${stage}: ${done} of ${total} frames` : `${stage} is ${words}`);
  if (status !== "running" || !total) return line;
  const bar = document.createElement("progress");
  Object.assign(bar, { max: total, value: done });
  bar.setAttribute("aria-label", `Progress of run ${run}`);
  line.append(bar);
  return line;
}

open();
