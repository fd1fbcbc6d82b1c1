/** Icons: cells of one atlas, turned, scaled and coloured by instance. */

import { CELL_PX, COLUMNS, drawAtlas, ICON_PX, ROWS } from "./atlas";
import { Instances, PRELUDE } from "./instances";

const VERTEX = `${PRELUDE}
in vec2 centre;
in float size;
in float angle;
in float cell;
in vec4 fill;
in vec4 outline;
in vec4 halo;
out vec2 where;
flat out vec4 fillColour;
flat out vec4 outlineColour;
flat out vec4 haloColour;
void main() {
  vec2 at = corner();
  vec2 grid = vec2(${COLUMNS}.0, ${ROWS}.0);
  where = (vec2(mod(cell, grid.x), floor(cell / grid.x)) + at * 0.5 + 0.5) / grid;
  fillColour = fill;
  outlineColour = outline;
  haloColour = halo;
  vec2 offset = at * size * ${((CELL_PX / ICON_PX) * 0.5).toFixed(6)};
  float c = cos(angle);
  float s = sin(angle);
  gl_Position = atPixel(centre + vec2(c * offset.x - s * offset.y, s * offset.x + c * offset.y));
}`;

const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D atlas;
in vec2 where;
flat in vec4 fillColour;
flat in vec4 outlineColour;
flat in vec4 haloColour;
out vec4 result;
vec4 over(vec4 below, vec4 colour, float cover) {
  float opacity = colour.a * cover;
  return vec4(colour.rgb * opacity, opacity) + below * (1.0 - opacity);
}
void main() {
  vec4 cover = texture(atlas, where);
  vec4 below = over(vec4(0.0), vec4(haloColour.rgb, 1.0), cover.b);
  // The halo's opacity is that of the whole icon: its layers must not shine through each other.
  result = over(over(below, outlineColour, cover.g), fillColour, cover.r) * haloColour.a;
}`;

export class Sprites extends Instances {
  private readonly texture: WebGLTexture;
  private readonly context: WebGL2RenderingContext;

  constructor(gl: WebGL2RenderingContext, pixelRatio: number) {
    super(gl, {
      vertex: VERTEX,
      fragment: FRAGMENT,
      attributes: [
        { name: "centre", kind: "vec2" },
        { name: "size", kind: "float" },
        { name: "angle", kind: "float" },
        { name: "cell", kind: "float" },
        { name: "fill", kind: "colour" },
        { name: "outline", kind: "colour" },
        { name: "halo", kind: "colour" },
      ],
    });
    this.context = gl;
    this.texture = gl.createTexture();
    this.redrawAtlas(pixelRatio);
  }

  redrawAtlas(pixelRatio: number): void {
    const gl = this.context;
    const atlas = drawAtlas(Math.max(pixelRatio, 1));
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    gl.texImage2D(
      gl.TEXTURE_2D,
      0,
      gl.RGBA,
      atlas.width,
      atlas.height,
      0,
      gl.RGBA,
      gl.UNSIGNED_BYTE,
      atlas.pixels,
    );
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  }

  /**
   * Colours are packed, the angle is clockwise from up, in radians. The opacity of the halo is that
   * of the whole icon.
   */
  add(
    x: number,
    y: number,
    size: number,
    angle: number,
    cell: number,
    fill: number,
    outline: number,
    halo: number,
  ): void {
    const at = this.next();
    const { floats, words } = this;
    floats[at] = x;
    floats[at + 1] = y;
    floats[at + 2] = size;
    floats[at + 3] = angle;
    floats[at + 4] = cell;
    words[at + 5] = fill;
    words[at + 6] = outline;
    words[at + 7] = halo;
  }
}
