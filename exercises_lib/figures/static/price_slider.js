// Chapter 1: the change that the gradient predicts, beside the true one.

import { chart, facts, legend } from "./chart.js";
import { choice, frame, html, number, range, slider, svg, widget } from "./common.js";

const mountPrice = (el, spec) => {
  const parts = frame(el, spec, "price");
  const plot = html("div", { class: "bp-plot" });
  const side = html("div", { class: "bp-side" });
  parts.stage.append(html("div", { class: "bp-split" }, plot, side));
  let move = spec.moves[spec.start.move];
  let percent = spec.start.percent;
  const moved = () => spec.inputs.filter(({ key }) => move.keys.includes(key));
  const truth = (by) => spec.total * (1 + by / 100) ** move.keys.length;
  const guess = (by) =>
    spec.total + moved().reduce((sum, { value, grad }) => sum + (grad * value * by) / 100, 0);

  const draw = (width) => {
    const low = Math.min(truth(-50), guess(-50)),
      high = Math.max(truth(50), guess(50));
    const { picture, line, dot, inside, X, Y } = chart({
      width,
      height: 270,
      x: [-50, 50],
      y: [Math.min(0, low), high * 1.03],
      xTicks: [-50, -25, 0, 25, 50],
      xFormat: (tick) => (tick > 0 ? `+${tick} %` : `${number(tick)} %`),
      xLabel: `${move.label} changed by`,
      yLabel: "total",
      label: `The total against ${move.label}: truth and prediction`,
    });
    const points = range(101).map((at) => at - 50);
    line(
      points.map((by) => [by, truth(by)]),
      { class: "bp-line-value" },
    );
    line(
      [
        [-50, guess(-50)],
        [50, guess(50)],
      ],
      { class: "bp-line-gradient" },
    );
    dot(0, spec.total, { class: "bp-mark-neutral" });
    inside.append(
      svg("line", {
        x1: X(percent),
        x2: X(percent),
        y1: Y(truth(percent)),
        y2: Y(guess(percent)),
        class: "bp-gap",
      }),
    );
    dot(percent, guess(percent), { class: "bp-mark-gradient", shape: "square", size: 8 });
    dot(percent, truth(percent), { class: "bp-mark-value", size: 4.5 });
    plot.replaceChildren(
      picture,
      legend([
        ["true total", "value", "circle"],
        ["∂ predicted", "gradient", "square"],
      ]),
    );
  };
  const show = () => {
    const terms = moved().map(
      ({ value, grad }) => `${number(grad)} × ${number((value * percent) / 100)}`,
    );
    const predicted = guess(percent) - spec.total,
      change = truth(percent) - spec.total;
    const off = change - predicted;
    const small = Math.abs(off) < 1e-9;
    side.replaceChildren(
      facts([
        ...moved().map(({ key, value }) => [
          key,
          `${number(value)} → ${number(value * (1 + percent / 100))}`,
        ]),
        [
          "∂ predicted change",
          [
            ...terms.flatMap((term, at) => [at ? html("br") : "", at ? "+ " : "", term]),
            html("br"),
            `= ${number(predicted)}`,
          ],
          "bp-is-gradient",
        ],
        [
          "true change",
          [`${number(truth(percent))} − ${number(spec.total)}`, html("br"), `= ${number(change)}`],
          "bp-is-value",
        ],
        ["difference", small ? "0" : number(off)],
      ]),
    );
    parts.say(
      small
        ? move.keys.length === 1
          ? `The total is proportional to ${move.label}, so the prediction is exact for a change of any size.`
          : "Without a change there is nothing to predict."
        : `Moved together, the inputs multiply: the curve bends away and the prediction misses by ${number(off)}. Halve the change and the miss shrinks to about a quarter.`,
    );
    parts.redraw(plot);
  };
  const by = slider({
    label: "Change",
    min: -50,
    max: 50,
    step: 1,
    value: percent,
    show: (value) => `${value > 0 ? "+" : ""}${number(value)} %`,
    onInput: (value) => {
      percent = value;
      show();
    },
  });
  parts.controls.append(
    choice(
      "Move",
      spec.moves.map((entry, at) => [at, entry.label]),
      spec.start.move,
      (at) => {
        move = spec.moves[at];
        show();
      },
    ).element,
    by.element,
  );
  show();
  parts.fit(plot, draw);
  return parts;
};

export default widget(mountPrice);
