// Draws a network: nodes as bright as their activations, edges as thick as their weights, and,
// on the way back, as thick as their gradients.

import { clamp, number, range, svg } from "./common.js";
import { freePlace, textWidth } from "./labels.js";

const FEW = 8; // so many nodes in a column have room for their numbers

/** The columns of a network: the inputs, then what leaves each affine layer's activation. */
export const columnsOf = (net) => {
  const columns = [{ at: 0, size: net.layers.find(({ kind }) => kind === "affine").shape[0] }];
  net.layers.forEach((layer, at) => {
    if (layer.kind === "affine") columns.push({ at: at + 1, size: layer.shape[1], affine: at });
    else columns.at(-1).at = at + 1;
  });
  return columns;
};

const KINDS = { relu: "ReLU", sigmoid: "σ", tanh: "tanh", scale: "normalised" };
const signed = (v) => (v < 0 ? `(${number(v, 3)})` : number(v, 3));

/** The most of a list of numbers, so that colours and widths fill their scale. */
const most = (values) => values.reduce((high, v) => Math.max(high, Math.abs(v)), 1e-12);

/**
 * A picture of `net` that is `width` wide. `names` are the names of inputs and outputs;
 * `onPick(column, node)` is called for the node that a reader points at.
 */
export const networkPicture = ({ net, width, height, names = {}, onPick, label }) => {
  const columns = columnsOf(net);
  const few = columns.every(({ size }) => size <= FEW);
  const grids = columns.map(({ size }) => gridOf(size, height, few));
  /** Half a column, and the widest name beside it. */
  const margin = ({ across, gap, r }, words) =>
    ((across - 1) * gap) / 2 +
    r +
    2 +
    (words?.length ? 9.4 * most(words.map((w) => w.length)) + 8 : 0);
  const [left, right] = [margin(grids[0], names.inputs), margin(grids.at(-1), names.outputs)];
  const step = (width - left - right) / Math.max(1, columns.length - 1);
  const places = grids.map((grid, at) =>
    placesOf(grid, columns[at].size, left + at * step, height),
  );

  let taken = [];
  const edges = svg("g");
  const numbersOnEdges = svg("g");
  const nodes = svg("g");
  const picture = svg(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      class: "bp-net",
      role: "group",
      "aria-label": label,
    },
    edges,
    nodes,
    numbersOnEdges,
  );
  const drawn = places.map((spots, column) =>
    spots.map(([x, y, r], node) => {
      const end = column === 0 ? names.inputs : column === columns.length - 1 && names.outputs;
      const light = svg("circle", { cx: x, cy: y, r });
      const value = r > 14 && svg("text", { x, y: y + 4, class: "bp-net-number" });
      const name =
        end?.[node] &&
        svg(
          "text",
          {
            x: column === 0 ? x - r - 6 : x + r + 6,
            y: y + 5,
            "text-anchor": column === 0 ? "end" : "start",
            class: "bp-name",
          },
          end[node],
        );
      const group = svg(
        "g",
        {
          class: "bp-net-node",
          "data-node": `${column}-${node}`,
        },
        svg("circle", { cx: x, cy: y, r, class: "bp-net-ground" }),
        light,
        value || null,
        name || null,
      );
      nodes.append(group);
      return { group, light, value };
    }),
  );
  if (onPick) listen(picture, places, onPick);

  /** The lines into one column; of many only the strongest, and those of the node looked at. */
  const lines = (column, { outputs, grads, picked, backward }) => {
    const { affine } = columns[column];
    const { W, shape } = net.layers[affine];
    const [D, M] = shape;
    const strength = backward ? grads[affine].dW : W;
    const high = most(strength);
    const flow = outputs[columns[column - 1].at];
    const all = range(D * M).map((w) => ({ from: Math.floor(w / M), to: w % M, w }));
    let shown = all;
    if (all.length > 120) {
      const mine = ({ from, to }) =>
        picked &&
        ((picked[0] === column && picked[1] === to) ||
          (picked[0] === column - 1 && picked[1] === from));
      const weight = ({ from, w }) => Math.abs(strength[w] * (backward ? 1 : flow[from]));
      const wanted = picked && all.some(mine) ? all.filter(mine) : all;
      shown = wanted.sort((a, b) => weight(b) - weight(a)).slice(0, picked ? 60 : 90);
    }
    for (const { from, to, w } of shown) {
      const [x1, y1, r1] = places[column - 1][from];
      const [x2, y2, r2] = places[column][to];
      const share = Math.abs(strength[w]) / high;
      const kind = backward ? "gradient" : strength[w] < 0 ? "negative" : "positive";
      const line = { x1: x1 + r1, y1, x2: x2 - r2, y2 };
      edges.append(
        svg("line", {
          ...line,
          class: `bp-net-edge bp-net-${kind}`,
          "stroke-width": (few ? 0.8 + 6 * share : 0.4 + 2.2 * share).toFixed(2),
        }),
      );
      if (few && D * M <= 8) {
        const text = (backward ? "∂ " : "") + number(strength[w], 2);
        const wide = textWidth(text, 12) + 4;
        const along = [0.5, 0.38, 0.62, 0.3, 0.7, 0.24, 0.76, 0.44, 0.56, 0.2, 0.8].map((part) => [
          line.x1 + part * (line.x2 - line.x1),
          y1 + part * (y2 - y1),
        ]);
        const { x, y } = freePlace(taken, along, [wide, 16]);
        numbersOnEdges.append(
          svg("rect", { x: x - wide / 2, y: y - 8, width: wide, height: 16, class: "bp-ground" }),
          svg("text", { x, y: y + 4, class: `bp-net-number bp-net-of-${kind}` }, text),
        );
      }
    }
  };

  /**
   * Show the activations of one sample, or the gradients: `state` has the `outputs` of forward
   * for that sample, and with `backward` its `douts` and `grads`. Columns from `lit` on are dark.
   */
  const show = (state) => {
    const { outputs, douts, backward = false, picked = null, lit = columns.length } = state;
    edges.replaceChildren();
    numbersOnEdges.replaceChildren();
    taken = places.flat().map(([x, y, r]) => [x - r, y - r, x + r, y + r]);
    columns.forEach(({ at, size }, column) => {
      const known = backward ? column >= lit : column < lit;
      const values = (backward ? douts : outputs)?.[at] ?? new Float64Array(size);
      const high = most(values);
      drawn[column].forEach(({ group, light, value }, node) => {
        const v = values[node];
        light.setAttribute(
          "class",
          `bp-net-light bp-net-${backward ? "gradient" : v < 0 ? "negative" : "positive"}`,
        );
        light.setAttribute(
          "fill-opacity",
          known ? (((few ? 0.6 : 0.95) * Math.abs(v)) / high).toFixed(3) : 0,
        );
        if (value) value.textContent = known ? number(v, 2) : "";
        group.classList.toggle("bp-net-picked", picked?.[0] === column && picked[1] === node);
      });
      if (column && (backward ? column >= lit : true)) lines(column, { ...state, backward });
    });
  };
  const nameOf = (column, node) => {
    if (column === 0) return names.inputs?.[node] ?? `input ${node + 1}`;
    if (column === columns.length - 1) return names.outputs?.[node] ?? `output ${node + 1}`;
    return `${columns.length > 3 ? `layer ${column} ` : ""}unit ${node + 1}`;
  };
  /** How the number of a node came about. */
  const describe = (column, node, { outputs }) => {
    const { at, affine } = columns[column];
    const name = nameOf(column, node);
    const value = number(outputs[at][node], 3);
    if (column === 0) return `${name} = ${value}, given.`;
    const { W, b, shape } = net.layers[affine];
    const [D, M] = shape;
    const before = outputs[columns[column - 1].at];
    const terms = range(D).map((j) => `${number(before[j], 3)} × ${signed(W[j * M + node])}`);
    const sum = D <= 4 ? `${terms.join(" + ")} + ${signed(b[node])}` : `${D} products + bias`;
    const kinds = net.layers.slice(affine + 1, at).map(({ kind }) => KINDS[kind]);
    const z = number(outputs[affine + 1][node], 3);
    const after = kinds.length ? `, ${kinds.join(", ")}: ${value}` : "";
    return `${name}: ${sum} = ${z}${after}.`;
  };
  return { picture, show, columns, nameOf, describe };
};

