// The course's digits as they travel, and how a drawn one is made like them.

import { bytes, range } from "./common.js";

/** Unpack an array that NumPy has compressed (.npz): its bytes, behind their header. */
const unpack = async (packed) => {
  const stream = new Blob([bytes(packed)])
    .stream()
    .pipeThrough(new DecompressionStream("deflate-raw"));
  const all = new Uint8Array(await new Response(stream).arrayBuffer());
  return all.subarray(10 + all[8] + 256 * all[9]);
};

/** Training and test digits: x with pixels from 0 to 1, t with classes. */
export const digitsOf = async ({ pixels, labels, isTest }) => {
  const [x, t, test] = await Promise.all([pixels, labels, isTest].map(unpack));
  const part = (wanted) => {
    const rows = range(t.length).filter((row) => test[row] === wanted);
    return {
      x: Float64Array.from(rows.flatMap((row) => [...x.subarray(row * 64, row * 64 + 64)])).map(
        (v) => v / 16,
      ),
      t: Int32Array.from(rows, (row) => t[row]),
    };
  };
  return { train: part(0), test: part(1) };
};

const DOTS = 32; // the scan has 32 × 32 dots, a pixel counts 4 × 4 of them
const PENS = [4, 5, 6, 7, 8, 9]; // the widths of a line, in dots
const INK = 17.5; // nearly every digit of the data set has as much, in pixels

/**
 * A drawn digit as the data set has it: scaled until it is as high as the scan (or as wide, if it
 * is wider), its middle in the middle, the line as thick as gives as much ink, and inked dots
 * counted in blocks of 4 × 4.
 */
export const digitFrom = (strokes) => {
  let pixels = new Float64Array(64);
  if (!strokes.length) return pixels;
  for (const pen of PENS) {
    pixels = scan(strokes, pen);
    if (pixels.reduce((sum, v) => sum + v, 0) >= INK) break;
  }
  return pixels;
};

const scan = (strokes, pen) => {
  const pixels = new Float64Array(64);
  const [xs, ys] = [0, 1].map((axis) => strokes.flat().map((point) => point[axis]));
  const [low, high] = [Math.min, Math.max].map((f) => [f(...xs), f(...ys)]);
  const scale = (DOTS - pen) / Math.max(high[0] - low[0], high[1] - low[1], 1e-6);
  const middle = [0, 1].map((axis) => (low[axis] + high[axis]) / 2);
  const put = (point) => point.map((v, axis) => (v - middle[axis]) * scale + DOTS / 2);
  const lines = strokes.flatMap((stroke) => {
    const on = stroke.map(put);
    return on.length === 1 ? [[on[0], on[0]]] : on.slice(1).map((point, at) => [on[at], point]);
  });
  for (const row of range(DOTS))
    for (const column of range(DOTS)) {
      const dot = [column + 0.5, row + 0.5];
      if (lines.some(([from, to]) => distance(dot, from, to) <= pen / 2))
        pixels[Math.floor(row / 4) * 8 + Math.floor(column / 4)] += 1 / 16;
    }
  return pixels;
};

/** How far a point is from a line between two others. */
const distance = ([x, y], [x1, y1], [x2, y2]) => {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const share = ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1);
  const at = Math.min(1, Math.max(0, share));
  return Math.hypot(x - x1 - at * dx, y - y1 - at * dy);
};
