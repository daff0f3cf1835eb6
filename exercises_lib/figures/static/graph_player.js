// The graph player. Python sends nodes with places and edges; the page computes, tells and plays.

import { button, calm, frame, html, number, widget } from "./common.js";
import { formOf, isPassed } from "./exercise.js";
import { graphPicture } from "./graph_picture.js";
import { storyOf } from "./graph_story.js";
import { compute, sweep } from "./graph_values.js";
import { numberBox } from "./number_box.js";
import { icon, player } from "./player.js";

const mountGraph = (el, sent) => {
  const given = sent.nodes.map(({ value }) => value);
  const spec = { ...structuredClone(sent), boxed: sent.editable || Boolean(sent.exercise) };
  const { nodes } = spec;
  if (spec.editable) compute(spec);
  else sweep(spec);
  const parts = frame(el, spec, "graph");
  const { root, stage, say } = parts;
  let story = storyOf(spec);
  const form = spec.exercise && formOf(el, spec);
  const asksValues = spec.asks === "values";
  const ask = `The ${asksValues ? "numbers are" : "way back is"} yours: ${
    form ? "fill in the blanks, then check." : "shown when your exercise has passed."
  }`;
  let locked = Boolean(spec.exercise) && !isPassed(spec.exercise);
  let current = 1;
  let selected = null;
  let lit = new Set();
  let drawn = null;

  const forwardSteps = story.steps.filter(({ phase }) => phase === "forward").length;
  const lockedAt = asksValues ? 1 : forwardSteps;
  const steps = () => (locked ? story.steps.slice(0, lockedAt) : story.steps);

  const values = nodes.map(
    ({ role, label, value }, at) =>
      role === "input" &&
      spec.editable &&
      !form &&
      numberBox({ value, label, onChange: (typed) => change(at, typed) }),
  );
  values.forEach((each, at) => each?.box?.addEventListener("focus", () => select(at)));
  const boxes = (at) => ({ value: values[at]?.box, ...form?.blanks[at] });

  const change = (at, value) => {
    nodes[at].value = value;
    renew();
  };
  const renew = () => {
    compute(spec);
    story = storyOf(spec);
    const changed = nodes.some(({ value, role }, at) => role === "input" && value !== given[at]);
    reset.setAttribute("aria-disabled", String(!changed));
    show();
  };
  const restore = () => {
    nodes.forEach((node, at) => {
      if (!values[at]) return;
      node.value = given[at];
      values[at].put(given[at]);
    });
    renew();
  };

  const draw = (width) => {
    drawn = graphPicture(spec, width, boxes, { select, walk });
    stage.replaceChildren(drawn.canvas);
    drawn.placeLabels();
    const fits = stage.scrollHeight <= stage.clientHeight + 1;
    whole.hidden = fits && !stage.classList.contains("bp-whole");
    show();
  };

  const show = () => {
    if (!drawn) return;
    const { known, grads } = drawn.show(steps().slice(0, current), { selected, lit });
    const text =
      steps()[current - 1]?.text ??
      "Nothing is computed yet. Press Play, or step with the arrow keys.";
    controls.describe(text);
    if (selected === null) say(locked && current === lockedAt ? `${text} ${ask}` : text);
    else say(description(selected, known.has(selected), grads.has(selected)));
  };

  /** What is said about a node whose value, and whose gradient, may be there already. */
  const description = (at, valued, arrived) => {
    const node = nodes[at];
    const { forward, backward } = story.told[at];
    const name = node.label || (node.op ? `the ${node.op} node` : "a constant");
    const first = !valued
      ? `${name}: no value yet.`
      : forward
        ? `${forward}.`
        : `${name} = ${number(node.value)}, given.`;
    if (!spec.backward || (locked && asksValues)) return first;
    if (locked) return `${first} Its gradient is yours to find.`;
    return `${first} ${arrived ? `Gradient: ${backward.join("; ")}.` : "Its gradient has not arrived yet."}`;
  };

  /** Bring what moves into the middle of a graph that is taller than its window. */
  const follow = (some) => {
    if (!some?.length || stage.scrollHeight <= stage.clientHeight + 1) return;
    const top = drawn.middle(some) * stage.scrollHeight - stage.clientHeight / 2;
    stage.scrollTo({ top, behavior: calm() ? "instant" : "smooth" });
  };

  const select = (at) => {
    if (selected === at) return;
    controls.pause();
    selected = at;
    show();
  };
  /** All nodes are one stop of the tab key; up and down lead from node to node. */
  const walk = (event, at) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Enter: at, " ": at }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (to === at) select(at);
    else if (nodes[to]) drawn.focus(to);
  };

  const unlock = (why) => {
    if (!locked) return;
    locked = false;
    lock.remove();
    controls.setLast(story.steps.length);
    show();
    say(why);
  };
  const notice = () =>
    isPassed(spec.exercise) &&
    unlock(asksValues ? "Passed: now play it." : "Passed: now play the way back.");
  const asked = asksValues ? "numbers" : "gradients";
  const lock = html(
    "div",
    { class: "bp-bar bp-lock" },
    button(`Show the ${asked}`, null, () =>
      unlock(`The ${asked} can be seen now. Press Play, or step on.`),
    ),
  );

  root.setAttribute(
    "aria-description",
    "Left and right step, space plays; on a node, up and down lead to the next one.",
  );
  const controls = player(root, steps().length, {
    start: current,
    interval: story.steps.length > 24 ? 1000 : 1300,
    onStep: (to, next) => {
      if (locked) notice();
      current = to;
      selected = null;
      show();
      const step = steps()[current - 1];
      if (next) drawn.animate(step);
      follow(step?.nodes);
    },
  });
  const reset = button(icon("reset"), "The first inputs again", restore, {
    "aria-disabled": "true",
  });
  const whole = button(icon("whole"), "The whole graph", () => {
    const on = stage.classList.toggle("bp-whole");
    whole.setAttribute("aria-pressed", String(on));
    if (!on) follow(steps()[current - 1]?.nodes);
  });
  if (values.some(Boolean)) controls.element.append(reset);
  controls.element.append(whole);
  parts.controls.append(controls.element);
  if (locked) parts.controls.append(lock);
  form?.adopt(root, notice);
  if (spec.exercise) root.addEventListener("pointerenter", notice);
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || selected === null) return;
    selected = null;
    show();
    event.stopPropagation();
  });
  // A page that knows a word for a node lights it up: see book/_static/ties.js.
  root.dataset.names = JSON.stringify(nodes.map(({ label }) => label));
  root.addEventListener("bp-light", ({ detail }) => {
    lit = new Set(nodes.flatMap(({ label }, at) => (label && label === detail ? [at] : [])));
    show();
    if (lit.size) follow([...lit]);
  });
  parts.fit(stage, draw);
  return {
    destroy: () => {
      controls.pause();
      form?.release();
      parts.destroy();
    },
  };
};

export default widget(mountGraph);
