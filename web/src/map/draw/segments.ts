/** Straight lines with a width in pixels and a colour at each end: grid, trails, tracks. */

import { Instances, PRELUDE } from "./instances";

const VERTEX = `${PRELUDE}
in vec2 start;
in vec2 end;
in float width;
in vec4 startColour;
in vec4 endColour;
out vec4 colour;
out float across;
out float halfWidth;
void main() {
  vec2 along = normalize(end - start + vec2(1e-6, 0.0));
  vec2 side = vec2(-along.y, along.x);
  vec2 at = corner();
  halfWidth = width * 0.5;
  across = at.y * (halfWidth + 1.0);
  colour = at.x < 0.0 ? startColour : endColour;
  gl_Position = atPixel((at.x < 0.0 ? start : end) + side * across);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec4 colour;
in float across;
in float halfWidth;
out vec4 result;
void main() {
  float opacity = colour.a * clamp(halfWidth + 0.5 - abs(across), 0.0, 1.0);
  result = vec4(colour.rgb * opacity, opacity);
}`;

export class Segments extends Instances {
  constructor(gl: WebGL2RenderingContext) {
    super(gl, {
      vertex: VERTEX,
      fragment: FRAGMENT,
      attributes: [
        { name: "start", kind: "vec2" },
        { name: "end", kind: "vec2" },
        { name: "width", kind: "float" },
        { name: "startColour", kind: "colour" },
        { name: "endColour", kind: "colour" },
      ],
    });
  }

  /** Colours are packed. */
  add(
    x0: number,
    y0: number,
    x1: number,
    y1: number,
    width: number,
    from: number,
    to = from,
  ): void {
    const at = this.next();
    const { floats, words } = this;
    floats[at] = x0;
    floats[at + 1] = y0;
    floats[at + 2] = x1;
    floats[at + 3] = y1;
    floats[at + 4] = width;
    words[at + 5] = from;
    words[at + 6] = to;
  }
}
