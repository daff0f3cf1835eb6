// Chapter 9: five optimisers in a long valley, L(x, y) = x²/20 + y².

import { chart, mark, SHAPES } from "./chart.js";
import { frame, html, number, svg, widget } from "./common.js";
import { player } from "./player.js";

const mountRace = (el, spec) => {
  const parts = frame(el, spec, "race");
  const plot = html("div", { class: "bp-plot" });
  const side = html("div", { class: "bp-side" });
  parts.stage.append(html("div", { class: "bp-split bp-race-split" }, plot, side));
  const shown = spec.runners.map(() => true);
  let step = spec.start;
  const loss = ([x, y]) => (x * x) / 20 + y * y;

  const draw = (width) => {
    const graph = chart({
      width,
      height: 300,
      x: [-8, 4],
      y: [-3, 3],
      xLabel: "x",
      yLabel: "y",
      label: `The five paths after ${step} steps`,
    });
    const { picture, inside, line, dot, X, Y } = graph;
    for (const level of [0.05, 0.2, 0.6, 1.2, 2, 3, 4.5, 6.5, 9])
      inside.append(
        svg("ellipse", {
          cx: X(0),
          cy: Y(0),
          rx: X(Math.sqrt(20 * level)) - X(0),
          ry: Y(0) - Y(Math.sqrt(level)),
          class: "bp-contour",
        }),
      );
    dot(0, 0, { class: "bp-goal", shape: "cross", size: 6 });
    spec.runners.forEach(({ path }, at) => {
      if (!shown[at]) return;
      line(path.slice(0, step + 1), { class: `bp-series bp-series-${at}` });
      dot(...path[step], { class: `bp-runner bp-series-${at}`, shape: SHAPES[at], size: 6 });
    });
    plot.replaceChildren(picture);
  };
  const toggles = spec.runners.map(({ label, rate }, at) =>
    html(
      "button",
      {
        type: "button",
        class: "bp-button bp-toggle",
        "aria-pressed": "true",
        onclick: ({ currentTarget }) => {
          shown[at] = !shown[at];
          currentTarget.setAttribute("aria-pressed", String(shown[at]));
          parts.redraw(plot);
        },
      },
      svg(
        "svg",
        { width: 40, height: 16, "aria-hidden": "true" },
        svg("path", { d: "M1 8H39", fill: "none", class: `bp-series bp-series-${at}` }),
        mark(SHAPES[at], 20, 8, { size: 4.5, class: `bp-runner bp-series-${at}` }),
      ),
      html("span", {}, label, html("small", {}, ` rate ${number(rate)}`)),
      html("span", { class: "bp-loss" }),
    ),
  );
  side.append(html("p", { class: "bp-story" }, "Loss now (press to hide a path):"), ...toggles);
  const show = () => {
    const losses = spec.runners.map(({ path }) => loss(path[step]));
    toggles.forEach((toggle, at) => {
      toggle.querySelector(".bp-loss").textContent = number(losses[at], 2);
    });
    const best = losses.indexOf(Math.min(...losses));
    parts.say(
      step === 0
        ? "All start at (−7, 2), where the slope points mostly across the valley, not along it."
        : `After ${step} steps ${spec.runners[best].label} is lowest, with a loss of ${number(losses[best], 2)}. The bottom is at the cross.`,
    );
    parts.redraw(plot);
  };
  const bar = player(parts.root, spec.steps, {
    start: step,
    interval: 220,
    onStep: (to) => {
      step = to;
      show();
    },
  });
  parts.controls.append(bar.element);
  show();
  parts.fit(plot, draw);
  return {
    destroy: () => {
      bar.pause();
      parts.destroy();
    },
  };
};

export default widget(mountRace);
