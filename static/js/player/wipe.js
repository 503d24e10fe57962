// The line between scan and take: where it lies on the canvas, how it leans, and its grips.

const REACH = 14; // CSS pixels around a grip, or the line, that count as on it
const ARM = 84; // CSS pixels from the middle grip to those that turn the line
const CATCH = 2.5; // degrees: so near to a multiple of 45 the line is on it

export class Wipe {
  constructor() {
    Object.assign(this, { x: 0.5, y: 0.5, angle: 0 });
  }

  /** Along its own normal, by a part of the canvas: to the take's side if above 0. */
  move(by) {
    const [across, down] = this.#normal();
    this.place(this.x + by * across, this.y + by * down);
  }

  /** x, y: of the middle grip, as parts of the canvas. */
  place(x, y) {
    Object.assign(this, { x: Math.min(Math.max(x, 0), 1), y: Math.min(Math.max(y, 0), 1) });
  }

  /** By degrees, clockwise; upright is 0, with the scan on the left. */
  turn(by) {
    this.angle = (((this.angle + by) % 360) + 360) % 360;
  }

  /** Through a point of a canvas of that size; scan and take keep their sides. */
  turnTo(x, y, { width, height }) {
    const through = (Math.atan2(y - this.y * height, x - this.x * width) * 180) / Math.PI - 90;
    const nearest = through + 180 * Math.round((this.angle - through) / 180);
    const caught = 45 * Math.round(nearest / 45);
    this.turn((Math.abs(nearest - caught) < CATCH ? caught : nearest) - this.angle);
  }

  /** What a press there takes hold of: "turn", "line" or null. */
  hit(x, y, { width, height }) {
    const [dx, dy] = [x - this.x * width, y - this.y * height];
    const [across, down] = this.#normal();
    const along = dy * across - dx * down;
    if (Math.abs(dx * across + dy * down) > REACH) return null;
    return Math.abs(Math.abs(along) - ARM) <= REACH ? "turn" : "line";
  }

  /** The scan's side, as a path in a canvas of that size. */
  side({ width, height }) {
    const far = 2 * (width + height);
    const [across, down] = this.#normal();
    const [x, y] = [this.x * width, this.y * height];
    const path = new Path2D();
    path.moveTo(x - down * far, y + across * far);
    path.lineTo(x + down * far, y - across * far);
    path.lineTo(x + (down - across) * far, y - (across + down) * far);
    path.lineTo(x - (down + across) * far, y + (across - down) * far);
    path.closePath();
    return path;
  }

  /** Line and grips; unit: device pixels for one of CSS. */
  draw(context, { width, height }, unit) {
    const far = width + height;
    const [across, down] = this.#normal();
    context.save();
    context.translate(this.x * width, this.y * height);
    for (const [ink, wide] of [["rgb(0 0 0 / 45%)", 3 * unit], ["#e8e8e8", Math.max(1, unit)]]) {
      context.strokeStyle = ink;
      context.lineWidth = wide;
      context.beginPath();
      context.moveTo(-down * far, across * far);
      context.lineTo(down * far, -across * far);
      context.stroke();
    }
    this.#grip(context, 0, 0, 7 * unit, unit);
    for (const way of [-1, 1]) this.#grip(context, way * -down * ARM * unit, way * across * ARM * unit, 5 * unit, unit);
    context.restore();
  }

  #grip(context, x, y, radius, unit) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = "rgb(28 28 28 / 72%)";
    context.fill();
    context.strokeStyle = "#e8e8e8";
    context.lineWidth = 1.5 * unit;
    context.stroke();
  }

  #normal() {
    const turned = (this.angle * Math.PI) / 180;
    return [Math.cos(turned), Math.sin(turned)];
  }
}