/** A reader points at a node, or goes from node to node by the arrow keys. */
const listen = (picture, places, onPick) => {
  let [column, node] = [-1, 0];
  const pick = (to, which) => {
    if (to === column && which === node) return;
    [column, node] = [to, which];
    onPick(column, node);
  };
  const point = ({ clientX, clientY }) => {
    const { left, top } = picture.getBoundingClientRect();
    const far = places.flatMap((spots, at) =>
      spots.map(([x, y, r], k) => [Math.hypot(clientX - left - x, clientY - top - y) - r, at, k]),
    );
    const [gap, at, k] = far.reduce((near, each) => (each[0] < near[0] ? each : near));
    if (gap < 6) pick(at, k);
  };
  picture.addEventListener("pointermove", point);
  picture.addEventListener("click", point);
  picture.tabIndex = 0;
  picture.setAttribute("aria-description", "The arrow keys lead from node to node.");
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] };
    if (!step[event.key]) return;
    const to = clamp(column + step[event.key][0], 0, places.length - 1);
    pick(to, clamp(node + step[event.key][1], 0, places[to].length - 1));
    event.preventDefault();
    event.stopPropagation();
  });
};

/** How the nodes of one column stand: a few below each other, many as a field. */
const gridOf = (size, height, few) => {
  if (size <= 16) {
    const gap = Math.min(height / size, few ? 96 : 44);
    return { across: 1, rows: size, gap, r: Math.min(few ? 22 : 13, gap * 0.42) };
  }
  const root = Math.sqrt(size); // inputs that are an image stand as one
  const across = Number.isInteger(root) ? root : Math.ceil(size / Math.floor(height / 17));
  const rows = Math.ceil(size / across);
  const gap = Math.min(Number.isInteger(root) ? 16 : 17, height / rows);
  return { across, rows, gap, r: gap * 0.42 };
};
const placesOf = ({ across, rows, gap, r }, size, x, height) =>
  range(size).map((node) => [
    x + ((node % across) - (across - 1) / 2) * gap,
    height / 2 + (Math.floor(node / across) - (rows - 1) / 2) * gap,
    r,
  ]);
