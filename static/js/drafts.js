// What somebody types and has not sent is kept in this browser, and comes back with a word. A field
// says by data-draft under which name: the person and what it is about are in it.

const PREFIX = "draft:";

function keyOf(field) {
  return PREFIX + field.dataset.draft;
}

document.addEventListener("input", ({ target }) => {
  if (!target.dataset?.draft) return;
  try {
    if (target.value.trim()) localStorage.setItem(keyOf(target), target.value);
    else localStorage.removeItem(keyOf(target));
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
  if (wasSent && !refused) localStorage.removeItem(key);
  const kept = localStorage.getItem(key);
  if (!kept || field.value) return;
  field.value = kept;
  const said = Object.assign(document.createElement("p"), { className: "small muted brought-back" });
  const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet tight", textContent: "Discard it" });
  said.setAttribute("role", "status");
  said.append("Brought back: what you had not sent. ", button);
  button.addEventListener("click", () => {
    field.value = "";
    localStorage.removeItem(key);
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
