/** One program that draws many instances of a quad, from a buffer that is filled anew each frame. */

export interface Attribute {
  name: string;
  kind: "float" | "vec2" | "colour";
}

const WORDS = { float: 1, vec2: 2, colour: 1 };

export class Instances {
  count = 0;
  /** The buffer as numbers, and as packed colours. */
  floats = new Float32Array(0);
  words = new Uint32Array(0);
  readonly stride: number;
  private readonly program: WebGLProgram;
  private readonly buffer: WebGLBuffer;
  private readonly layout: WebGLVertexArrayObject;
  private readonly viewport: WebGLUniformLocation | null;
  private readonly gl: WebGL2RenderingContext;

  constructor(
    gl: WebGL2RenderingContext,
    {
      vertex,
      fragment,
      attributes,
    }: { vertex: string; fragment: string; attributes: readonly Attribute[] },
  ) {
    this.gl = gl;
    this.stride = attributes.reduce((sum, attribute) => sum + WORDS[attribute.kind], 0);
    this.program = link(gl, vertex, fragment);
    this.viewport = gl.getUniformLocation(this.program, "viewport");
    this.buffer = gl.createBuffer();
    this.layout = gl.createVertexArray();
    gl.bindVertexArray(this.layout);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    let offset = 0;
    for (const { name, kind } of attributes) {
      const location = gl.getAttribLocation(this.program, name);
      if (location >= 0) {
        const colour = kind === "colour";
        const size = colour ? 4 : WORDS[kind];
        const type = colour ? gl.UNSIGNED_BYTE : gl.FLOAT;
        gl.enableVertexAttribArray(location);
        gl.vertexAttribPointer(location, size, type, colour, 4 * this.stride, 4 * offset);
        gl.vertexAttribDivisor(location, 1);
      }
      offset += WORDS[kind];
    }
    gl.bindVertexArray(null);
  }

  begin(): void {
    this.count = 0;
  }

  /** Where the next instance is written, in words. */
  next(): number {
    const at = this.count * this.stride;
    if (at + this.stride > this.floats.length) this.grow();
    this.count += 1;
    return at;
  }

  /** Draw in pixels of the page, origin at the top left. */
  draw(width: number, height: number): void {
    if (this.count > 0) this.submit(width, height);
  }

  private submit(width: number, height: number): void {
    const { gl } = this;
    // biome-ignore lint/correctness/useHookAtTopLevel: WebGL has a function of that name
    gl.useProgram(this.program);
    gl.uniform2f(this.viewport, width, height);
    gl.bindVertexArray(this.layout);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, this.floats, gl.STREAM_DRAW, 0, this.count * this.stride);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.count);
    gl.bindVertexArray(null);
  }

  private grow(): void {
    const larger = new ArrayBuffer(Math.max(2 * this.floats.byteLength, 4 * 256 * this.stride));
    const floats = new Float32Array(larger);
    // Copied as words: a colour read as a float may be a NaN whose bits do not survive.
    const words = new Uint32Array(larger);
    words.set(this.words);
    this.floats = floats;
    this.words = words;
  }
}

/** Vertex code shared by all: the corner of the quad, and pixels to clip space. */
export const PRELUDE = `#version 300 es
precision highp float;
uniform vec2 viewport;
vec2 corner() { return vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1)) * 2.0 - 1.0; }
vec4 atPixel(vec2 pixel) { return vec4(pixel / viewport * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0); }
`;

function link(gl: WebGL2RenderingContext, vertex: string, fragment: string): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ] as const) {
    const shader = gl.createShader(type);
    // A lost context hands out nothing; everything is made again when it is back.
    if (shader === null) return program;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`a program of the map does not link: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}
