// Chapter 9: what arrives in five layers, for every activation and every way to begin.

import { chart } from "./chart.js";
import { choice, frame, html, number, svg, widget } from "./common.js";

const mountHistograms = (el, spec) => {
  const parts = frame(el, spec, "histograms");
  const plots = html("div", { class: "bp-five" });
  parts.stage.append(
    plots,
    html(
      "p",
      { class: "bp-remark" },
      "Height of a bar: the root of the share of values, so that small shares can be seen.",
    ),
  );
  let { function: kind, start } = spec.start;
  const run = () => spec.runs.find((entry) => entry.function === kind && entry.start === start);

  const draw = (width) => {
    const { layers, low, high } = run();
    const columns = width >= 560 ? 5 : 2;
    const each = Math.floor((width - (columns - 1) * 8) / columns);
    plots.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
    plots.replaceChildren(
      ...layers.map(({ counts, mean, std }, at) => {
        const { picture, inside, X, Y } = chart({
          width: each,
          height: 168,
          x: [low, high],
          y: [0, 1],
          yTicks: [],
          xTicks: [low, (low + high) / 2, high],
          xFormat: (tick) => number(tick, 2),
          xLabel: "",
          yLabel: `layer ${at + 1}`,
          label: `Layer ${at + 1}: mean ${number(mean, 2)}, standard deviation ${number(std, 2)}`,
        });
        const step = (high - low) / counts.length;
        // The root keeps both a tall spike and a thin spread visible.
        counts.forEach((count, k) => {
          const tall = Math.sqrt(count / spec.samples);
          if (count)
            inside.append(
              svg("rect", {
                x: X(low + k * step),
                width: X(step) - X(0),
                y: Y(tall),
                height: Math.max(1, Y(0) - Y(tall)),
                class: "bp-bar-value",
              }),
            );
        });
        return html("div", {}, picture, html("p", { class: "bp-under" }, `std ${number(std, 2)}`));
      }),
    );
  };
  const show = () => {
    const { layers } = run();
    const [first, last] = [layers[0].std, layers.at(-1).std];
    const ends = layers.at(-1).counts;
    const edges = (ends[0] + ends.at(-1)) / spec.samples;
    parts.say(
      `${kind}, start ${start}: the standard deviation goes from ${number(first, 2)} in layer 1 to ${number(last, 2)} in layer 5. ` +
        (last < 0.02
          ? "The signal fades: all units say the same, and hardly any gradient comes back."
          : kind === "ReLU" && last > 10
            ? "The signal explodes: it grows from layer to layer."
            : kind !== "ReLU" && edges > 0.4
              ? "Most activations sit at the ends, where the slope is nearly 0: the units are saturated."
              : last < first / 2
                ? "The signal gets weaker from layer to layer."
                : "Every layer passes on about as much as it got."),
    );
    parts.redraw(plots);
  };
  parts.controls.append(
    choice(
      "Activation",
      spec.functions.map((key) => [key, key]),
      kind,
      (key) => {
        kind = key;
        show();
      },
    ).element,
    choice(
      "Weights",
      spec.starts.map((key) => [key, key]),
      start,
      (key) => {
        start = key;
        show();
      },
    ).element,
  );
  show();
  parts.fit(plots, draw);
  return parts;
};

export default widget(mountHistograms);
