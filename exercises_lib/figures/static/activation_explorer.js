// Chapter 3: an activation, its slope, and what becomes of the gradient that arrives.

import { chart } from "./chart.js";
import { choice, frame, html, number, range, slider, sliders, svg, widget } from "./common.js";

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const ACTIVATIONS = {
  relu: { name: "ReLU", f: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0), range: [-1, 4] },
  sigmoid: {
    name: "sigmoid",
    f: sigmoid,
    slope: (x) => sigmoid(x) * (1 - sigmoid(x)),
    range: [-0.25, 1.25],
  },
  tanh: { name: "tanh", f: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2, range: [-1.25, 1.25] },
};

const mountActivation = (el, spec) => {
  const parts = frame(el, spec, "activation");
  const left = html("div", { class: "bp-plot" });
  const right = html("div", { class: "bp-plot" });
  const flow = html("div", { class: "bp-flow" });
  parts.stage.append(html("div", { class: "bp-split bp-halves" }, left, right), flow);
  let { kind, x, dout } = spec.start;
  const points = range(121).map((at) => -5 + at / 12);

  const drawFunction = (width) => {
    const { name, f, slope, range: y } = ACTIVATIONS[kind];
    const { picture, line, dot } = chart({
      width,
      height: 230,
      x: [-5, 5],
      y,
      xLabel: "x",
      yLabel: `y = ${name}(x)`,
      label: `${name} and its tangent`,
    });
    line(
      points.map((at) => [at, f(at)]),
      { class: "bp-line-value" },
    );
    const reach = 1.4;
    line(
      [
        [x - reach, f(x) - reach * slope(x)],
        [x + reach, f(x) + reach * slope(x)],
      ],
      { class: "bp-line-gradient" },
    );
    dot(x, f(x), { class: "bp-mark-value", size: 6 });
    left.replaceChildren(picture);
  };
  const drawSlope = (width) => {
    const { name, slope } = ACTIVATIONS[kind];
    const { picture, line, dot } = chart({
      width,
      height: 230,
      x: [-5, 5],
      y: [-0.1, 1.15],
      yTicks: [0, 0.25, 0.5, 0.75, 1],
      xLabel: "x",
      yLabel: "∂ slope f′(x)",
      label: `The derivative of ${name}`,
    });
    // ReLU's derivative jumps; two pieces keep the line from suggesting a slope in between.
    const pieces =
      kind === "relu"
        ? [
            [
              [-5, 0],
              [0, 0],
            ],
            [
              [0, 1],
              [5, 1],
            ],
          ]
        : [points.map((at) => [at, slope(at)])];
    for (const piece of pieces) line(piece, { class: "bp-line-gradient" });
    dot(x, slope(x), { class: "bp-mark-gradient", shape: "square", size: 6 });
    right.replaceChildren(picture);
  };
  const drawFlow = (width) => {
    const dx = dout * ACTIVATIONS[kind].slope(x);
    const middle = width / 2,
      unit = (middle - 80) / 2;
    const bar = (value, y, label, under) => [
      svg("rect", {
        x: Math.min(middle, middle + value * unit),
        y,
        width: Math.max(1, Math.abs(value) * unit),
        height: 20,
        class: under,
      }),
      svg(
        "text",
        {
          x: value < 0 ? middle + 8 : middle - 8,
          y: y + 15,
          "text-anchor": value < 0 ? "start" : "end",
        },
        label,
      ),
      svg(
        "text",
        {
          x: middle + value * unit + (value < 0 ? -8 : 8),
          y: y + 15,
          "text-anchor": value < 0 ? "end" : "start",
          class: "bp-gradient",
        },
        number(value, 3),
      ),
    ];
    flow.replaceChildren(
      svg(
        "svg",
        {
          viewBox: `0 0 ${width} 62`,
          width,
          height: 62,
          role: "img",
          "aria-label": `dout ${number(dout)}, dx ${number(dx)}`,
        },
        svg("line", { x1: middle, x2: middle, y1: 0, y2: 60, class: "bp-grid" }),
        ...bar(dout, 5, "∂ dout", "bp-bar-hollow"),
        ...bar(dx, 35, "∂ dx", "bp-bar-gradient"),
      ),
    );
  };
  const show = () => {
    const { name, f, slope } = ACTIVATIONS[kind];
    const s = slope(x);
    const bracketed = s < 0 ? `(${number(s)})` : number(s);
    const verdict =
      dout === 0
        ? ""
        : s === 0
          ? " Nothing gets through."
          : s === 1
            ? " It passes unchanged."
            : s < 0.05
              ? " Almost nothing gets through: the function is flat here."
              : ` ${number(100 * s, 2)} % gets through.`;
    parts.say(
      `Forward: y = ${name}(${number(x)}) = ${number(f(x))}. Backward: dx = dout × f′(x) = ${number(dout)} × ${bracketed} = ${number(dout * s)}.${verdict}`,
    );
    for (const each of [left, right, flow]) parts.redraw(each);
  };
  parts.controls.append(
    choice(
      "Activation",
      Object.entries(ACTIVATIONS).map(([key, { name }]) => [key, name]),
      kind,
      (key) => {
        kind = key;
        show();
      },
    ).element,
    sliders(
      slider({
        label: "x",
        min: -5,
        max: 5,
        step: 0.1,
        value: x,
        onInput: (value) => {
          x = value;
          show();
        },
      }),
      slider({
        label: "dout",
        min: -2,
        max: 2,
        step: 0.1,
        value: dout,
        kind: "bp-range-gradient",
        onInput: (value) => {
          dout = value;
          show();
        },
      }),
    ),
  );
  show();
  parts.fit(left, drawFunction);
  parts.fit(right, drawSlope);
  parts.fit(flow, drawFlow);
  return parts;
};

export default widget(mountActivation);
