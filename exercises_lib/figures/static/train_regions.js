// Chapter 7: a small network learns to tell two classes apart; the regions where it says which move.

import { chart, mark } from "./chart.js";
import { button, frame, html, number, range, slider, sliders, widget } from "./common.js";
import { forward, numbers, sigmoid } from "./network.js";
import { classKey, featureChoice, HOW_TO_READ, markOf, regionsOf } from "./regions.js";
import { accuracy, calmed, freshNetwork, loop, trainer } from "./training.js";

const GRID = 40;

const mountRegions = (el, spec) => {
  const parts = frame(el, spec, "training");
  const [plane, curve] = ["", ""].map(() => html("div", { class: "bp-plot" }));
  parts.stage.append(html("div", { class: "bp-split" }, plane, curve));
  const D = spec.names.length;
  const data = { x: numbers(spec.x), t: Float64Array.from(spec.t) };
  let pair = spec.pairs[0];
  let now = null;
  let losses = [];
  let seen = 0;
  let graph = null;

  const restart = () => {
    run.stop();
    const net = freshNetwork({
      sizes: [D, units.value, 1],
      std: spec.std,
      loss: "sigmoid",
      seed: spec.seed,
    });
    now = trainer({ net, data, batch: data.t.length, seed: spec.seed });
    losses = [];
    show(true);
  };
  const step = () => {
    losses.push(now.step(rate.value).loss);
    if (losses.length >= spec.most) run.stop();
  };

  /** The probability of class 1 over the plane of the pair; the other features stay put. */
  const regions = () => {
    const grid = new Float64Array(GRID * GRID * D);
    for (const at of range(GRID * GRID)) {
      grid.set(spec.middle, at * D);
      pair.forEach((feature, axis) => {
        const k = axis ? Math.floor(at / GRID) : at % GRID;
        const [low, high] = [spec.low[feature], spec.high[feature]];
        grid[at * D + feature] = low + (k / (GRID - 1)) * (high - low);
      });
    }
    return forward(now.net, grid, GRID * GRID)
      .at(-1)
      .map(sigmoid);
  };
  const paint = () => {
    const p = regions();
    graph.inside.replaceChildren(
      ...regionsOf(p, GRID, graph.box),
      ...spec.points.map((row) => {
        const [x, y] = pair.map((feature) => data.x[row * D + feature]);
        const { shape, ...look } = markOf(data.t[row] ? 1 : 0);
        return mark(shape, graph.X(x), graph.Y(y), { size: 3.5, ...look });
      }),
    );
  };
  const drawPlane = (width) => {
    const axes = pair.map((feature) => [spec.low[feature], spec.high[feature]]);
    graph = chart({
      width,
      height: Math.min(330, width * 0.95),
      x: axes[0],
      y: axes[1],
      xLabel: spec.names[pair[0]],
      yLabel: spec.names[pair[1]],
      label: `Regions of ${pair.map((feature) => spec.names[feature]).join(" and ")}`,
    });
    plane.replaceChildren(graph.picture);
    paint();
  };
  const drawCurve = (width) => {
    const { picture, line } = chart({
      width,
      height: 200,
      x: [0, Math.max(100, losses.length)],
      y: [0, Math.max(0.8, ...calmed(losses).map(([, v]) => v))],
      xLabel: "step",
      yLabel: "loss",
      label: "The loss after every step",
    });
    line(calmed(losses), { class: "bp-line-value" });
    curve.replaceChildren(picture);
  };
  const show = (fully = false) => {
    const time = performance.now();
    if (!fully && time - seen < 60) return;
    seen = time;
    if (graph) paint();
    parts.redraw(curve);
    const loss = losses.length ? `: loss ${number(losses.at(-1), 3)}` : "";
    parts.say(
      `Step ${losses.length}${loss}; right: ${(100 * accuracy(now.net, data)).toFixed(1)} %. ` +
        `${HOW_TO_READ[0].toUpperCase()}${HOW_TO_READ.slice(1)}`,
    );
    play.textContent = run.runs ? "Pause" : "Train";
  };
  const run = loop(step, show);

  const play = html(
    "button",
    {
      type: "button",
      class: "bp-button bp-play bp-main",
      onclick: () => {
        if (run.runs) run.stop();
        else run.start();
        show(true);
      },
    },
    "Train",
  );
  const some = (count) => () => {
    run.stop();
    for (const _ of range(count)) step();
    show(true);
  };
  parts.controls.append(
    html(
      "div",
      { class: "bp-bar" },
      play,
      button("Step", "One step", some(1)),
      button("20 steps", null, some(20)),
      button("Start again", null, () => restart()),
    ),
  );
  const rate = slider({
    label: "Learning rate",
    min: 0.02,
    max: 2,
    step: 0.02,
    value: spec.rate,
    onInput: () => {},
  });
  const units = slider({
    label: "Hidden units",
    min: 1,
    max: 12,
    step: 1,
    value: spec.hidden,
    onInput: () => restart(),
  });
  const features = featureChoice(
    spec.pairs.map((both) => both.map((feature) => spec.names[feature]).join(" and ")),
    (at) => {
      pair = spec.pairs[at];
      parts.redraw(plane);
    },
  );
  parts.controls.append(sliders(rate, units, features), classKey(spec.classes));
  restart();
  parts.fit(plane, drawPlane);
  parts.fit(curve, drawCurve);
  return {
    destroy: () => {
      run.stop();
      parts.destroy();
    },
  };
};

export default widget(mountRegions);
