// A network, layer by layer: activations on the way forward, gradients on the way back.

import { frame, html, number, range, slider, sliders, svg, widget } from "./common.js";
import { lossAndGradient, networkOf, numbers, sigmoid, softmax } from "./network.js";
import { networkPicture } from "./network_picture.js";
import { player } from "./player.js";

const mountNetwork = (el, spec) => {
  const parts = frame(el, spec, "network");
  const net = networkOf(spec.net);
  const samples = spec.count;
  const [x, t] = [numbers(spec.x), spec.t && Float64Array.from(spec.t)];
  const wide = x.length / samples;
  const perSample = t ? t.length / samples : 0;
  let chosen = 0;
  let picked = null;
  let drawn = null;
  let run = null;

  const compute = () => {
    const own = x.slice(chosen * wide, (chosen + 1) * wide);
    // Without labels there is no loss; the way forward is the same.
    const label = t ? t.slice(chosen * perSample, (chosen + 1) * perSample) : new Float64Array(99);
    run = lossAndGradient(net, own, label, 1);
    run.said = { softmax: (v) => softmax(v, v.length), sigmoid: (v) => v.map(sigmoid) }[net.loss];
  };
  compute();

  const columns = spec.columns;
  const steps = [
    { lit: 1, text: "The input is given." },
    ...range(columns - 1).map((at) => ({
      lit: at + 2,
      text:
        at === columns - 2
          ? "Forward: the last layer gives the scores."
          : `Forward: every unit of layer ${at + 1} adds what arrives, each times its weight.`,
    })),
  ];
  const forwardEnd = steps.length - 1;
  if (t)
    for (const at of range(columns).reverse())
      steps.push({
        backward: true,
        lit: at,
        text:
          at === columns - 1
            ? "Backward begins at the loss: its gradient with respect to every score."
            : at === 0
              ? "Backward has reached the input: every weight has its gradient."
              : `Backward through layer ${at + 1}: each unit adds what comes back, times the weights.`,
      });
  let current = forwardEnd;

  /** What the network says, in words. */
  const result = () => {
    const scores = run.outputs.at(-1);
    const said = run.said?.(scores) ?? scores;
    const outputs = spec.names.outputs;
    const best = said.indexOf(Math.max(...said));
    const name = (at) => outputs?.[at] ?? `class ${at}`;
    const says =
      net.loss === "softmax"
        ? `It says ${name(best)}, with probability ${number(said[best], 3)}`
        : net.loss === "sigmoid"
          ? `It gives probability ${number(said[0], 3)}`
          : `It says ${[...said].map((v) => number(v, 3)).join(", ")}`;
    if (!t) return `${says}.`;
    const wanted = net.loss === "softmax" ? name(t[chosen]) : number(t[chosen * perSample]);
    return `${says}; right would be ${wanted}. Loss ${number(run.loss, 4)}.`;
  };
  const show = () => {
    if (!drawn) return;
    const { backward, lit, text } = steps[current];
    drawn.show({ ...run, backward, lit, picked });
    const known = backward || current === forwardEnd;
    if (picked) {
      const gradient = backward && picked[0] >= lit;
      const at = drawn.columns[picked[0]].at;
      const back = gradient ? ` Gradient ∂ ${number(run.douts[at][picked[1]], 3)}.` : "";
      parts.say(drawn.describe(...picked, run) + back);
    } else parts.say(known && current === forwardEnd ? `${text} ${result()}` : text);
    bar.describe(text);
  };
  const draw = (width) => {
    const height = spec.tall
      ? Math.max(230, Math.min(330, width * 0.5))
      : Math.min(300, width * 0.6);
    drawn = networkPicture({
      net,
      width,
      height: Math.max(height, 190),
      names: spec.names,
      label: `A network with ${columns - 1} layers`,
      onPick: (column, node) => {
        bar.pause();
        picked = [column, node];
        show();
      },
    });
    parts.stage.replaceChildren(drawn.picture);
    show();
  };
  const bar = player(parts.root, steps.length - 1, {
    start: current,
    interval: 1300,
    onStep: (to) => {
      current = to;
      picked = null;
      show();
    },
  });
  parts.controls.append(bar.element);
  if (samples > 1)
    parts.controls.append(
      sliders(
        slider({
          label: "Sample",
          min: 1,
          max: samples,
          step: 1,
          value: 1,
          onInput: (at) => {
            chosen = at - 1;
            picked = null;
            compute();
            show();
          },
        }),
      ),
    );
  parts.controls.append(key(Boolean(t)));
  parts.fit(parts.stage, draw);
  show();
  return {
    destroy: () => {
      bar.pause();
      parts.destroy();
    },
  };
};

/** What colours and widths mean. */
const key = (goesBack) => {
  const line = (kind) =>
    svg(
      "svg",
      { width: 34, height: 14, "aria-hidden": "true" },
      svg("line", {
        x1: 1,
        y1: 7,
        x2: 33,
        y2: 7,
        "stroke-width": 4,
        class: `bp-net-edge bp-net-${kind}`,
      }),
    );
  const entries = [
    ["positive", "positive weight"],
    ["negative", "negative weight"],
    ...(goesBack ? [["gradient", "gradient"]] : []),
  ];
  return html(
    "ul",
    { class: "bp-legend" },
    entries.map(([kind, text]) => html("li", {}, line(kind), text)),
  );
};

export default widget(mountNetwork);
