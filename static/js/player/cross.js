// A cross on the picture that arrow keys move, for whoever has no pointer.

import { Marks } from "./marks.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FAR = 10; // pixels of the picture, with Shift
const ARM = 8;

export class Cross {
  constructor(screen) {
    Object.assign(this, { screen, marks: new Marks(screen), at: null });
  }

  /** Put it where it was last, else in the middle. */
  begin() {
    this.at = this.last ?? [this.screen.width >> 1, this.screen.height >> 1];
    this.draw();
  }

  end() {
    this.last = this.at ?? this.last;
    this.at = null;
    this.draw();
  }

  /** By a pixel, or by ten; says whether it is there and the key was an arrow. */
  move({ key, shiftKey }) {
    const way = STEPS[key];
    if (!way || !this.at) return false;
    const far = shiftKey ? FAR : 1;
    const [x, y] = [this.at[0] + way[0] * far, this.at[1] + way[1] * far];
    this.at = [Math.min(Math.max(x, 0), this.screen.width - 1), Math.min(Math.max(y, 0), this.screen.height - 1)];
    this.draw();
    return true;
  }

  draw() {
    const [x, y] = this.at ?? [0, 0];
    const arms = [{ points: [[x - ARM, y], [x + ARM, y]], closed: false }, { points: [[x, y - ARM], [x, y + ARM]], closed: false }];
    this.marks.draw(this.at ? arms : []);
  }
}
