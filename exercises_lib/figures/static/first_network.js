// A small network that learns a few points in the plane: what it says everywhere, its picture, its
// loss, and a button that takes a step of gradient descent.

import { chart, mark } from "./chart.js";
import { button, frame, html, number, range, slider, sliders, widget } from "./common.js";
import { copyOf, descend, forward, lossAndGradient, networkOf } from "./network.js";
import { networkPicture } from "./network_picture.js";
import { regionsOf } from "./regions.js";

const GRID = 44;

const mountFirst = (el, spec) => {
  const parts = frame(el, spec, "first");
  const begin = networkOf(spec.net);
  const n = spec.labels.length;
  const x = Float64Array.from(spec.points.flat());
  const t = Float64Array.from(spec.labels);
  const [low, high] = [-spec.reach, spec.reach];
  const [plane, side, curve] = range(3).map(() => html("div", { class: "bp-plot" }));
  parts.stage.append(
    html("div", { class: "bp-split bp-halves" }, plane, html("div", {}, side, curve)),
  );
  let net = copyOf(begin);
  let history = [];
  let chosen = 0;
  let backward = false;
  let drawn = null;
  let graph = null;
  let picked = null;

  const state = () => lossAndGradient(net, x, t, n);
  /** What belongs to one point: its rows of the activations and of their gradients. */
  const sample = (at) => {
    const { grads, ...all } = state();
    const row = (values) => values.slice((at * values.length) / n, ((at + 1) * values.length) / n);
    return { grads, outputs: all.outputs.map(row), douts: all.douts.map(row) };
  };

  const step = (times) => {
    picked = null;
    for (let k = 0; k < times; k++) {
      const { loss, grads } = state();
      history.push(loss);
      descend(net, grads, rate.value);
    }
    show();
  };
  const restart = () => {
    pause();
    net = copyOf(begin);
    history = [];
    show();
  };
  let timer = null;
  const pause = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  };
  const toggle = () => {
    if (timer) return pause();
    play.textContent = "Pause";
    timer = setInterval(() => step(1), 120);
  };

  const drawPlane = (width) => {
    const size = Math.min(width, 380);
    graph = chart({
      width: size,
      height: size - 20,
      x: [low, high],
      y: [low, high],
      xLabel: spec.names[0],
      yLabel: spec.names[1],
      label: "What the network says at every point of the plane",
    });
    graph.picture.addEventListener("click", (event) => {
      const { left, top, width: shown } = graph.picture.getBoundingClientRect();
      const at = [event.clientX - left, event.clientY - top].map((v) => (v * size) / shown);
      const far = spec.points.map(([px, py]) =>
        Math.hypot(graph.X(px) - at[0], graph.Y(py) - at[1]),
      );
      choose(far.indexOf(Math.min(...far)));
    });
    paint();
    plane.replaceChildren(graph.picture);
  };
  /** Colour the plane: blue where the network says 1, amber where it says 0. */
  const paint = () => {
    const at = (k) => low + (k / (GRID - 1)) * (high - low);
    const grid = Float64Array.from(
      range(GRID * GRID).flatMap((k) => [at(k % GRID), at(Math.floor(k / GRID))]),
    );
    const y = forward(net, grid, GRID * GRID).at(-1);
    const p = y.map((v) => Math.min(1, Math.max(0, v)));
    const { box, inside, X, Y } = graph;
    inside.replaceChildren(
      ...regionsOf(p, GRID, box),
      ...spec.points.map(([px, py], k) =>
        mark(spec.labels[k] ? "triangle" : "circle", X(px), Y(py), {
          size: k === chosen ? 9 : 6.5,
          class: `bp-mark-${spec.labels[k] ? "first" : "second"}${k === chosen ? " bp-mark-chosen" : ""}`,
        }),
      ),
    );
  };
  const drawNetwork = (width) => {
    drawn = networkPicture({
      net,
      width,
      height: Math.min(250, Math.max(190, width * 0.62)),
      names: { inputs: spec.names, outputs: ["y"] },
      label: "The network",
      onPick: (column, node) => {
        picked = [column, node];
        show();
      },
    });
    side.replaceChildren(drawn.picture);
    if (history) show();
  };
  const drawCurve = (width) => {
    const { loss } = state();
    const values = [...history, loss];
    const { picture, line, dot } = chart({
      width,
      height: 150,
      x: [0, Math.max(20, values.length - 1)],
      y: [0, Math.max(spec.loss * 1.05, ...values.slice(-400))],
      xLabel: "step",
      yLabel: "loss",
      label: "The loss after every step",
    });
    line(
      values.map((v, at) => [at, v]),
      { class: "bp-line-value" },
    );
    dot(values.length - 1, loss, { class: "bp-mark-value" });
    curve.replaceChildren(picture);
  };

  const show = () => {
    const { loss } = state();
    const own = sample(chosen);
    drawn?.show({ ...own, backward, picked, lit: backward ? 0 : undefined });
    if (graph) paint();
    parts.redraw(curve);
    if (picked) {
      parts.say(drawn.describe(...picked, own));
      return;
    }
    const [px, py] = spec.points[chosen];
    const y = number(own.outputs.at(-1)[0], 3);
    parts.say(
      `Step ${history.length}: loss ${number(loss, 4)}. The marked point (${number(px)}, ` +
        `${number(py)}) should give ${spec.labels[chosen]}; the network says ${y}.` +
        (backward
          ? " Red: how much the loss changes with each weight, and with each number of this point."
          : ""),
    );
  };
  const choose = (at) => {
    chosen = at;
    picked = null;
    show();
  };

  const play = html(
    "button",
    { type: "button", class: "bp-button bp-play", onclick: toggle },
    "Play",
  );
  const press = (text, action) => button(text, null, action);
  const ways = html(
    "button",
    {
      type: "button",
      class: "bp-button",
      "aria-pressed": "false",
      onclick: () => {
        backward = !backward;
        ways.setAttribute("aria-pressed", String(backward));
        show();
      },
    },
    "Show gradients",
  );
  const rate = slider({
    label: "Learning rate",
    min: 0.02,
    max: 1,
    step: 0.02,
    value: spec.rate,
    onInput: () => {},
  });
  parts.controls.append(
    html(
      "div",
      { class: "bp-bar" },
      button("Take a step", null, () => step(1), { class: "bp-button bp-main" }),
      press("10 steps", () => step(10)),
      play,
      press("Next point", () => choose((chosen + 1) % n)),
      ways,
      press("Start again", restart),
    ),
    sliders(rate),
  );
  parts.fit(plane, drawPlane);
  parts.fit(side, drawNetwork);
  parts.fit(curve, drawCurve);
  return {
    destroy: () => {
      pause();
      parts.destroy();
    },
  };
};

export default widget(mountFirst);
