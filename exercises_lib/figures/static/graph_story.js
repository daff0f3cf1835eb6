// What is said about a computation graph, step by step: first forward, then backward.

import { number } from "./common.js";

const INFIX = ["+", "−", "×", "÷"];
const bracketed = (value) => {
  const text = number(value);
  return text.startsWith("−") ? `(${text})` : text;
};

/** Write an operation with its operands, as a reader would. */
export const expression = (op, terms) => {
  const safe = (term) => (term.startsWith("−") ? `(${term})` : term);
  if (terms.length === 2 && INFIX.includes(op)) return `${terms[0]} ${op} ${safe(terms[1])}`;
  if (op === "−") return `−${safe(terms[0])}`;
  if (op === "1/x") return `1 / ${safe(terms[0])}`;
  if (/^[x^]/.test(op)) return safe(terms[0]) + op.replace(/^x/, "");
  return `${op}(${terms.join(", ")})`;
};

/** What arrived at a node so far: "1.1", or "3 + 3 = 6" where ways meet. */
const addition = (parts) =>
  parts.length === 1
    ? number(parts[0])
    : `${[number(parts[0]), ...parts.slice(1).map(bracketed)].join(" + ")} = ${number(
        parts.reduce((sum, part) => sum + part, 0),
      )}`;

/**
 * The steps of a graph, and for every node how its value and its gradient came about.
 * A step has its phase, the nodes and edges that move, the gradients so far, and a sentence.
 */
export const storyOf = ({ nodes, edges, backward: goesBack }) => {
  const told = nodes.map(() => ({ forward: "", backward: [] }));
  const name = ({ label, role, value, op }) =>
    label || (role === "constant" ? number(value) : `the ${op} node`);
  const into = nodes.map((_, at) => edges.flatMap((edge, k) => (edge.to === at ? [k] : [])));
  const inputs = nodes.flatMap(({ role }, at) => (/input|constant/.test(role) ? [at] : []));
  const given = inputs
    .filter((at) => nodes[at].role === "input")
    .map((at) => `${nodes[at].label} = ${number(nodes[at].value)}`)
    .join(", ");
  const steps = [
    {
      phase: "forward",
      nodes: inputs,
      edges: [],
      text: given ? `The inputs are given: ${given}.` : "The inputs are given.",
    },
  ];
  nodes.forEach((node, at) => {
    if (!into[at].length) return;
    const sources = into[at].map((edge) => nodes[edges[edge].from]);
    const result = number(node.value);
    let shown = expression(
      node.op,
      sources.map(({ value }) => number(value)),
    );
    // n = −z at z = 1 is −1 already.
    if (shown !== result || !node.label) shown += ` = ${result}`;
    const lead = node.label ? `${node.label} = ` : "";
    const named = node.label && sources.every(({ label }) => label);
    told[at].forward =
      lead + (named ? `${expression(node.op, sources.map(name))} = ${shown}` : shown);
    steps.push({
      phase: "forward",
      nodes: [at],
      edges: into[at],
      text: `Forward: ${told[at].forward}.`,
    });
  });
  if (!goesBack) return { steps, told };

  const end = nodes.length - 1;
  const goal = nodes[end].label || "output";
  told[end].backward.push(`∂${goal}/∂${goal} = 1: here the way back begins.`);
  steps.push({
    phase: "backward",
    nodes: [end],
    edges: [],
    grads: { [end]: "1" },
    text: `Backward begins at the end: ∂${goal}/∂${goal} = 1.`,
  });
  const ways = nodes.map((_, at) => edges.filter(({ from }) => from === at).length);
  const received = nodes.map(() => []);
  for (let at = end; at >= 0; at--) {
    if (!into[at].length) continue;
    const shown = {};
    const sentences = into[at].map((k) => {
      const { from, local, grad } = edges[k];
      const upstream = bracketed(nodes[at].grad);
      const through = ways[from] > 1 ? `  (through ${name(nodes[at])})` : "";
      told[from].backward.push(
        `local ${number(local)} × upstream ${upstream} = ${number(grad)}${through}`,
      );
      received[from].push(grad);
      shown[from] = addition(received[from]);
      const more = received[from].length > 1 ? `, added to what is there: ${shown[from]}` : "";
      return `${name(nodes[from])} gets ${number(local)} × ${upstream} = ${number(grad)}${more}`;
    });
    steps.push({
      phase: "backward",
      nodes: [...new Set(into[at].map((k) => edges[k].from))],
      edges: into[at],
      grads: shown,
      text: `Backward through ${name(nodes[at])}: ${sentences.join("; ")}.`,
    });
  }
  received.forEach((parts, at) => {
    if (parts.length > 1)
      told[at].backward.push(`${parts.length} ways lead back to it, so add: ${addition(parts)}`);
  });
  const found = nodes
    .filter(({ role }) => role === "input")
    .map(({ label, grad }) => `${label} ${number(grad)}`)
    .join(", ");
  steps.push({
    phase: "done",
    nodes: [],
    edges: [],
    text: `One sweep back has found the derivative of ${goal} for every input: ${found}.`,
  });
  return { steps, told };
};
