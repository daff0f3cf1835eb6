// A computation graph as data: its values, local derivatives and gradients, from its inputs.
// The operations are those of exercises_lib/nn/value.py; tests/figures/test_graph.py compares both.

import { sigmoid } from "./network.js";

/** What an operation gives, and its derivative with respect to every operand. */
const OPERATIONS = {
  "+": (a, b) => [a + b, 1, 1],
  "-": (a, b) => [a - b, 1, -1],
  "*": (a, b) => [a * b, b, a],
  "/": (a, b) => [a / b, 1 / b, -a / (b * b)],
  neg: (a) => [-a, -1],
  exp: (a) => [Math.exp(a), Math.exp(a)],
  log: (a) => [Math.log(a), 1 / a],
  relu: (a) => [Math.max(a, 0), a > 0 ? 1 : 0],
  tanh: (a) => [Math.tanh(a), 1 - Math.tanh(a) ** 2],
  sigmoid: (a) => [sigmoid(a), sigmoid(a) * (1 - sigmoid(a))],
  "1/x": (a) => [1 / a, -1 / (a * a)],
  max: (a, b) => (a >= b ? [a, 1, 0] : [b, 0, 1]),
};
const operation = (kind) => {
  const power = /^\*\*(-?[\d.]+)$/.exec(kind);
  if (!power) return OPERATIONS[kind];
  const n = Number(power[1]);
  return (a) => [a ** n, n && n * a ** (n - 1)];
};

/** Whether every operation is known, so that inputs can be changed. */
export const isKnown = ({ nodes }) => nodes.every(({ kind }) => !kind || operation(kind));

/**
 * Compute a graph anew, in place: `value` and `grad` of its nodes, `local` and `grad` of its edges.
 * Nodes come in an order in which each follows what it was computed from.
 */
export const compute = ({ nodes, edges }) => {
  nodes.forEach((node, at) => {
    if (!node.kind) return;
    const into = edges.filter(({ to }) => to === at).sort((a, b) => a.slot - b.slot);
    const [value, ...locals] = operation(node.kind)(...into.map(({ from }) => nodes[from].value));
    node.value = value;
    into.forEach((edge, slot) => {
      edge.local = locals[slot];
    });
  });
  sweep({ nodes, edges });
};

/** One sweep back: every gradient from the local derivatives that the edges hold. */
export const sweep = ({ nodes, edges }) => {
  nodes.forEach((node, at) => {
    node.grad = at === nodes.length - 1 ? 1 : 0;
  });
  for (let at = nodes.length - 1; at >= 0; at--)
    for (const edge of edges)
      if (edge.to === at) {
        edge.grad = edge.local * nodes[at].grad;
        nodes[edge.from].grad += edge.grad;
      }
};
