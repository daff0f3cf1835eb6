// Chapter 6: the weights of the first layer, one picture for each hidden unit.

import { bytes, clamp, frame, fresh, html, number, range, widget } from "./common.js";
import { twoSided } from "./palette.js";

const mountWeights = (el, spec) => {
  const parts = frame(el, spec, "weights");
  const [rows, columns] = spec.shape;
  const pixels = bytes(spec.pixels);
  const count = spec.largest.length;
  let chosen = 0;
  let across = 10;

  /** Negative weights are amber, positive ones blue, nothing is paper; the middle byte is 128. */
  const paint = (canvas, unit) => {
    canvas.width = columns;
    canvas.height = rows;
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, rows);
    range(rows * columns).forEach((at) => {
      const weight = (pixels[unit * rows * columns + at] - 128) / 127;
      image.data.set([...twoSided(weight), 255], at * 4);
    });
    context.putImageData(image, 0, 0);
  };
  const large = html("canvas", { class: "bp-pixels", role: "img" });
  const sheet = html("div", {
    class: "bp-sheet",
    role: "listbox",
    "aria-label": "Hidden units",
    tabindex: 0,
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
      if (!step) return;
      choose(clamp(chosen + step, 0, count - 1));
      event.preventDefault();
      event.stopPropagation();
    },
  });
  const tiles = range(count).map((unit) => {
    const canvas = html("canvas", { class: "bp-pixels", "aria-hidden": "true" });
    paint(canvas, unit);
    return html(
      "div",
      {
        class: "bp-tile",
        id: `bp-unit-${fresh()}`,
        role: "option",
        "aria-label": `unit ${unit}`,
        onclick: () => choose(unit),
      },
      canvas,
    );
  });
  sheet.append(...tiles);
  const choose = (unit) => {
    chosen = unit;
    paint(large, unit);
    tiles.forEach((tile, at) => tile.setAttribute("aria-selected", String(at === unit)));
    sheet.setAttribute("aria-activedescendant", tiles[unit].id);
    large.setAttribute("aria-label", `The weights of unit ${unit}`);
    parts.say(
      `Hidden unit ${unit}: ink on blue pixels raises it, ink on amber pixels lowers it; white does not matter. Its largest weight is ${number(spec.largest[unit], 3)}.`,
    );
  };
  parts.stage.append(
    html(
      "div",
      { class: "bp-weights-split" },
      html(
        "div",
        {},
        large,
        html(
          "div",
          { class: "bp-scale", "aria-hidden": "true" },
          html("span", {}, "−"),
          html("i"),
          html("span", {}, "+"),
        ),
      ),
      sheet,
    ),
  );
  parts.fit(sheet, (width) => {
    across = clamp(Math.floor(width / 40), 4, 10);
    sheet.style.gridTemplateColumns = `repeat(${across}, minmax(32px, 1fr))`;
  });
  choose(0);
  return parts;
};

export default widget(mountWeights);
