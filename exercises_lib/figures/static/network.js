// A network as data: forward, loss, backward and a step of gradient descent. The formulas and the
// shapes are those of exercises_lib/nn; tests/figures/test_network.py compares every number.
// Matrices are Float64Arrays, row by row: x is (N, D), W is (D, M).

import { bytes, range } from "./common.js";

/** Numbers as they travel: a list, or float32 in base 64 where there are many. */
export const numbers = (sent) =>
  Float64Array.from(typeof sent === "string" ? new Float32Array(bytes(sent).buffer) : (sent ?? []));

/** A network that can be trained, made of what Python sends: {layers, loss}. */
export const networkOf = ({ layers, loss }) => ({
  loss,
  layers: layers.map((layer) =>
    layer.kind === "affine" ? { ...layer, W: numbers(layer.W), b: numbers(layer.b) } : layer,
  ),
});

/** x · W + b. */
const affine = (x, n, { W, b, shape: [D, M] }) => {
  const out = new Float64Array(n * M);
  for (let i = 0; i < n; i++) {
    const row = i * M;
    for (let k = 0; k < M; k++) out[row + k] = b[k];
    for (let j = 0; j < D; j++) {
      const factor = x[i * D + j];
      if (factor === 0) continue;
      for (let k = 0, w = j * M; k < M; k++, w++) out[row + k] += factor * W[w];
    }
  }
  return out;
};

/** dx = dout · Wᵀ, dW = xᵀ · dout, db = the sum of dout over the samples. */
const affineBack = (dout, x, n, { W, shape: [D, M] }) => {
  const [dx, dW, db] = [n * D, D * M, M].map((size) => new Float64Array(size));
  for (let i = 0; i < n; i++) {
    const row = i * M;
    for (let k = 0; k < M; k++) db[k] += dout[row + k];
    for (let j = 0; j < D; j++) {
      const factor = x[i * D + j];
      let sum = 0;
      for (let k = 0, w = j * M; k < M; k++, w++) {
        sum += dout[row + k] * W[w];
        dW[w] += factor * dout[row + k];
      }
      dx[i * D + j] = sum;
    }
  }
  return { dx, dW, db };
};

export const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** Activations, and their slopes, written with the output y. */
const ACTIVATIONS = {
  relu: { f: (x) => Math.max(x, 0), slope: (y) => (y > 0 ? 1 : 0) },
  sigmoid: { f: sigmoid, slope: (y) => y * (1 - y) },
  tanh: { f: Math.tanh, slope: (y) => 1 - y * y },
};

/** What every layer gives out for n samples, the input first. */
export const forward = (net, x, n) => {
  const outputs = [x];
  for (const layer of net.layers) {
    const last = outputs.at(-1);
    const width = last.length / n;
    if (layer.kind === "affine") outputs.push(affine(last, n, layer));
    else if (layer.kind === "scale")
      outputs.push(last.map((v, at) => v * layer.factor[at % width] + layer.shift[at % width]));
    else outputs.push(last.map(ACTIVATIONS[layer.kind].f));
  }
  return outputs;
};

/** Probabilities, row by row; the largest score is subtracted first. */
export const softmax = (scores, classes) => {
  const y = new Float64Array(scores.length);
  for (let row = 0; row < scores.length; row += classes) {
    const part = scores.subarray(row, row + classes);
    const high = Math.max(...part);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += y[row + k] = Math.exp(part[k] - high);
    for (let k = 0; k < classes; k++) y[row + k] /= sum;
  }
  return y;
};

/**
 * The loss of the scores, its gradient `dout`, and what the network says, `y`.
 * `t` are classes for softmax, numbers of the shape of the scores for the others.
 */
export const LOSSES = {
  softmax: (scores, t, n) => {
    const classes = scores.length / n;
    const y = softmax(scores, classes);
    const dout = y.map((v) => v / n);
    let loss = 0;
    for (let i = 0; i < n; i++) {
      const part = scores.subarray(i * classes, (i + 1) * classes);
      const high = Math.max(...part);
      loss += high + Math.log(part.reduce((sum, v) => sum + Math.exp(v - high), 0)) - part[t[i]];
      dout[i * classes + t[i]] -= 1 / n;
    }
    return { loss: loss / n, dout, y };
  },
  sigmoid: (scores, t) => {
    const y = scores.map(sigmoid);
    const each = scores.map(
      (x, at) => Math.max(x, 0) - x * t[at] + Math.log1p(Math.exp(-Math.abs(x))),
    );
    return { loss: mean(each), dout: y.map((p, at) => (p - t[at]) / y.length), y };
  },
  squared: (y, t) => ({
    loss: mean(y.map((v, at) => (v - t[at]) ** 2)),
    dout: y.map((v, at) => (2 * (v - t[at])) / y.length),
    y,
  }),
  half_squared: (y, t, n) => ({
    loss: y.reduce((sum, v, at) => sum + (v - t[at]) ** 2, 0) / 2 / n,
    dout: y.map((v, at) => (v - t[at]) / n),
    y,
  }),
};
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Loss and every gradient, by one pass there and back. */
export const lossAndGradient = (net, x, t, n) => {
  const outputs = forward(net, x, n);
  const { loss, dout: top, y } = LOSSES[net.loss](outputs.at(-1), t, n);
  const douts = [top]; // the gradient of every output, the input's first
  const grads = [];
  for (const at of range(net.layers.length).reverse()) {
    const layer = net.layers[at];
    const [dout, out] = [douts[0], outputs[at + 1]];
    const width = out.length / n;
    if (layer.kind === "affine") {
      const { dx, ...own } = affineBack(dout, outputs[at], n, layer);
      grads[at] = own;
      douts.unshift(dx);
    } else if (layer.kind === "scale") {
      douts.unshift(dout.map((d, k) => d * layer.factor[k % width]));
    } else douts.unshift(dout.map((d, k) => d * ACTIVATIONS[layer.kind].slope(out[k])));
  }
  return { loss, y, outputs, douts, grads };
};

/** Step against the gradient, in place: W ← W − rate · dW. */
export const descend = (net, grads, rate) => {
  net.layers.forEach((layer, at) => {
    if (!grads[at]) return;
    for (const [p, d] of [
      [layer.W, grads[at].dW],
      [layer.b, grads[at].db],
    ])
      for (let k = 0; k < p.length; k++) p[k] -= rate * d[k];
  });
};

/** The same network, with weights of its own. */
export const copyOf = (net) => ({
  ...net,
  layers: net.layers.map((layer) =>
    layer.kind === "affine" ? { ...layer, W: layer.W.slice(), b: layer.b.slice() } : layer,
  ),
});
