// Regions of a classifier of two classes on a grid that counts upwards, and the line between them.

import { mark } from "./chart.js";
import { fresh, html, range, svg } from "./common.js";
import { NEGATIVE, VALUE } from "./palette.js";

/** Colour the box: amber where class 0 is likely, blue where class 1 is; the darker, the surer. */
const paintRegions = (p, grid, { left, top, right, bottom }) => {
  const canvas = html("canvas", { width: grid, height: grid });
  const context = canvas.getContext("2d");
  const image = context.createImageData(grid, grid);
  p.forEach((share, at) => {
    const colour = share < 0.5 ? NEGATIVE : VALUE;
    // The grid counts upwards, an image downwards.
    const place = (grid - 1 - Math.floor(at / grid)) * grid + (at % grid);
    image.data.set([...colour, Math.round(Math.abs(share - 0.5) * 2 * 120)], place * 4);
  });
  context.putImageData(image, 0, 0);
  return svg("image", {
    href: canvas.toDataURL(),
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
    preserveAspectRatio: "none",
  });
};

/** The line where the probability passes one half, found cell by cell: the path of an SVG. */
const borderOf = (p, grid, { left, top, right, bottom }) => {
  const X = (column) => (left + (column / (grid - 1)) * (right - left)).toFixed(1);
  const Y = (row) => (bottom - (row / (grid - 1)) * (bottom - top)).toFixed(1);
  const cut = (a, b) => (0.5 - a) / (b - a);
  let path = "";
  for (const row of range(grid - 1))
    for (const column of range(grid - 1)) {
      const corner = row * grid + column;
      const [a, b, c, d] = [p[corner], p[corner + 1], p[corner + grid + 1], p[corner + grid]];
      const ends = [];
      if (a > 0.5 !== b > 0.5) ends.push([column + cut(a, b), row]);
      if (b > 0.5 !== c > 0.5) ends.push([column + 1, row + cut(b, c)]);
      if (d > 0.5 !== c > 0.5) ends.push([column + cut(d, c), row + 1]);
      if (a > 0.5 !== d > 0.5) ends.push([column, row + cut(a, d)]);
      for (let k = 0; k + 1 < ends.length; k += 2) {
        const [from, to] = ends.slice(k, k + 2);
        path += `M${X(from[0])} ${Y(from[1])}L${X(to[0])} ${Y(to[1])}`;
      }
    }
  return path;
};

const MARKS = [
  ["circle", "second"],
  ["triangle", "first"],
];
/** How the points of a class are marked: shape and colour, never colour alone. */
export const markOf = (label) => ({
  shape: MARKS[label][0],
  class: `bp-mark-${MARKS[label][1]}`,
});

/** The regions, the line between them and the points, from bottom to top. */
export const regionsOf = (p, grid, box) => [
  paintRegions(p, grid, box),
  svg("path", { d: borderOf(p, grid, box), class: "bp-border", fill: "none" }),
];

/** Which mark is which class. */
export const classKey = (classes) =>
  html(
    "ul",
    { class: "bp-legend" },
    classes.map((text, label) => {
      const { shape, ...look } = markOf(label);
      return html(
        "li",
        {},
        svg("svg", { width: 16, height: 14, "aria-hidden": "true" }, mark(shape, 8, 7, look)),
        text,
      );
    }),
  );

/** The choice of two features; `choose` is told the number of the pair. */
export const featureChoice = (pairs, choose) => {
  const id = `bp-select-${fresh()}`;
  const options = pairs.map((text, at) => html("option", { value: at }, text));
  const select = html(
    "select",
    { id, class: "bp-select", onchange: ({ target }) => choose(Number(target.value)) },
    options,
  );
  return {
    element: html("div", { class: "bp-slider" }, html("label", { for: id }, "Features"), select),
  };
};

/** What is to be known of the picture, once. */
export const HOW_TO_READ =
  "the line is where both classes are equally likely; the darker, the surer. The other features stay at their median.";
