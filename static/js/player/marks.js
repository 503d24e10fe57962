// Outlines over the picture: repairs, what was decided on them, protected regions, drawings. Next to a
// picture under review only its own map is coloured, and a shape that proposes a colour: that is what
// it says, so it is drawn in it, between light and dark edges that keep it apart from the picture.

const LIGHT = "#ffffff";
const DARK = "rgb(0 0 0 / 75%)";

export class Marks {
  constructor(screen) {
    this.screen = screen;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "marks";
    this.canvas.setAttribute("aria-hidden", "true");
    screen.canvas.after(this.canvas);
  }

  /** outlines: [{points: [[x, y]], closed, thick, dash, cross, colour}], in pixels of the picture. */
  draw(outlines) {
    const { canvas, screen } = this;
    // A layer costs time with every frame that plays under it, even if nothing is on it.
    canvas.hidden = !outlines.length;
    if (canvas.hidden) return;
    Object.assign(canvas, { width: screen.canvas.width, height: screen.canvas.height });
    const context = canvas.getContext("2d");
    const { left, top, scale } = screen.takePlace();
    for (const outline of outlines) {
      const path = trace(outline, (x, y) => [left + (x + 0.5) * scale, top + (y + 0.5) * scale]);
      const width = (outline.thick ? 3 : 1.5) * devicePixelRatio;
      context.setLineDash([]);
      context.strokeStyle = DARK;
      context.lineWidth = width + (outline.colour ? 5 : 2) * devicePixelRatio;
      context.stroke(path);
      context.setLineDash((outline.dash ?? []).map((length) => length * devicePixelRatio));
      context.strokeStyle = LIGHT;
      context.lineWidth = width + (outline.colour ? 3 : 0) * devicePixelRatio;
      context.stroke(path);
      if (!outline.colour) continue;
      context.strokeStyle = outline.colour;
      context.lineWidth = width + devicePixelRatio;
      context.stroke(path);
    }
  }
}

// A speck of a pixel has no outline to see: it gets a ring around it.
function trace({ points, closed = true, cross = false }, place) {
  const path = new Path2D();
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const [x0, y0] = place(left - 1, top - 1);
  const [x1, y1] = place(right + 1, bottom + 1);
  if (closed && right - left < 6 && bottom - top < 6) {
    const radius = Math.max(x1 - x0, y1 - y0, 9 * devicePixelRatio) / 2;
    path.arc((x0 + x1) / 2, (y0 + y1) / 2, radius, 0, 2 * Math.PI);
  } else {
    points.forEach(([x, y], index) => path[index ? "lineTo" : "moveTo"](...place(x, y)));
    if (closed) path.closePath();
  }
  if (cross) {
    path.moveTo(x0, y0);
    path.lineTo(x1, y1);
    path.moveTo(x1, y0);
    path.lineTo(x0, y1);
  }
  return path;
}
