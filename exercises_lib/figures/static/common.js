// Shared by all figures. No libraries; everything is drawn as SVG or canvas. A widget carries
// exactly one module: widget.py puts what a figure imports in front of it.

/** A number for an id. Each figure is a module of its own, so the page does the counting. */
export const fresh = () => (globalThis.bpFigureIds = (globalThis.bpFigureIds ?? 0) + 1);

/** Build an element: html("p", {class: "x", onclick: f}, "text", child…). */
const build = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
};
export const html = (tag, attributes, ...children) =>
  build(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) =>
  build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** Write a number with at most `digits` significant digits, as number.py does. */
export const number = (value, digits = 4) => {
  if (value === null || Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  let text = Number(value).toPrecision(digits);
  const exponent = Math.floor(Math.log10(Math.abs(Number(text))));
  text =
    exponent < -4 || exponent >= digits
      ? Number(value)
          .toExponential(digits - 1)
          .replace("e+", "e")
      : Number(text).toFixed(Math.max(0, digits - 1 - exponent));
  text = text.replace(/(\.\d*?)0+(e|$)/, "$1$2").replace(/\.(e|$)/, "$1");
  return text.replaceAll("-", "−");
};

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
/** The bytes that a string in base 64 stands for. */
export const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
export const range = (count) => Array.from({ length: count }, (_, index) => index);
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export const button = (text, label, action, attributes) =>
  html(
    "button",
    {
      type: "button",
      class: "bp-button",
      "aria-label": label,
      title: label,
      onclick: action,
      ...attributes,
    },
    text,
  );

/** A labelled slider with its value in words. `show` turns the position into text. */
export const slider = ({ label, min, max, step, value, show = number, onInput, kind = "" }) => {
  const id = `bp-slider-${fresh()}`;
  const output = html("output", { for: id, class: "bp-slider-value" });
  const input = html("input", {
    type: "range",
    id,
    min,
    max,
    step,
    value,
    class: `bp-range ${kind}`,
  });
  const write = () => {
    output.textContent = show(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    write();
    onInput(Number(input.value));
  });
  write();
  return {
    element: html("div", { class: "bp-slider" }, html("label", { for: id }, label), input, output),
    input,
    get value() {
      return Number(input.value);
    },
    set value(position) {
      input.value = position;
      write();
    },
  };
};

/** Sliders below each other, with their tracks in line. */
export const sliders = (...all) =>
  html(
    "div",
    { class: "bp-sliders" },
    all.map(({ element }) => element),
  );

/** A group of buttons of which one is pressed. `options` are [key, text] pairs. */
export const choice = (label, options, chosen, onChoose) => {
  const buttons = options.map(([key, text]) =>
    html(
      "button",
      {
        type: "button",
        class: "bp-button",
        "aria-pressed": String(key === chosen),
        onclick: () => set(key, true),
      },
      text,
    ),
  );
  const set = (key, tell = false) => {
    buttons.forEach((each, at) =>
      each.setAttribute("aria-pressed", String(options[at][0] === key)),
    );
    if (tell) onChoose(key);
  };
  const id = `bp-choice-${fresh()}`;
  return {
    element: html(
      "div",
      { class: "bp-choice", role: "group", "aria-labelledby": id },
      html("span", { id, class: "bp-choice-label" }, label),
      ...buttons,
    ),
    set,
  };
};

/** The frame every figure stands in: title, room for the picture, controls, a status line. */
export const frame = (el, spec, kind) => {
  const id = `bp-title-${fresh()}`;
  const stage = html("div", { class: "bp-stage" });
  const controls = html("div", { class: "bp-controls" });
  const status = html("p", { class: "bp-status", role: "status", "aria-live": "polite" });
  const root = html(
    "div",
    { class: `bp-frame bp-${kind}`, role: "group", "aria-labelledby": id },
    html("div", { class: "bp-title", id }, spec.title),
    stage,
    controls,
    status,
  );
  el.replaceChildren(root);
  const fits = new Map();
  const refit = (element) => {
    const entry = fits.get(element);
    const width = Math.floor(element.clientWidth);
    if (width > 0 && width !== entry.width) {
      entry.width = width;
      entry.draw(width);
    }
  };
  const observer = new ResizeObserver((entries) => entries.forEach(({ target }) => refit(target)));
  return {
    root,
    stage,
    controls,
    /** Set the status text; screen readers hear it when it changes. */
    say: (text) => {
      if (status.textContent !== text) status.textContent = text;
    },
    /** Keep room for the longest of these texts, so that the page below does not jump. */
    reserve: (texts) => {
      const probe = html("p", { class: "bp-status bp-probe", "aria-hidden": "true" });
      root.append(probe);
      const tallest = Math.max(
        ...texts.map((text) => {
          probe.textContent = text;
          return probe.offsetHeight;
        }),
      );
      probe.remove();
      status.style.minHeight = `${tallest}px`;
    },
    /** Call `draw(width)` now, if there is room, and whenever the element's width changes. */
    fit: (element, draw) => {
      fits.set(element, { draw, width: 0 });
      refit(element);
      observer.observe(element);
    },
    /** Draw anew at the width that there is. */
    redraw: (element) => {
      const fit = fits.get(element);
      if (fit?.width) fit.draw(fit.width);
    },
    destroy: () => {
      observer.disconnect();
      root.remove();
    },
  };
};

/** What anywidget calls: draw the figure, and draw it anew when Python sends new data. */
export const widget = (mount) => ({
  render({ model, el }) {
    let figure = mount(el, model.get("spec"));
    const renew = () => {
      figure.destroy();
      figure = mount(el, model.get("spec"));
    };
    model.on("change:spec", renew);
    return () => {
      model.off("change:spec", renew);
      figure.destroy();
    };
  },
});
