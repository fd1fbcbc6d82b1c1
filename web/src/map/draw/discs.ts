/** Circles with a fill and a stroke: clusters, selection, and where a silent drone may be. */

import { Instances, PRELUDE } from "./instances";

const VERTEX = `${PRELUDE}
in vec2 centre;
in float radius;
in float stroke;
in float dashes;
in vec4 fill;
in vec4 line;
out vec2 offset;
flat out float outer;
flat out float inner;
flat out float parts;
flat out vec4 fillColour;
flat out vec4 lineColour;
void main() {
  outer = radius;
  inner = radius - stroke;
  parts = dashes;
  fillColour = fill;
  lineColour = line;
  offset = corner() * (radius + 1.0);
  gl_Position = atPixel(centre + offset);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec2 offset;
flat in float outer;
flat in float inner;
flat in float parts;
flat in vec4 fillColour;
flat in vec4 lineColour;
out vec4 result;
void main() {
  float distance = length(offset);
  float inside = clamp(outer + 0.5 - distance, 0.0, 1.0);
  float within = clamp(inner + 0.5 - distance, 0.0, 1.0);
  float ring = inside - within;
  if (parts > 0.0 && fract(atan(offset.y, offset.x) / 6.2831853 * parts) > 0.6) ring = 0.0;
  float fillOpacity = fillColour.a * within;
  float lineOpacity = lineColour.a * ring;
  result = vec4(fillColour.rgb * fillOpacity + lineColour.rgb * lineOpacity, fillOpacity + lineOpacity);
}`;

export class Discs extends Instances {
  constructor(gl: WebGL2RenderingContext) {
    super(gl, {
      vertex: VERTEX,
      fragment: FRAGMENT,
      attributes: [
        { name: "centre", kind: "vec2" },
        { name: "radius", kind: "float" },
        { name: "stroke", kind: "float" },
        { name: "dashes", kind: "float" },
        { name: "fill", kind: "colour" },
        { name: "line", kind: "colour" },
      ],
    });
  }

  /** The stroke lies inside of the radius; with `dashes` it is broken into so many parts. */
  add(
    x: number,
    y: number,
    radius: number,
    stroke: number,
    fill: number,
    line: number,
    dashes = 0,
  ): void {
    const at = this.next();
    const { floats, words } = this;
    floats[at] = x;
    floats[at + 1] = y;
    floats[at + 2] = radius;
    floats[at + 3] = stroke;
    floats[at + 4] = dashes;
    words[at + 5] = fill;
    words[at + 6] = line;
  }
}
