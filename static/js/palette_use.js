// Places of a palette's colour in other scenes: a click on a scene's picture puts the place there and
// ticks the scene. What the fields say is what is sent; the ring only shows it.

const byId = (id) => document.getElementById(id);

document.addEventListener("click", ({ target, offsetX, offsetY }) => {
  const picture = target.closest(".place-still img");
  if (!picture) return;
  const { place, width, height } = picture.closest("[data-place]").dataset;
  byId(`x-${place}`).value = Math.min(width - 1, Math.floor((offsetX / picture.clientWidth) * width));
  byId(`y-${place}`).value = Math.min(height - 1, Math.floor((offsetY / picture.clientHeight) * height));
  byId(`take-${place}`).checked = true;
  show(place);
});

document.addEventListener("input", ({ target }) => {
  const card = target.closest("[data-place]");
  if (!card) return;
  const { place } = card.dataset;
  if (target.name.startsWith("frame_") && target.validity.valid && target.value) {
    const picture = card.querySelector("img");
    picture.src = picture.src.replace(/\d+\.png/, `${target.value}.png`);
  }
  show(place, target.type === "checkbox" && !target.checked);
});

/** isProposed: a place that nobody confirmed has a dashed ring. */
function show(place, isProposed = false) {
  const [x, y] = [byId(`x-${place}`).value, byId(`y-${place}`).value];
  const drawing = byId(`place-${place}`).querySelector("svg");
  drawing.toggleAttribute("hidden", x === "" || y === "");
  const ring = drawing.querySelector("g");
  ring.setAttribute("class", isProposed ? "proposed" : "chosen");
  ring.setAttribute("transform", `translate(${Number(x) + 0.5} ${Number(y) + 0.5})`);
}
