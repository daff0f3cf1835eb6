// Chapter 6: a two-layer network learns the course's digits in the page, and can be played with.

import { chart, legend } from "./chart.js";
import { button, frame, html, number, slider, sliders, widget } from "./common.js";
import { digitsOf } from "./digit_data.js";
import { twoSided } from "./palette.js";
import { accuracy, calmed, freshNetwork, loop, trainer } from "./training.js";

const ACROSS = 10;
const MOST_EPOCHS = 200;

const mountTraining = (el, spec) => {
  const parts = frame(el, spec, "training");
  const [curves, scores] = ["", ""].map(() => html("div", { class: "bp-plot" }));
  const weights = html("canvas", { class: "bp-pixels", role: "img" });
  const sheet = html("div", {}, html("p", { class: "bp-remark" }), weights);
  parts.stage.append(
    html("div", { class: "bp-split bp-halves" }, html("div", {}, curves, scores), sheet),
  );
  let data = null;
  let now = null;
  let losses = [];
  let points = [];
  let seen = 0;

  const restart = () => {
    run.stop();
    const { value: hidden } = units;
    const { std, seed } = spec;
    const net = freshNetwork({ sizes: [64, hidden, 10], std, loss: "softmax", seed });
    now = trainer({ net, data: data.train, batch: spec.batch, seed });
    losses = [];
    points = [measure()];
    show(true);
  };
  const measure = () => [now.steps, accuracy(now.net, data.train), accuracy(now.net, data.test)];
  const step = () => {
    const { loss, epochEnds } = now.step(10 ** rate.value);
    losses.push(loss);
    if (epochEnds) points.push(measure());
    if (now.epochs >= MOST_EPOCHS) run.stop();
    return epochEnds;
  };

  const drawCurves = (width) => {
    const all = [0, Math.max(60, losses.length)];
    const high = Math.max(2.5, ...losses.slice(-300)) * 1.02;
    const loss = chart({
      width,
      height: 170,
      x: all,
      y: [0, high],
      xLabel: "step",
      yLabel: "loss of a batch",
      label: "The loss of every batch",
    });
    loss.line(calmed(losses), { class: "bp-line-value" });
    curves.replaceChildren(loss.picture);
    const score = chart({
      width,
      height: 170,
      x: all,
      y: [0, 1],
      yTicks: [0, 0.25, 0.5, 0.75, 1],
      xLabel: "step",
      yLabel: "accuracy",
      label: "The accuracy after every epoch",
    });
    for (const [at, kind] of [
      [1, "value"],
      [2, "second"],
    ])
      score.line(
        points.map((point) => [point[0], point[at]]),
        { class: `bp-line-${kind}` },
      );
    scores.replaceChildren(
      score.picture,
      legend([
        ["training", "value"],
        ["test", "second"],
      ]),
    );
  };
  /** The weights of every hidden unit as an image, all in one canvas. */
  const drawWeights = () => {
    const { W, shape } = now.net.layers[0];
    const hidden = shape[1];
    const rows = Math.ceil(hidden / ACROSS);
    weights.width = ACROSS * 9 - 1;
    weights.height = rows * 9 - 1;
    const context = weights.getContext("2d");
    const image = context.createImageData(weights.width, weights.height);
    for (let unit = 0; unit < hidden; unit++) {
      let most = 1e-12;
      for (let j = 0; j < 64; j++) most = Math.max(most, Math.abs(W[j * hidden + unit]));
      for (let j = 0; j < 64; j++) {
        const x = (unit % ACROSS) * 9 + (j % 8);
        const y = Math.floor(unit / ACROSS) * 9 + Math.floor(j / 8);
        const at = (y * weights.width + x) * 4;
        image.data.set([...twoSided(W[j * hidden + unit] / most), 255], at);
      }
    }
    context.putImageData(image, 0, 0);
    weights.setAttribute("aria-label", `The first-layer weights of ${hidden} hidden units`);
    sheet.firstChild.textContent = `The weights of ${hidden} hidden units: ink on blue raises a unit`;
  };
  const show = (fully = false) => {
    if (!now) return;
    const time = performance.now();
    if (!fully && time - seen < 90) return; // ten pictures a second are enough
    seen = time;
    parts.redraw(curves);
    drawWeights();
    const [, train, test] = points.at(-1);
    const last = losses.slice(-20);
    const loss = last.reduce((sum, v) => sum + v, 0) / last.length;
    parts.say(
      `Epoch ${number(now.epochs, 3)}, step ${now.steps}` +
        (losses.length ? `: loss ${number(loss, 3)}` : "") +
        `; right: ${(100 * train).toFixed(1)} % of the training digits, ` +
        `${(100 * test).toFixed(1)} % of the test digits.`,
    );
    play.textContent = run.runs ? "Pause" : "Train";
    globalThis.bpDigitNetwork = now.net; // for the figure in which one draws
    if (!run.runs) document.dispatchEvent(new Event("bp-digit-network"));
  };
  const run = loop(step, show);
  const halt = (action) => () => {
    run.stop();
    action();
    show(true);
  };

  const play = html(
    "button",
    {
      type: "button",
      class: "bp-button bp-play bp-main",
      onclick: () => {
        if (!now) return;
        if (run.runs) run.stop();
        else run.start();
        show(true);
      },
    },
    "Train",
  );
  const ready = (action) => () => now && action();
  parts.controls.append(
    html(
      "div",
      { class: "bp-bar" },
      play,
      button("Step", "One step", ready(halt(step))),
      button(
        "Epoch",
        "One epoch",
        ready(
          halt(() => {
            while (!step());
          }),
        ),
      ),
      button("Start again", null, ready(restart)),
    ),
  );
  const rate = slider({
    label: "Learning rate",
    min: -2.5,
    max: 1,
    step: 0.05,
    value: Math.log10(spec.rate),
    show: (power) => number(10 ** power, 2),
    onInput: () => {},
  });
  const units = slider({
    label: "Hidden units",
    min: 1,
    max: 80,
    step: 1,
    value: spec.hidden,
    onInput: ready(restart),
  });
  parts.controls.append(sliders(rate, units));
  parts.say("The digits are being unpacked.");
  sheet.firstChild.textContent = "The weights of the hidden units";
  [weights.width, weights.height] = [ACROSS * 9 - 1, Math.ceil(spec.hidden / ACROSS) * 9 - 1];
  parts.fit(curves, drawCurves);
  digitsOf(spec.digits).then(
    (unpacked) => {
      if (!parts.root.isConnected) return;
      data = unpacked;
      restart();
    },
    () => parts.say("This browser cannot unpack the digits; a newer one can."),
  );
  return {
    destroy: () => {
      run.stop();
      parts.destroy();
    },
  };
};

export default widget(mountTraining);
