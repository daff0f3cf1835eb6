// Chapter 6: loss and accuracy while the network is training; Python sends new data on the way.

import { chart, legend, SHAPES } from "./chart.js";
import { frame, html, number, widget } from "./common.js";

const KINDS = ["first", "second", "third", "fourth"];

const mountLive = (el, spec) => {
  const parts = frame(el, spec, "live");
  const panels = ["loss", "accuracy"].map((name) => ({
    name,
    element: html("div", { class: "bp-plot" }),
  }));
  parts.stage.append(
    html(
      "div",
      { class: "bp-split bp-halves" },
      panels.map(({ element }) => element),
    ),
  );
  for (const { name, element } of panels) {
    const curves = spec.curves.filter(({ panel }) => panel === name);
    parts.fit(element, (width) => {
      const values = curves.flatMap((curve) => curve.values).filter((value) => value !== null);
      const high = name === "accuracy" ? 1 : Math.max(1, ...values) * 1.05;
      const low =
        name === "accuracy" ? Math.max(0, Math.floor(Math.min(0.9, ...values) * 10) / 10) : 0;
      const { picture, line, dot } = chart({
        width,
        height: 240,
        x: [0, spec.epochs],
        y: [low, high],
        xLabel: "epoch",
        yLabel: name,
        label: `${name} so far`,
      });
      curves.forEach((curve, at) => {
        const points = curve.values
          .map((value, k) => [(spec.epoch * (k + 1)) / curve.values.length, value])
          .filter(([, value]) => value !== null);
        line(points, { class: `bp-line-${KINDS[at % 4]}` });
        if (points.length)
          dot(...points.at(-1), { class: `bp-mark-${KINDS[at % 4]}`, shape: SHAPES[at % 4] });
      });
      element.replaceChildren(
        picture,
        legend(curves.map(({ label }, at) => [label, KINDS[at % 4], SHAPES[at % 4]])),
      );
    });
  }
  parts.controls.append(
    html("progress", {
      class: "bp-progress",
      max: spec.epochs,
      value: spec.epoch,
      "aria-label": "epochs that are over",
    }),
  );
  parts.say(
    spec.epoch === 0
      ? "The training has not begun yet."
      : `Epoch ${spec.epoch} of ${spec.epochs}: ${spec.curves.map(({ label, last }) => `${label} ${number(last, 3)}`).join(", ")}.`,
  );
  return parts;
};

export default widget(mountLive);
