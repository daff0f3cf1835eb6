// Chapter 2: the error of a numerical derivative against the step size.

import { chart, facts, legend, powerOfTen } from "./chart.js";
import { choice, clamp, frame, html, number, slider, svg, widget } from "./common.js";

const FLOOR = -16; // errors of exactly 0 are drawn here

const mountStepSize = (el, spec) => {
  const parts = frame(el, spec, "step-size");
  const plot = html("div", { class: "bp-plot" });
  const side = html("div", { class: "bp-side" });
  parts.stage.append(html("div", { class: "bp-split" }, plot, side));
  let chosen = 0,
    at = spec.start;
  const entry = () => spec.functions[chosen];
  const errors = (key) => entry()[key].map(([, error]) => error);
  const height = (error) => (error > 0 ? Math.max(FLOOR, Math.log10(error)) : FLOOR);

  const draw = (width) => {
    const graph = chart({
      width,
      height: 300,
      x: [-1, -15],
      y: [FLOOR, 1],
      xLabel: "step size h",
      yLabel: "error",
      xTicks: [-1, -3, -5, -7, -9, -11, -13, -15],
      yTicks: [0, -4, -8, -12, -16],
      xFormat: powerOfTen,
      yFormat: powerOfTen,
      label: `Errors of both differences for ${entry().label}`,
    });
    const { line, dot, inside, X, box, picture } = graph;
    inside.append(
      svg("line", {
        x1: X(spec.exponents[at]),
        x2: X(spec.exponents[at]),
        y1: box.top,
        y2: box.bottom,
        class: "bp-cursor",
      }),
    );
    for (const [key, kind, shape] of [
      ["forward", "second", "square"],
      ["central", "first", "circle"],
    ]) {
      const all = errors(key);
      line(
        all.map((error, k) => [spec.exponents[k], height(error)]),
        { class: `bp-line-${kind}` },
      );
      dot(spec.exponents[at], height(all[at]), { class: `bp-mark-${kind}`, shape, size: 6 });
    }
    const drag = (event) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const exponent = graph.under(event);
      at = clamp(
        Math.round((-(exponent + 1) * (spec.exponents.length - 1)) / 14),
        0,
        spec.exponents.length - 1,
      );
      size.value = at;
      show();
    };
    picture.addEventListener("pointerdown", drag);
    picture.addEventListener("pointermove", drag);
    picture.classList.add("bp-draggable");
    plot.replaceChildren(
      picture,
      legend([
        ["forward difference", "second", "square"],
        ["central difference", "first", "circle"],
      ]),
    );
  };
  /** The approximation with its right digits set apart. */
  const digits = (mine) => {
    const right = entry().exact;
    let same = 0;
    while (same < mine.length && mine[same] === right[same]) same += 1;
    return [
      html("b", { class: "bp-right" }, mine.slice(0, same)),
      html("span", { class: "bp-wrong" }, mine.slice(same)),
    ];
  };
  const show = () => {
    const [forward, central] = ["forward", "central"].map((key) => errors(key)[at]);
    side.replaceChildren(
      facts([
        ["step size h", number(10 ** spec.exponents[at], 3)],
        ["exact", html("code", {}, entry().exact)],
        ["forward: (f(x+h) − f(x)) / h", html("code", {}, digits(entry().forward[at][0]))],
        ["its error", number(forward, 2)],
        ["central: (f(x+h) − f(x−h)) / 2h", html("code", {}, digits(entry().central[at][0]))],
        ["its error", number(central, 2)],
      ]),
    );
    const exponent = spec.exponents[at];
    parts.say(
      exponent > -4.5
        ? "The curve bends between the two points: with h ten times smaller, the forward error is 10 times smaller and the central one 100 times."
        : exponent > -6
          ? "The best place for central differences: bend and rounding are about equally small."
          : exponent > -7.4
            ? "Central differences already suffer from rounding; forward ones still gain from a smaller h."
            : exponent > -8.6
              ? "The best place for forward differences. Central ones were better with a larger h."
              : "Rounding rules: the two function values agree in so many digits that their difference has few left.",
    );
    parts.redraw(plot);
  };
  const size = slider({
    label: "Step size h",
    min: 0,
    max: spec.exponents.length - 1,
    step: 1,
    value: at,
    show: (k) => number(10 ** spec.exponents[k], 2),
    onInput: (k) => {
      at = k;
      show();
    },
  });
  parts.controls.append(
    size.element,
    choice(
      "Function",
      spec.functions.map(({ label }, k) => [k, label]),
      0,
      (k) => {
        chosen = k;
        show();
      },
    ).element,
  );
  show();
  parts.fit(plot, draw);
  return parts;
};

export default widget(mountStepSize);
