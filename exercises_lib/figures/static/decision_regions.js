// Chapter 7: where a classifier of two classes says what, for two features at a time.

import { chart } from "./chart.js";
import { bytes, clamp, frame, html, number, slider, sliders, svg, widget } from "./common.js";
import { classKey, featureChoice, HOW_TO_READ, markOf, regionsOf } from "./regions.js";

const mountRegions = (el, spec) => {
  const parts = frame(el, spec, "regions");
  const plot = html("div", { class: "bp-plot" });
  parts.stage.append(plot);
  let pair = spec.pairs[0],
    stage = spec.stages.length - 1;
  let cross = null,
    graph = null,
    pointer = null;
  const names = () => pair.features.map((feature) => spec.names[feature]);
  const grid = spec.grid;

  const draw = (width) => {
    const [fx, fy] = pair.features;
    const [wide, high] = [Math.min(width, 620), Math.min(380, width * 0.95)];
    graph = chart({
      width: wide,
      height: high,
      x: [spec.low[fx], spec.high[fx]],
      y: [spec.low[fy], spec.high[fy]],
      xLabel: names()[0],
      yLabel: names()[1],
      label: `Regions of ${names().join(" and ")}`,
    });
    const { picture, inside, above, dot, box } = graph;
    const p = Float64Array.from(bytes(pair.images[stage]), (byte) => byte / 255);
    inside.append(...regionsOf(p, grid, box));
    spec.points.forEach((point, at) =>
      dot(point[fx], point[fy], { ...markOf(spec.labels[at] ? 1 : 0), size: 4 }),
    );
    pointer = svg(
      "g",
      { class: "bp-pointer" },
      svg("circle", { r: 7 }),
      svg("path", { d: "M-11 0H11M0 -11V11" }),
    );
    above.append(pointer);
    const hover = (event) => {
      const { left, top, width: shown } = picture.getBoundingClientRect();
      const scale = wide / shown;
      const share = [
        ((event.clientX - left) * scale - box.left) / (box.right - box.left),
        (box.bottom - (event.clientY - top) * scale) / (box.bottom - box.top),
      ];
      if (share.every((part) => part >= 0 && part <= 1))
        point(share.map((part) => Math.round(part * (grid - 1))));
    };
    picture.addEventListener("pointermove", hover);
    picture.addEventListener("pointerdown", hover);
    plot.replaceChildren(picture, key);
    point(cross);
  };
  const point = (where) => {
    cross = where;
    pointer?.setAttribute("visibility", where ? "visible" : "hidden");
    const epoch = spec.stages.length > 1 ? `${spec.stages[stage]}: ` : "";
    if (!where) {
      parts.say(`${epoch}${HOW_TO_READ}`);
      return;
    }
    const [fx, fy] = pair.features;
    const [px, py] = [fx, fy].map(
      (feature, k) =>
        spec.low[feature] + (where[k] / (grid - 1)) * (spec.high[feature] - spec.low[feature]),
    );
    pointer.setAttribute("transform", `translate(${graph.X(px)} ${graph.Y(py)})`);
    const p = bytes(pair.images[stage])[where[1] * grid + where[0]] / 255;
    parts.say(
      `${epoch}at ${names()[0]} ${number(px, 3)} and ${names()[1]} ${number(py, 3)} the probability of ${spec.classes[1]} is ${p.toFixed(2)}.`,
    );
  };
  const key = classKey(spec.classes);
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", "Decision regions; the arrow keys move a pointer");
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[
      event.key
    ];
    if (!step) return;
    point(
      cross ? cross.map((value, k) => clamp(value + step[k], 0, grid - 1)) : [grid >> 1, grid >> 1],
    );
    event.preventDefault();
    event.stopPropagation();
  });
  const features = featureChoice(
    spec.pairs.map(({ features: [a, b] }) => `${spec.names[a]} and ${spec.names[b]}`),
    (at) => {
      pair = spec.pairs[at];
      cross = null;
      parts.redraw(plot);
    },
  );
  const trained = slider({
    label: "Trained",
    min: 0,
    max: spec.stages.length - 1,
    step: 1,
    value: stage,
    show: (at) => spec.stages[at],
    onInput: (at) => {
      stage = at;
      parts.redraw(plot);
    },
  });
  parts.controls.append(sliders(features, ...(spec.stages.length > 1 ? [trained] : [])));
  parts.fit(plot, draw);
  return parts;
};

export default widget(mountRegions);
