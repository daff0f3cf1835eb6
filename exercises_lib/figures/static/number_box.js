// A number that can be typed, or dragged to the left and to the right.

import { html, number } from "./common.js";

/** The step of a drag: a tenth of the number's size, 10 for 100 and 0.1 for 1.1. */
const stepOf = (value) => 10 ** (Math.floor(Math.log10(Math.abs(value) || 1)) - 1);

/** A box with a number; `onChange(value)` is called with every number that can be read. */
export const numberBox = ({ value, label, onChange }) => {
  let step = stepOf(value);
  let drag = null;
  const box = html("input", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    class: "bp-box bp-box-value",
    "aria-label": label,
    title: `${label}: type a number, or drag`,
  });
  const put = (next) => {
    box.value = number(next, 6).replace("−", "-");
  };
  const set = (next) => {
    const rounded = Number(next.toPrecision(8));
    put(rounded);
    onChange(rounded);
  };
  const read = () => Number(box.value.trim().replace(",", ".").replace("−", "-"));
  box.addEventListener("input", () => {
    const typed = read();
    const usable = box.value.trim() !== "" && Number.isFinite(typed);
    box.toggleAttribute("aria-invalid", !usable);
    if (usable) onChange(typed);
  });
  box.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (by) {
      set((read() || 0) + by * step);
      event.preventDefault();
    }
    event.stopPropagation();
  });
  box.addEventListener("pointerdown", (event) => {
    step = stepOf(read() || value);
    drag = { from: event.clientX, value: read() || 0, moved: false };
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const by = Math.round((event.clientX - drag.from) / 8);
    if (by === 0 && !drag.moved) return;
    drag.moved = true;
    event.preventDefault();
    set(drag.value + by * step);
  });
  const end = () => {
    drag = null;
  };
  box.addEventListener("pointerup", end);
  box.addEventListener("pointercancel", end);
  put(value);
  return { box, put };
};
