// Chapter 6: gradient descent on L(w) = ½ w² with a learning rate of one's choice.

import { chart, powerOfTen, ticks } from "./chart.js";
import { frame, html, number, range, slider, sliders, widget } from "./common.js";

const mountRate = (el, spec) => {
  const parts = frame(el, spec, "rate");
  const left = html("div", { class: "bp-plot" });
  const right = html("div", { class: "bp-plot" });
  parts.stage.append(html("div", { class: "bp-split bp-halves" }, left, right));
  let { rate } = spec;
  let shown = spec.steps;
  const loss = (w) => (w * w) / 2;
  const walk = () => {
    const path = [spec.start];
    for (let step = 0; step < spec.steps; step += 1) path.push(path.at(-1) - rate * path.at(-1));
    return path;
  };
  const points = range(81).map((at) => -6 + at * 0.15);

  const drawValley = (width) => {
    const path = walk().slice(0, shown + 1);
    const { picture, line, dot } = chart({
      width,
      height: 260,
      x: [-6, 6],
      y: [-0.8, 18],
      xLabel: "weight w",
      yLabel: "loss L(w) = ½ w²",
      label: "The steps on the loss curve",
    });
    line(
      points.map((w) => [w, loss(w)]),
      { class: "bp-line-neutral" },
    );
    line(
      path.map((w) => [w, loss(w)]),
      { class: "bp-line-value bp-thin" },
    );
    path.forEach((w, at) =>
      dot(w, loss(w), {
        class: at ? "bp-mark-value" : "bp-mark-neutral",
        size: at === path.length - 1 ? 6 : 3.5,
      }),
    );
    // The slope where the walk begins: what the first step follows.
    const [w, reach] = [spec.start, 1];
    line(
      [
        [w - reach, loss(w) - reach * w],
        [w + reach, loss(w) + reach * w],
      ],
      { class: "bp-line-gradient" },
    );
    left.replaceChildren(picture);
  };
  const drawLoss = (width) => {
    const all = walk().map((w) => Math.max(-8, Math.log10(Math.max(loss(w), 1e-12))));
    const high = Math.max(2, Math.ceil(Math.max(...all)));
    const { picture, line, dot } = chart({
      width,
      height: 260,
      x: [0, spec.steps],
      y: [-8, high],
      yTicks: ticks(-8, high, 5).map(Math.round),
      xLabel: "step",
      yLabel: "loss",
      yFormat: powerOfTen,
      label: "The loss after every step",
    });
    line(
      all.slice(0, shown + 1).map((value, at) => [at, value]),
      { class: "bp-line-value" },
    );
    all
      .slice(0, shown + 1)
      .forEach((value, at) =>
        dot(at, value, { class: at ? "bp-mark-value" : "bp-mark-neutral", size: 3.5 }),
      );
    right.replaceChildren(picture);
  };
  const show = () => {
    const path = walk();
    const factor = 1 - rate;
    const verdict =
      rate < 0.1
        ? "too small: the walk creeps, and after these steps it is far from the bottom."
        : rate < 0.995
          ? "every step shortens the way on the same side of the valley."
          : rate <= 1.005
            ? "one step lands at the bottom. That works only because this valley is so simple."
            : rate < 1.995
              ? "every step jumps across the valley, yet a little lower: a zigzag that still arrives."
              : rate <= 2.005
                ? "it jumps from side to side at the same height, for ever."
                : "too large: every step lands higher than the last. The loss explodes.";
    parts.say(
      `w ← w − ${number(rate)} · w = ${factor < 0 ? `(${number(factor)})` : number(factor)} · w. After ${shown} steps w = ${number(path[shown], 3)}, loss ${number(loss(path[shown]), 3)}; ${verdict}`,
    );
    parts.redraw(left);
    parts.redraw(right);
  };
  parts.controls.append(
    sliders(
      slider({
        label: "Learning rate",
        min: 0.02,
        max: 2.2,
        step: 0.02,
        value: rate,
        onInput: (value) => {
          rate = value;
          show();
        },
      }),
      slider({
        label: "Steps",
        min: 0,
        max: spec.steps,
        step: 1,
        value: shown,
        onInput: (value) => {
          shown = value;
          show();
        },
      }),
    ),
  );
  show();
  parts.fit(left, drawValley);
  parts.fit(right, drawLoss);
  return parts;
};

export default widget(mountRate);
