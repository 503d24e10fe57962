// Keys of the review room. They never act while someone types, or with Ctrl, Alt or Meta held.

export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    const isArrow = event.key.startsWith("Arrow");
    // A slider of the view, a column that scrolls, a choice of one: each keeps the arrows that it needs.
    if (isArrow && event.target.type === "radio") return;
    if ((isArrow || ["Home", "End"].includes(event.key)) && event.target.closest("[data-own-arrows]")) return;
    if (event.key.endsWith("Up") || event.key.endsWith("Down")) {
      if (event.target.closest(".side, nav")) return;
    }
    const name = event.shiftKey && isArrow ? `Shift+${event.key}` : event.key;
    const action = actions[name] ?? actions[name.toLowerCase()];
    if (!action) return;
    // Space presses a focused button too, or ticks a box; then that is meant, not the player.
    if (event.key === " " && event.target.closest("button, summary, a, [type=checkbox], [type=radio]")) return;
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
