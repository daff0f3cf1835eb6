// Axes, lines and marks, drawn at the width there is, so that the text keeps its size.

import { clamp, fresh, html, number, range, svg } from "./common.js";

/** Round numbers, about `count` of them, between low and high. */
export const ticks = (low, high, count) => {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.ceil(low / step - 1e-9);
  return range(Math.floor(high / step + 1e-9) - first + 1).map((at) => (first + at) * step);
};

/** Write a power of ten, 10⁻⁵. */
export const powerOfTen = (exponent) =>
  `10${String(exponent)
    .replace("-", "⁻")
    .replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])}`;

/**
 * Draw axes and return what maps data to the picture and draws on it.
 * `x` and `y` are [low, high]; `format` turns a tick into text.
 */
export const chart = ({
  width,
  height,
  x,
  y,
  xLabel,
  yLabel,
  label,
  xTicks,
  yTicks,
  xFormat = number,
  yFormat = number,
}) => {
  const id = `bp-clip-${fresh()}`;
  const ys = yTicks ?? ticks(...y, height / 45);
  const widest = Math.max(0, ...ys.map((tick) => [...yFormat(tick)].length));
  const [left, right, top, bottom] = [widest * 7.5 + 14, 12, 26, 42];
  const xs = xTicks ?? ticks(...x, (width - left) / 70);
  const X = (value) => left + ((value - x[0]) / (x[1] - x[0])) * (width - left - right);
  const Y = (value) => height - bottom - ((value - y[0]) / (y[1] - y[0])) * (height - top - bottom);
  const inside = svg("g", { "clip-path": `url(#${id})` });
  const above = svg("g");
  const picture = svg(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      class: "bp-chart",
      role: "img",
      "aria-label": label,
    },
    svg(
      "clipPath",
      { id },
      svg("rect", {
        x: left,
        y: top - 4,
        width: Math.max(0, width - left - right),
        height: height - top - bottom + 8,
      }),
    ),
    ys.flatMap((tick) => [
      svg("line", { x1: left, x2: width - right, y1: Y(tick), y2: Y(tick), class: "bp-grid" }),
      svg(
        "text",
        { x: left - 7, y: Y(tick) + 4, "text-anchor": "end", class: "bp-tick" },
        yFormat(tick),
      ),
    ]),
    xs.flatMap((tick) => [
      svg("line", { x1: X(tick), x2: X(tick), y1: top, y2: height - bottom, class: "bp-grid" }),
      svg(
        "text",
        { x: X(tick), y: height - bottom + 17, "text-anchor": "middle", class: "bp-tick" },
        xFormat(tick),
      ),
    ]),
    svg(
      "text",
      { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle", class: "bp-axis" },
      xLabel,
    ),
    svg("text", { x: 2, y: 14, class: "bp-axis" }, yLabel),
    inside,
    above,
  );
  const path = (points) =>
    points
      .map(
        ([px, py], at) =>
          `${at ? "L" : "M"}${X(px).toFixed(1)} ${clamp(Y(py), -1e4, 1e4).toFixed(1)}`,
      )
      .join("");
  return {
    picture,
    X,
    Y,
    inside,
    above,
    box: { left, top, right: width - right, bottom: height - bottom },
    line: (points, attributes) =>
      inside.appendChild(svg("path", { d: path(points), fill: "none", ...attributes })),
    /** A mark; one on the edge of the plot is drawn whole, one beyond it is cut off. */
    dot: (px, py, attributes) => {
      const [at, high] = [X(px), Y(py)];
      const within =
        at > left - 1 && at < width - right + 1 && high > top - 1 && high < height - bottom + 1;
      return (within ? above : inside).appendChild(
        mark(attributes.shape ?? "circle", at, high, attributes),
      );
    },
    text: (px, py, text, attributes) =>
      above.appendChild(svg("text", { x: X(px), y: Y(py), ...attributes }, text)),
    /** Find the data's x under a pointer. */
    under: (event) => {
      const { left: from, width: size } = picture.getBoundingClientRect();
      return (
        x[0] +
        ((((event.clientX - from) * width) / size - left) / (width - left - right)) * (x[1] - x[0])
      );
    },
  };
};

/** A mark whose shape says which series it belongs to, for those who do not see its colour. */
export const mark = (shape, x, y, { size = 5, shape: _, ...attributes } = {}) => {
  const s = size;
  const shapes = {
    circle: `M${x - s} ${y}a${s} ${s} 0 1 0 ${2 * s} 0a${s} ${s} 0 1 0 ${-2 * s} 0`,
    square: `M${x - s} ${y - s}h${2 * s}v${2 * s}h${-2 * s}z`,
    triangle: `M${x} ${y - s * 1.2}L${x + s * 1.15} ${y + s * 0.8}H${x - s * 1.15}z`,
    diamond: `M${x} ${y - s * 1.3}L${x + s * 1.2} ${y}L${x} ${y + s * 1.3}L${x - s * 1.2} ${y}z`,
    cross: `M${x - s} ${y - s}L${x + s} ${y + s}M${x + s} ${y - s}L${x - s} ${y + s}`,
  };
  return svg("path", { d: shapes[shape], ...attributes });
};
export const SHAPES = ["circle", "square", "triangle", "diamond", "cross"];

/** What the lines mean: a sample of each with its name. Entries are [text, kind, shape]. */
export const legend = (entries) =>
  html(
    "ul",
    { class: "bp-legend" },
    entries.map(([text, kind, shape]) =>
      html(
        "li",
        {},
        svg(
          "svg",
          { width: 34, height: 14, "aria-hidden": "true" },
          svg("path", { d: "M1 7H33", fill: "none", class: `bp-line-${kind}` }),
          shape ? mark(shape, 17, 7, { size: 4, class: `bp-mark-${kind}` }) : null,
        ),
        text,
      ),
    ),
  );

/** Rows of [name, value]; the value may be text or an element. */
export const facts = (rows) =>
  html(
    "dl",
    { class: "bp-facts" },
    rows.map(([name, value, kind]) =>
      html("div", {}, html("dt", {}, name), html("dd", { class: kind }, value)),
    ),
  );
