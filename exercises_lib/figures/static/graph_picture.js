// Draws a computation graph at the width there is: cards, edges, labels that hide nothing, and
// boxes to write in. What is shown of it at a step is said by `show`.

import { calm, clamp, fresh, html, number, svg } from "./common.js";
import { freePlace, overlap, textWidth } from "./labels.js";

const BOX = 34; // the height of a box to write in
const MORE = 16; // what it adds to a card

const clip = (text, size, room) => {
  const letters = [...text];
  const fits = Math.floor(room / (size * 0.6));
  return letters.length > fits ? `${letters.slice(0, fits - 1).join("")}…` : text;
};

/** A label in one line, or in two where it has a blank and not enough room. */
const fold = (text, size, room) => {
  const words = text.split(" ");
  if (words.length === 1 || textWidth(text, size) <= room)
    return [clip(text, size, room)].filter(Boolean);
  const half = Math.ceil(words.length / 2);
  return [words.slice(0, half), words.slice(half)].map((part) => clip(part.join(" "), size, room));
};

/** The width that the widest text of any card needs. */
const cardWidth = (nodes, size) =>
  14 +
  Math.max(
    ...nodes.map((node) =>
      Math.max(
        textWidth(node.label, size) + (node.op ? 12 : 0),
        textWidth(number(node.value), size),
        textWidth(`∂ ${number(node.grad)}`, size),
      ),
    ),
  );

/** Where everything stands; graph.py foresees the height with the same sums. */
const roomFor = (spec, width) => {
  const wide = clamp(cardWidth(spec.nodes, 14), 76, 150);
  const natural = spec.layouts.wide.layers * (wide + 62) - 54;
  return width >= 520 && natural * 0.8 <= width
    ? sideways(spec, width, wide, natural)
    : downwards(spec, width);
};

/** Layers from left to right, for wide pages and short computations. */
const sideways = (spec, width, wide, natural) => {
  const layout = spec.layouts.wide;
  const more = spec.boxed ? MORE : 0;
  const scale = Math.min(1, width / natural);
  const inner = width / scale;
  const stretch = Math.min((inner - 8 - wide) / Math.max(1, layout.layers - 1), wide + 110);
  const left = (inner - stretch * (layout.layers - 1)) / 2;
  const spot = (layer, across) => [left + layer * stretch, 52 + more / 2 + across * (86 + more)];
  return {
    layout,
    wide: true,
    size: 14,
    card: [wide, 64 + more],
    scale,
    width: inner,
    height: layout.width * (86 + more) + 98 + more,
    spot,
    pass: (layer, across) =>
      [-wide / 2, wide / 2].map((by) => [spot(layer, across)[0] + by, spot(layer, across)[1]]),
  };
};

/** Layers from top to bottom, for phones and long computations. */
const downwards = (spec, width) => {
  const phone = width < 480;
  const size = phone ? 12.5 : 14;
  const [need, gap] = [clamp(cardWidth(spec.nodes, size), 70, phone ? 112 : 150), phone ? 42 : 44];
  const roomy = (width - 6 - need) / spec.layouts.wide.width >= need + 4;
  const layout = roomy ? spec.layouts.wide : spec.layouts.narrow;
  const wide = Math.min(need, Math.max(74, (width - 6 - 4 * layout.width) / (layout.width + 1)));
  const folded = spec.nodes.some(({ label }) => fold(label, size, wide - 6).length > 1);
  const high = (phone ? 55 : 62) + (folded ? size + 4 : 0) + (spec.boxed ? MORE : 0);
  const pitch = Math.min((width - 6 - wide) / Math.max(layout.width, 0.001), wide + 60);
  const left = (width - pitch * layout.width) / 2;
  const spot = (layer, across) => [left + across * pitch, 16 + high / 2 + layer * (high + gap)];
  return {
    layout,
    wide: false,
    size,
    card: [wide, high],
    scale: 1,
    width,
    height: layout.layers * (high + gap) - gap + 24,
    spot,
    pass: (layer, across) =>
      [-high / 2, high / 2].map((by) => [spot(layer, across)[0], spot(layer, across)[1] + by]),
  };
};

const curve = (points, wide) =>
  points.slice(1).reduce((path, [x, y], at) => {
    const [px, py] = points[at];
    return (
      path +
      (wide
        ? ` C${(px + x) / 2} ${py} ${(px + x) / 2} ${y} ${x} ${y}`
        : ` C${px} ${(py + y) / 2} ${x} ${(py + y) / 2} ${x} ${y}`)
    );
  }, `M${points[0][0]} ${points[0][1]}`);

