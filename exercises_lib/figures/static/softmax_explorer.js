// Chapter 5: softmax with a temperature, a common shift, and with or without the safe form.

import { chart } from "./chart.js";
import { choice, frame, html, number, slider, sliders, svg, widget } from "./common.js";

const mountSoftmax = (el, spec) => {
  const parts = frame(el, spec, "softmax");
  const plot = html("div", { class: "bp-plot" });
  const table = html("div", { class: "bp-side" });
  parts.stage.append(html("div", { class: "bp-split bp-halves" }, plot, table));
  const scores = [...spec.scores];
  let temperature = 1,
    shift = 0,
    safe = true;

  const compute = () => {
    const z = scores.map((score) => (score + shift) / temperature);
    const largest = Math.max(...z);
    const powers = z.map((value) => Math.exp(safe ? value - largest : value));
    const sum = powers.reduce((a, b) => a + b, 0);
    return { z, powers, sum, y: powers.map((power) => power / sum) };
  };
  const power = () => {
    const x = temperature === 1 ? "x" : "x/T";
    return safe ? `e^(${x} − max)` : `e^(${x})`;
  };
  const draw = (width) => {
    const { y } = compute();
    const { picture, inside, above, X, Y } = chart({
      width,
      height: 250,
      x: [0, y.length],
      y: [0, 1.12],
      xTicks: [],
      yTicks: [0, 0.25, 0.5, 0.75, 1],
      xLabel: "",
      yLabel: "probability y",
      label: "The probabilities as bars",
    });
    y.forEach((p, at) => {
      const broken = Number.isNaN(p);
      const half = Math.min(0.3, 30 / (X(1) - X(0)));
      if (!broken)
        inside.append(
          svg("rect", {
            x: X(at + 0.5 - half),
            width: X(2 * half) - X(0),
            y: Y(p),
            height: Math.max(0, Y(0) - Y(p)),
            class: "bp-bar-value",
          }),
        );
      above.append(
        svg(
          "text",
          {
            x: X(at + 0.5),
            y: broken ? Y(0.06) : Y(p) - 6,
            "text-anchor": "middle",
            class: broken ? "bp-clash" : "bp-value",
          },
          broken ? "nan" : p.toFixed(3),
        ),
        svg(
          "text",
          { x: X(at + 0.5), y: Y(0) + 18, "text-anchor": "middle", class: "bp-tick" },
          `class ${at}${at === spec.target ? " (right)" : ""}`,
        ),
      );
    });
    plot.replaceChildren(picture);
  };
  const show = () => {
    const { powers, sum, y } = compute();
    const broken = y.some(Number.isNaN);
    const cell = (value, kind) => html("td", { class: kind }, number(value, 3));
    table.replaceChildren(
      html(
        "table",
        { class: "bp-table" },
        html(
          "thead",
          {},
          html(
            "tr",
            {},
            ["class", "x", power(), "y", "∂ y − t"].map((text) =>
              html("th", { scope: "col" }, text),
            ),
          ),
        ),
        html(
          "tbody",
          {},
          scores.map((score, at) =>
            html(
              "tr",
              {},
              html("th", { scope: "row" }, String(at)),
              cell(score + shift),
              cell(powers[at]),
              cell(y[at], "bp-is-value"),
              cell(y[at] - (at === spec.target ? 1 : 0), "bp-is-gradient"),
            ),
          ),
        ),
        html(
          "tfoot",
          {},
          html(
            "tr",
            {},
            html("th", { scope: "row" }, "sum"),
            html("td"),
            cell(sum),
            cell(y.reduce((a, b) => a + b, 0)),
            cell(broken ? NaN : y.reduce((a, b) => a + b, 0) - 1),
          ),
        ),
      ),
      html(
        "p",
        { class: "bp-story" },
        "Loss: ",
        html(
          "b",
          {},
          broken
            ? "nan"
            : y[spec.target] > 0
              ? number(Math.max(0, -Math.log(y[spec.target])))
              : "∞",
        ),
        ` = −log y of class ${spec.target}`,
      ),
    );
    parts.say(
      broken
        ? powers.some((power) => power === Infinity)
          ? "A power overflowed to ∞, and ∞ / ∞ is not a number. Subtract the largest score first: the result is the same, without overflow."
          : "All powers have become 0, and 0 / 0 is not a number. Subtract the largest score first."
        : Math.abs(shift) > 0
          ? "A number added to all scores changes nothing: it multiplies every power, and the sum, by the same factor."
          : temperature < 0.75
            ? "A low temperature stretches the differences: the largest score takes nearly all."
            : temperature > 1.5
              ? "A high temperature shrinks the differences: all classes come closer together."
              : `The gradient of the loss is y − t: the right class is pulled up by ${number(1 - y[spec.target], 3)}, the others are pushed down.`,
    );
    parts.redraw(plot);
  };
  const shifter = slider({
    label: "Add to every score",
    min: -1000,
    max: 1000,
    step: 10,
    value: 0,
    onInput: (value) => {
      shift = value;
      show();
    },
  });
  parts.controls.append(
    html(
      "div",
      { class: "bp-columns" },
      sliders(
        ...scores.map((score, at) =>
          slider({
            label: `Score ${at}`,
            min: -5,
            max: 5,
            step: 0.01,
            value: score,
            show: (value) => number(value, 3),
            onInput: (value) => {
              scores[at] = value;
              show();
            },
          }),
        ),
      ),
      sliders(
        slider({
          label: "Temperature T",
          min: 0.1,
          max: 5,
          step: 0.1,
          value: 1,
          onInput: (value) => {
            temperature = value;
            show();
          },
        }),
        shifter,
      ),
    ),
    choice(
      "Subtract the largest first",
      [
        [true, "yes"],
        [false, "no"],
      ],
      true,
      (value) => {
        safe = value;
        show();
      },
    ).element,
  );
  show();
  parts.fit(plot, draw);
  return parts;
};

export default widget(mountSoftmax);
