// What somebody types and has not sent is kept in this browser, and comes back with a word. A field
// says by data-draft under which name: the person and what it is about are in it; by data-draft-with,
// which other fields of its form belong to that, such as the frames of a note and what was drawn.

const PREFIX = "draft:";

function keyOf(field) {
  return PREFIX + field.dataset.draft;
}

const beside = (field) => (field.dataset.draftWith ?? "").split(" ").filter(Boolean).map((name) => field.form.elements[name]);

/** The field that says where this one is kept. */
function draftOf(target) {
  if (target.dataset?.draft) return target;
  return [...(target.form?.querySelectorAll("[data-draft-with]") ?? [])].find((field) => beside(field).includes(target));
}

function keep(field) {
  const others = beside(field);
  // Frames alone say nothing; words or a drawing do.
  if (!field.value.trim() && !others.some(({ type, value }) => type === "hidden" && value)) return forget(keyOf(field));
  localStorage.setItem(keyOf(field), field.value);
  if (others.length) localStorage.setItem(`${keyOf(field)}:with`, JSON.stringify(others.map(({ value }) => value)));
}

function forget(key) {
  localStorage.removeItem(key);
  localStorage.removeItem(`${key}:with`);
}

document.addEventListener("input", ({ target }) => {
  const field = draftOf(target);
  try {
    if (field) keep(field);
  } catch { /* A full or forbidden store only means that nothing is kept. */ }
});

// What was sent is forgotten once the answer has come and speaks of no error.
document.addEventListener("submit", ({ target }) => {
  for (const field of target.querySelectorAll("[data-draft]")) sessionStorage.setItem(`sent:${keyOf(field)}`, "1");
}, { capture: true });

function bringBack(field, refused) {
  const key = keyOf(field);
  const wasSent = sessionStorage.getItem(`sent:${key}`);
  sessionStorage.removeItem(`sent:${key}`);
  if (wasSent && !refused) forget(key);
  const kept = localStorage.getItem(key);
  if (kept === null || field.value) return;
  field.value = kept;
  const values = JSON.parse(localStorage.getItem(`${key}:with`) ?? "[]");
  beside(field).forEach((other, place) => (other.value = values[place] || other.value));
  const said = Object.assign(document.createElement("p"), { className: "small muted brought-back" });
  const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet tight", textContent: "Discard it" });
  said.setAttribute("role", "status");
  said.append("Brought back: what you had not sent. ", button);
  button.addEventListener("click", () => {
    field.value = "";
    for (const other of beside(field)) {
      other.value = other.type === "hidden" ? "" : other.defaultValue;
      other.dispatchEvent(new Event("change", { bubbles: true }));
    }
    forget(key);
    said.remove();
    field.focus();
  });
  field.after(said);
  const fold = field.closest("details");
  if (fold) fold.open = true;
}

function look(place) {
  const refused = Boolean(place.querySelector(".message.error"));
  place.querySelectorAll("[data-draft]").forEach((field) => bringBack(field, refused));
}

document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
  const place = detail.target.id ? document.getElementById(detail.target.id) : null;
  if (place) look(place);
});
look(document);
