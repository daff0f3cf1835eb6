// Chapter 4: transpose and swap two factors until the product has the wanted shape.

import { button, choice, frame, html, range, svg, widget } from "./common.js";

const mountShapes = (el, spec) => {
  const parts = frame(el, spec, "shapes");
  const story = html("p", { class: "bp-story" });
  const picture = html("div");
  const buttons = html("div", { class: "bp-bar" });
  parts.stage.append(story, picture);
  let at = 0,
    factors = [];

  const begin = (puzzle) => {
    at = puzzle;
    factors = spec.puzzles[at].factors.map((factor) => ({ ...factor, turned: false }));
    show();
  };
  const shape = ({ shape: [rows, columns], turned }) =>
    turned ? [columns, rows] : [rows, columns];
  const title = ({ name, turned }) => name + (turned ? "ᵀ" : "");
  const words = ([rows, columns]) => `(${rows}, ${columns})`;

  const draw = (width) => {
    const target = spec.puzzles[at].target;
    const [[a, b], [c, d]] = factors.map(shape);
    const exists = b === c;
    const result = exists ? [a, d] : null;
    const fits = exists && result[0] === target.shape[0] && result[1] === target.shape[1];
    // One scale for all positions of a puzzle, and one height, so that nothing jumps.
    const sides = [
      ...factors.map((factor) => Math.max(...factor.shape)),
      Math.max(...target.shape),
    ];
    const [widest, both, room] = [Math.max(...sides), sides[0] + sides[1], width - 66];
    const unit = Math.min(150 / widest, (room - 84) / both, room / (both + widest));
    const [top, high] = [34, 150];
    const centre = top + high / 2;
    const matrix = (x, [rows, columns], label, kind) => {
      const [left, y] = [x - (columns * unit) / 2, centre - (rows * unit) / 2];
      return [
        svg(
          "g",
          { class: `bp-matrix ${kind}` },
          svg("rect", { x: left, y, width: columns * unit, height: rows * unit }),
          range(columns - 1).map((k) =>
            svg("line", {
              x1: left + (k + 1) * unit,
              x2: left + (k + 1) * unit,
              y1: y,
              y2: y + rows * unit,
            }),
          ),
          range(rows - 1).map((k) =>
            svg("line", {
              x1: left,
              x2: left + columns * unit,
              y1: y + (k + 1) * unit,
              y2: y + (k + 1) * unit,
            }),
          ),
        ),
        svg("text", { x, y: y - 9, "text-anchor": "middle", class: "bp-name" }, label),
      ];
    };
    const size = (x, text) => svg("text", { x, y: top + high + 20, "text-anchor": "middle" }, text);
    const sign = (x, text) =>
      svg("text", { x, y: centre + 7, "text-anchor": "middle", class: "bp-sign" }, text);
    const slots = [b, d, Math.max(target.shape[1], result ? result[1] : 0)].map((columns) =>
      Math.max(columns * unit, 52),
    );
    slots[2] = Math.max(slots[2], 84);
    const gap = 30;
    let x = (width - slots.reduce((sum, slot) => sum + slot, 0) - 2 * gap) / 2;
    const content = [];
    factors.forEach((factor, k) => {
      content.push(
        ...matrix(
          x + slots[k] / 2,
          shape(factor),
          title(factor),
          factor.gradient ? "bp-of-gradient" : "bp-of-value",
        ),
        size(x + slots[k] / 2, words(shape(factor))),
        sign(x + slots[k] + gap / 2, k ? "=" : "·"),
      );
      x += slots[k] + gap;
    });
    x += slots[2] / 2;
    if (fits)
      content.push(
        ...matrix(x, result, target.name, "bp-of-gradient bp-fits"),
        size(x, words(result)),
      );
    else {
      if (result) content.push(...matrix(x, result, "", "bp-of-neutral"));
      content.push(
        ...matrix(x, target.shape, result ? "" : `${target.name} ?`, "bp-wanted"),
        size(x, result ? `${words(result)}, not ${words(target.shape)}` : words(target.shape)),
      );
    }
    const inner = exists ? "bp-agree" : "bp-clash";
    const product = `${factors.map(title).join(" · ")}, shapes ${factors.map((factor) => words(shape(factor))).join(" and ")}`;
    picture.replaceChildren(
      svg(
        "svg",
        {
          viewBox: `0 0 ${width} ${top + high + 58}`,
          width,
          height: top + high + 58,
          role: "img",
          "aria-label": product,
        },
        content,
        svg(
          "text",
          { x: width / 2, y: top + high + 48, "text-anchor": "middle", class: inner },
          exists ? `inner sizes ${b} = ${c} ✓` : `inner sizes ${b} ≠ ${c} ✗`,
        ),
      ),
    );
  };
  const show = () => {
    const { story: text, target } = spec.puzzles[at];
    const [[a, b], [c, d]] = factors.map(shape);
    const fits = b === c && a === target.shape[0] && d === target.shape[1];
    story.textContent = text;
    pick.set(at);
    buttons.replaceChildren(
      ...factors.map((factor, k) =>
        button(
          `Transpose ${factor.name}`,
          null,
          () => {
            factors[k].turned = !factors[k].turned;
            show();
            buttons.children[k].focus();
          },
          { "aria-pressed": String(factor.turned) },
        ),
      ),
      button("Swap the factors", null, () => {
        factors.reverse();
        show();
        buttons.children[2].focus();
      }),
    );
    const wanted = `${target.name} has shape ${words(target.shape)}`;
    parts.say(
      b !== c
        ? `The inner sizes ${b} and ${c} differ, so this product does not exist. Wanted: ${wanted}.`
        : !fits
          ? `The product exists, with shape ${words([a, d])}, but ${wanted}.`
          : `It fits: ${target.name} = ${factors.map(title).join(" · ")}. The size ${b} in the middle is summed over and vanishes.`,
    );
    parts.redraw(picture);
  };
  const pick = choice(
    "Find",
    spec.puzzles.map(({ label }, k) => [k, label]),
    0,
    begin,
  );
  parts.controls.append(buttons, pick.element);
  begin(0);
  parts.fit(picture, draw);
  return parts;
};

export default widget(mountShapes);