/** An arrowhead that turns round where an edge ends with it at its start. */
const arrow = (id, kind) =>
  svg(
    "marker",
    {
      id,
      viewBox: "0 0 10 10",
      refX: 9,
      refY: 5,
      markerWidth: 8,
      markerHeight: 8,
      markerUnits: "userSpaceOnUse",
      orient: "auto-start-reverse",
    },
    svg("path", { d: "M0 0 L10 5 L0 10 z", class: `bp-arrowhead bp-arrow-${kind}` }),
  );

/**
 * Draw the graph. `boxes` gives for a node the elements to write in: {value, grad}.
 * `on` has what to call: select(at) and walk(event, at).
 */
export const graphPicture = (spec, width, boxes, on) => {
  const { nodes, edges } = spec;
  const room = roomFor(spec, width);
  const [cw, ch] = room.card;
  const [there, back] = ["forward", "backward"].map((kind) => `bp-arrow-${kind}-${fresh()}`);
  const [lines, grounds, cards, labels, tokens] = Array.from({ length: 5 }, () => svg("g"));
  const picture = svg(
    "svg",
    {
      viewBox: `0 0 ${room.width} ${room.height}`,
      width: room.width * room.scale,
      height: room.height * room.scale,
      class: "bp-graph-picture",
      role: "group",
      "aria-label": "Computation graph",
    },
    svg("defs", {}, arrow(there, "forward"), arrow(back, "backward")),
    lines,
    grounds,
    cards,
    labels,
    tokens,
  );
  const over = html("div", {
    class: "bp-over",
    style: `width:${room.width}px;height:${room.height}px;transform:scale(${room.scale})`,
  });
  const canvas = html(
    "div",
    { class: "bp-canvas", style: `width:${room.width * room.scale}px` },
    picture,
    over,
  );
  const centre = nodes.map((_, at) => room.spot(room.layout.layer[at], room.layout.across[at]));
  /** The sign sits on the card's corner, out of the way of edges and text: middle and width. */
  const badges = nodes.map(({ op }, at) => {
    const [x, y] = centre[at];
    const wide = Math.max(22, textWidth(op, 12) + 12);
    return op && { x: Math.max(x - cw / 2 + 2, wide / 2 - 8), y: y - ch / 2 - 3, wide };
  });
  const taken = centre.map(([x, y]) => [x - cw / 2, y - ch / 2, x + cw / 2, y + ch / 2]);
  for (const { x, y, wide } of badges.filter(Boolean))
    taken.push([x - wide / 2, y - 11, x + wide / 2, y + 11]);

  const drawnEdges = edges.map((edge, at) => {
    const siblings = edges.filter((other) => other.to === edge.to).length;
    const twins = edges.filter((other) => other.to === edge.to && other.from === edge.from);
    const spread = (edge.slot - (siblings - 1) / 2) * Math.min(16, 30 / siblings);
    const bow = twins.length > 1 ? (twins.indexOf(edge) - (twins.length - 1) / 2) * 34 : 0;
    const [sx, sy] = centre[edge.from];
    const [ex, ey] = centre[edge.to];
    const start = room.wide ? [sx + cw / 2 + 1, sy] : [sx, sy + ch / 2 + 1];
    const end = room.wide ? [ex - cw / 2 - 2, ey + spread] : [ex + spread, ey - ch / 2 - 2];
    const bends = room.layout.bends[at].flatMap(([layer, across]) => room.pass(layer, across));
    const between = [(start[0] + end[0]) / 2, (start[1] + end[1]) / 2];
    between[room.wide ? 1 : 0] += bow;
    const path = svg("path", {
      d: curve([start, ...(bow ? [between] : bends), end], room.wide),
      class: "bp-edge",
    });
    const label = svg("text", { class: "bp-edge-label", "text-anchor": "middle" });
    const ground = svg("rect", { height: 16, class: "bp-ground" });
    lines.append(path);
    grounds.append(ground);
    labels.append(label);
    return { path, ground, label, edge };
  });

  const drawnNodes = nodes.map((node, at) => {
    const [x, y] = centre[at];
    const group = svg("g", {
      class: `bp-node bp-${node.role}`,
      role: "button",
      tabindex: at === nodes.length - 1 ? 0 : -1,
      onclick: () => on.select(at),
      onfocus: () => on.select(at),
      onkeydown: (event) => on.walk(event, at),
    });
    group.append(
      svg("rect", {
        x: x - cw / 2,
        y: y - ch / 2,
        width: cw,
        height: ch,
        rx: node.op ? 8 : 20,
        class: "bp-card",
      }),
    );
    const label = fold(node.label, room.size, cw - 6);
    const own = boxes(at);
    const line = room.size + 4;
    const rows = [...label.map(() => line), own.value ? BOX : line, own.grad ? BOX : line];
    let top = y - rows.reduce((sum, row) => sum + row, 0) / 2;
    const next = (row) => {
      top += row;
      return top - row / 2;
    };
    const text = (row, kind, ...words) =>
      svg(
        "text",
        {
          x,
          y: row + room.size * 0.36,
          "text-anchor": "middle",
          "font-size": room.size,
          class: kind,
        },
        ...words,
      );
    const write = (box, row) => {
      Object.assign(box.style, {
        left: `${x - cw / 2 + 5}px`,
        top: `${row - BOX / 2 + 1}px`,
        width: `${cw - 10}px`,
        height: `${BOX - 2}px`,
        fontSize: `${room.size}px`,
      });
      over.append(box);
    };
    for (const part of label) group.append(text(next(line), "bp-name", part), " ");
    const valueRow = next(own.value ? BOX : line);
    const gradRow = next(own.grad ? BOX : line);
    const value = text(valueRow, "bp-value");
    const grad = text(gradRow, "bp-gradient");
    if (own.value) write(own.value, valueRow);
    if (own.grad) write(own.grad, gradRow);
    if (node.op) {
      const { x: bx, y: by, wide } = badges[at];
      group.append(
        svg("rect", {
          x: bx - wide / 2,
          y: by - 11,
          width: wide,
          height: 22,
          rx: 11,
          class: "bp-badge",
        }),
        svg("text", { x: bx, y: by + 4.5, "text-anchor": "middle", class: "bp-op" }, node.op),
      );
    }
    let plus = null;
    if (edges.filter(({ from }) => from === at).length > 1) {
      // A fork: here the gradients that come back are added.
      const [px, py] = room.wide ? [x + cw / 2 + 3, y] : [x, y + ch / 2 + 7];
      plus = svg(
        "g",
        { class: "bp-plus" },
        svg("circle", { cx: px, cy: py, r: 8 }),
        svg("path", { d: `M${px - 4} ${py}h8M${px} ${py - 4}v8` }),
      );
      group.append(plus);
      taken.push([px - 9, py - 9, px + 9, py + 9]);
    }
    // The card's name is its text; the blanks keep a screen reader from gluing it together.
    group.append(" ", value, " ", grad);
    cards.append(group);
    return { group, value, grad, node, plus, own };
  });

  /** Labels of edges: the first place on the curve, or right beside it, that nothing covers. */
  const placeLabels = () => {
    for (const { path, ground, label, edge } of drawnEdges) {
      const length = path.getTotalLength();
      const wide = Math.max(30, textWidth(`×${number(edge.local, 3)}`, 12) + 6);
      const shares = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82];
      const places = [
        [0, 0],
        [0, -9],
        [0, 9],
        [-14, 0],
        [14, 0],
      ].flatMap(([aside, down]) =>
        shares.map((share) => {
          const { x, y } = path.getPointAtLength(length * share);
          return [x + aside, y + down];
        }),
      );
      const { x, y } = freePlace(taken, places, [wide, 16], room.width);
      label.setAttribute("x", x);
      label.setAttribute("y", y + 4);
      ground.setAttribute("y", y - 8);
    }
  };

  /** A gradient joins another one: show the addition beside the card while it happens. */
  const add = (at, sum) => {
    const text = `∂ ${sum}`;
    const wide = textWidth(text, 12) + 12;
    const [cx, cy] = centre[at];
    // Where it hides least: beneath the card, above it, or at one of its sides.
    const places = [
      [cx, cy + ch / 2 + 12],
      [cx, cy - ch / 2 - 12],
      [cx + (cw + wide) / 2 + 2, cy],
      [cx - (cw + wide) / 2 - 2, cy],
    ];
    const hides = ([x, y]) =>
      overlap(taken, [x - wide / 2, y - 11, x + wide / 2, y + 11]) +
      (y < 7 ? 1e4 : 0) +
      22 * Math.max(0, wide / 2 - x, x + wide / 2 - room.width);
    const [spot, y] = places.reduce((best, place) =>
      hides(place) < hides(best) - 1 ? place : best,
    );
    const x = clamp(spot, wide / 2 + 1, room.width - wide / 2 - 1);
    tokens.append(
      svg("rect", { x: x - wide / 2, y: y - 11, width: wide, height: 22, rx: 6, class: "bp-sum" }),
      svg(
        "text",
        { x, y: y + 4.5, "text-anchor": "middle", class: "bp-gradient", "font-size": 12 },
        text,
      ),
    );
  };

  /**
   * Show the graph after `steps`. `selected` is the node that is looked at; a node in `lit` is
   * named in the text under the reader's pointer.
   */
  const show = (steps, { selected, lit }) => {
    const active = steps.at(-1);
    const known = new Set();
    const grads = new Map();
    const used = new Set();
    for (const step of steps) {
      if (step.phase === "forward") for (const at of step.nodes) known.add(at);
      for (const [at, text] of Object.entries(step.grads ?? {})) grads.set(Number(at), text);
      if (step.phase === "backward") for (const at of step.edges) used.add(at);
    }
    const latest = new Set(active?.nodes ?? []);
    tokens.replaceChildren();
    drawnNodes.forEach(({ group, value, grad, node, plus, own }, at) => {
      const sum = grads.get(at);
      const total = sum?.split("=").at(-1).trim();
      const now = latest.has(at);
      // A constant without a name shows its number from the start: it is never computed.
      const shown = known.has(at) || !(node.label || node.op);
      value.textContent = own.value || !shown ? "" : number(node.value);
      grad.textContent = own.grad || sum === undefined ? "" : `∂ ${total}`;
      if (now && active.phase === "backward" && sum !== total) add(at, sum);
      plus?.classList.toggle("bp-shown", sum !== undefined && sum !== total);
      group.classList.toggle("bp-now-forward", now && active.phase === "forward");
      group.classList.toggle("bp-now-backward", now && active.phase === "backward");
      group.classList.toggle("bp-selected", selected === at);
      group.classList.toggle("bp-lit", lit.has(at));
    });
    const flowing = new Set(active?.edges ?? []);
    drawnEdges.forEach(({ path, ground, label, edge }, at) => {
      const now = flowing.has(at);
      const forward = now && active.phase === "forward";
      const backward = now && active.phase === "backward";
      path.classList.toggle("bp-now-forward", forward);
      path.classList.toggle("bp-now-backward", backward);
      path.classList.toggle("bp-done-backward", used.has(at) && !now);
      path.classList.toggle("bp-looked-at", edge.from === selected && used.has(at));
      // In the backward pass the arrow points where the gradient goes.
      path.setAttribute(
        used.has(at) ? "marker-start" : "marker-end",
        `url(#${used.has(at) ? back : there})`,
      );
      path.removeAttribute(used.has(at) ? "marker-end" : "marker-start");
      label.classList.toggle("bp-forward", forward);
      label.textContent = forward
        ? number(nodes[edge.from].value, 3)
        : used.has(at)
          ? `×${number(edge.local, 3)}`
          : "";
      // The line ends before the number, so that no dash is read as a part of it.
      const wide = label.textContent ? textWidth(label.textContent, 12) + 2 : 0;
      ground.setAttribute("width", wide);
      ground.setAttribute("x", label.getAttribute("x") - wide / 2);
    });
    return { known, grads };
  };

  /** Send a token along every edge of a step. */
  const animate = (step) => {
    if (!step?.edges.length || calm()) return;
    for (const at of step.edges) {
      const { path } = drawnEdges[at];
      const token = svg("circle", { r: 6, class: `bp-token bp-${step.phase}` });
      tokens.append(token);
      const length = path.getTotalLength();
      const begin = performance.now();
      const move = (now) => {
        const share = clamp((now - begin) / 520, 0, 1);
        const point = path.getPointAtLength(
          length * (step.phase === "forward" ? share : 1 - share),
        );
        token.setAttribute("cx", point.x);
        token.setAttribute("cy", point.y);
        if (share < 1 && token.isConnected) requestAnimationFrame(move);
        else token.remove();
      };
      move(begin);
    }
  };

  return {
    canvas,
    placeLabels,
    show,
    animate,
    focus: (at) => {
      for (const [each, { group }] of drawnNodes.entries())
        group.setAttribute("tabindex", each === at ? 0 : -1);
      drawnNodes[at].group.focus();
    },
    /** The middle of some nodes, as a share of the height. */
    middle: (some) => some.reduce((sum, at) => sum + centre[at][1], 0) / some.length / room.height,
  };
};
