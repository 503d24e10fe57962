// Keys of the review room. They never act while someone types, or with Ctrl, Alt or Meta held.

export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    const name = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;
    const action = actions[name] ?? actions[name.toLowerCase()];
    if (!action) return;
    // Space presses a focused button too; then the button is meant, not the player.
    if (event.key === " " && event.target.closest("button, summary, a")) return;
    event.preventDefault();
    action(event);
  });
}

function isTyping(element) {
  return Boolean(
    element.closest("textarea, select, dialog[open], [contenteditable]") ||
      (element.closest("input") && !["checkbox", "range", "radio", "color"].includes(element.type)),
  );
}
