// Play, pause, step and scrub: for the figures that move through steps.

import { button, clamp, html, svg } from "./common.js";

/** Icons are drawn, because the fonts of some machines lack the signs. */
const ICONS = {
  first: "M4 3v10M13 3L6 8l7 5z",
  back: "M12 3L5 8l7 5z",
  play: "M5 3l8 5-8 5z",
  pause: "M5 3v10M11 3v10",
  next: "M4 3l7 5-7 5z",
  last: "M12 3v10M3 3l7 5-7 5z",
  reset: "M4 2v4h4M4.3 6A5 5 0 1 1 3 9",
  whole: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
};
const OUTLINES = ["reset", "whole"];
export const icon = (name) =>
  svg(
    "svg",
    { viewBox: "0 0 16 16", width: 16, height: 16, class: "bp-icon", "aria-hidden": "true" },
    svg("path", { d: ICONS[name], class: OUTLINES.includes(name) ? "bp-outline" : null }),
  );

/**
 * The bar of buttons, and the keys that do the same anywhere in the figure.
 * `onStep(step, next)` is called with the new step; `next` says that it is the one after the last.
 */
export const player = (root, last, { start = last, interval = 1300, onStep }) => {
  let current = start;
  let timer = null;
  const go = (to) => {
    const next = to === current + 1;
    current = clamp(to, 0, last);
    show();
    onStep(current, next);
  };
  const pause = () => {
    clearInterval(timer);
    timer = null;
    play.replaceChildren(icon("play"), " Play");
  };
  const begin = () => {
    play.replaceChildren(icon("pause"), " Pause");
    timer = setInterval(() => {
      go(current + 1);
      if (current >= last) pause();
    }, interval);
    if (current >= last) go(0);
    else go(current + 1);
  };
  const toggle = () => (timer ? pause() : begin());
  const jump = (to) => {
    pause();
    go(to);
  };

  const first = button(icon("first"), "First step", () => jump(0));
  const back = button(icon("back"), "Previous step", () => jump(current - 1));
  const play = button([icon("play"), " Play"], null, toggle, { class: "bp-button bp-play" });
  const next = button(icon("next"), "Next step", () => jump(current + 1));
  const end = button(icon("last"), "Last step", () => jump(last));
  const scrub = html("input", {
    type: "range",
    class: "bp-range",
    min: 0,
    max: last,
    step: 1,
    value: current,
    "aria-label": "Step",
    oninput: () => jump(Number(scrub.value)),
  });
  const count = html("span", { class: "bp-count" });
  const show = () => {
    scrub.value = current;
    count.textContent = `${current} / ${last}`;
    // Not `disabled`: a disabled button loses the focus, and with it the arrow keys.
    for (const each of [first, back]) each.setAttribute("aria-disabled", String(current === 0));
    for (const each of [next, end]) each.setAttribute("aria-disabled", String(current === last));
  };
  root.tabIndex = 0;
  root.addEventListener("keydown", (event) => {
    if (/range|text/.test(event.target.type) || event.altKey || event.ctrlKey || event.metaKey)
      return;
    const to = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) jump(to);
    else if (event.key === " " && event.target.tagName !== "BUTTON") toggle();
    else return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab has its own plans for these keys
  });
  show();
  return {
    element: html("div", { class: "bp-bar" }, first, back, play, next, end, scrub, count),
    pause,
    /** Steps were added, or taken away. */
    setLast: (to) => {
      last = to;
      scrub.max = last;
      current = clamp(current, 0, last);
      show();
    },
    /** What a screen reader says at the scrubber. */
    describe: (text) => scrub.setAttribute("aria-valuetext", text),
  };
};
