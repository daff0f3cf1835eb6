// Training in the page: mini-batches, one pass there and back, one update, as nn.train does it.

import { range } from "./common.js";
import { descend, forward, lossAndGradient } from "./network.js";

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
const randomFrom = (seed) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
};
const normalFrom = (random) => () =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** A network of Affine layers with ReLU between them: weights N(0, std²), biases 0. */
export const freshNetwork = ({ sizes, std, loss, seed }) => {
  const normal = normalFrom(randomFrom(seed));
  const layers = sizes.slice(1).flatMap((M, at) => {
    const D = sizes[at];
    const W = Float64Array.from(range(D * M), () => std * normal());
    const affine = { kind: "affine", shape: [D, M], W, b: new Float64Array(M) };
    return at ? [{ kind: "relu" }, affine] : [affine];
  });
  return { loss, layers };
};

/** Rows of x and t, in the given order. */
const gather = ({ x, t }, rows, D) => {
  const own = new Float64Array(rows.length * D);
  rows.forEach((row, at) => own.set(x.subarray(row * D, row * D + D), at * D));
  return [own, t.constructor.from(rows, (row) => t[row])];
};

/** Which part of the samples gets its largest score, or its side of 0, for the right class. */
export const accuracy = (net, { x, t }) => {
  const n = t.length;
  const scores = forward(net, x, n).at(-1);
  const classes = scores.length / n;
  const said = (at) => {
    if (classes === 1) return scores[at] > 0 ? 1 : 0;
    const part = scores.subarray(at * classes, (at + 1) * classes);
    return part.indexOf(Math.max(...part));
  };
  return range(n).filter((at) => said(at) === t[at]).length / n;
};

/** Trains a network step by step; every sample comes once an epoch, in random order. */
export const trainer = ({ net, data, batch, seed }) => {
  const n = data.t.length;
  const D = data.x.length / n;
  const random = randomFrom(seed + 1);
  let order = [];
  let steps = 0;
  let seen = 0;
  const shuffled = () => {
    const rows = range(n);
    for (let at = n - 1; at > 0; at--) {
      const other = Math.floor(random() * (at + 1));
      [rows[at], rows[other]] = [rows[other], rows[at]];
    }
    return rows;
  };
  return {
    net,
    get epochs() {
      return seen / n;
    },
    get steps() {
      return steps;
    },
    /** One step; returns the batch's loss, and the rows that were in it. */
    step: (rate) => {
      if (!order.length) order = batch < n ? shuffled() : range(n);
      const rows = order.splice(0, batch);
      const [x, t] = gather(data, rows, D);
      const { loss, grads } = lossAndGradient(net, x, t, rows.length);
      descend(net, grads, rate);
      steps += 1;
      seen += rows.length;
      return { loss, rows, epochEnds: order.length === 0 };
    },
  };
};

/** Calls `work()` until some milliseconds are over, in every frame while it runs. */
export const loop = (work, show) => {
  let frame = null;
  const turn = () => {
    const begin = performance.now();
    do work();
    while (frame !== null && performance.now() - begin < 10);
    show();
    if (frame !== null) frame = requestAnimationFrame(turn);
  };
  const stop = () => {
    cancelAnimationFrame(frame);
    frame = null;
  };
  return {
    get runs() {
      return frame !== null;
    },
    start: () => {
      if (frame === null) frame = requestAnimationFrame(turn);
    },
    stop,
  };
};

/** At most `most` means of neighbours: a long noisy series becomes a short calm one. */
export const calmed = (values, most = 150) => {
  const every = Math.max(1, Math.ceil(values.length / most));
  return range(Math.ceil(values.length / every)).map((at) => {
    const part = values.slice(at * every, (at + 1) * every);
    const mean = part.reduce((sum, v) => sum + v, 0) / part.length;
    return [Math.min((at + 0.5) * every, values.length), mean];
  });
};
