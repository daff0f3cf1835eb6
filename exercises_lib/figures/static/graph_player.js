// The graph player. Python sends nodes with places, edges and steps; this file draws and plays.

import { calm, clamp, frame, fresh, number, svg, widget } from "./common.js";
import { player } from "./player.js";

/** Estimate a text's width: measuring would force a layout for each label. */
const textWidth = (text, size) => [...String(text)].length * size * 0.6;

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

const mountGraph = (el, spec) => {
  const { nodes, edges, steps } = spec;
  const uses = nodes.map((_, at) => edges.filter((edge) => edge.from === at).length);
  const parts = frame(el, spec, "graph");
  const { root, stage, say } = parts;
  const marker = `bp-arrow-${fresh()}`;
  const goesBack = steps.some(({ phase }) => phase === "backward");
  let current = spec.start ?? steps.length;
  let selected = null;
  let drawn = { nodes: [], edges: [], tokens: null };

  /** The width that the widest text of any card needs. */
  const cardWidth = (size) =>
    Math.max(
      ...nodes.map((node) =>
        Math.max(
          textWidth(node.label, size) + (node.op ? 12 : 0),
          textWidth(number(node.value), size),
          textWidth(`∂ ${number(node.grad)}`, size),
        ),
      ),
    ) + 14;

  const place = (width) => {
    const wide = clamp(cardWidth(14), 76, 150);
    const natural = spec.layouts.wide.layers * (wide + 62) - 54;
    return width >= 520 && natural * 0.8 <= width
      ? sideways(width, wide, natural)
      : downwards(width);
  };

  /** Layers from left to right, for wide pages and short computations. */
  const sideways = (width, wide, natural) => {
    const layout = spec.layouts.wide;
    const scale = Math.min(1, width / natural);
    const inner = width / scale;
    const stretch = Math.min((inner - 8 - wide) / Math.max(1, layout.layers - 1), wide + 110);
    const left = (inner - stretch * (layout.layers - 1)) / 2;
    const spot = (layer, across) => [left + layer * stretch, 52 + across * 86];
    return {
      layout,
      wide: true,
      size: 14,
      card: [wide, 64],
      scale,
      width: inner,
      height: layout.width * 86 + 98,
      spot,
      pass: (layer, across) =>
        [-wide / 2, wide / 2].map((by) => [spot(layer, across)[0] + by, spot(layer, across)[1]]),
    };
  };

  /** Layers from top to bottom, for phones and long computations. */
  const downwards = (width) => {
    const phone = width < 480;
    const size = phone ? 12.5 : 14;
    const [need, gap] = [clamp(cardWidth(size), 70, phone ? 112 : 150), phone ? 42 : 44];
    const roomy = (width - 6 - need) / spec.layouts.wide.width >= need + 4;
    const layout = roomy ? spec.layouts.wide : spec.layouts.narrow;
    const wide = Math.min(need, Math.max(74, (width - 6 - 4 * layout.width) / (layout.width + 1)));
    const folded = nodes.some(({ label }) => fold(label, size, wide - 6).length > 1);
    const high = (phone ? 55 : 62) + (folded ? size + 4 : 0);
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

  const draw = (width) => {
    const room = place(width);
    const [cw, ch] = room.card;
    const picture = svg("svg", {
      viewBox: `0 0 ${room.width} ${room.height}`,
      width: room.width * room.scale,
      height: room.height * room.scale,
      class: "bp-graph-picture",
      role: "group",
      "aria-label": "Computation graph",
    });
    picture.append(
      svg(
        "defs",
        {},
        svg(
          "marker",
          {
            id: marker,
            viewBox: "0 0 10 10",
            refX: 9,
            refY: 5,
            markerWidth: 8,
            markerHeight: 8,
            markerUnits: "userSpaceOnUse",
            orient: "auto",
          },
          svg("path", { d: "M0 0 L10 5 L0 10 z", class: "bp-arrowhead" }),
        ),
      ),
    );
    const lines = svg("g"),
      grounds = svg("g"),
      cards = svg("g"),
      labels = svg("g"),
      tokens = svg("g");
    const centre = nodes.map((_, at) => room.spot(room.layout.layer[at], room.layout.across[at]));
    /** The sign sits on the card's corner, out of the way of edges and text: middle and width. */
    const badges = nodes.map(({ op }, at) => {
      const [x, y] = centre[at];
      const wide = Math.max(22, textWidth(op, 12) + 12);
      return op && { x: Math.max(x - cw / 2 + 2, wide / 2 - 8), y: y - ch / 2 - 3, wide };
    });
    const taken = centre.map(([x, y]) => [x - cw / 2, y - ch / 2, x + cw / 2, y + ch / 2]);
    taken.push(
      ...badges
        .filter(Boolean)
        .map(({ x, y, wide }) => [x - wide / 2, y - 11, x + wide / 2, y + 11]),
    );
    const overlap = (box) =>
      taken.reduce(
        (sum, [l, t, r, b]) =>
          sum +
          Math.max(0, Math.min(r, box[2]) - Math.max(l, box[0])) *
            Math.max(0, Math.min(b, box[3]) - Math.max(t, box[1])),
        0,
      );

    const plus = [];
    drawn = { nodes: [], edges: [], tokens, room, plus, centre, overlap };
    edges.forEach((edge, at) => {
      const siblings = edges.filter((other) => other.to === edge.to).length;
      const twins = edges.filter((other) => other.to === edge.to && other.from === edge.from);
      const spread = (edge.slot - (siblings - 1) / 2) * Math.min(16, 30 / siblings);
      const bow = twins.length > 1 ? (twins.indexOf(edge) - (twins.length - 1) / 2) * 34 : 0;
      const [sx, sy] = centre[edge.from],
        [ex, ey] = centre[edge.to];
      const start = room.wide ? [sx + cw / 2, sy] : [sx, sy + ch / 2];
      const end = room.wide ? [ex - cw / 2 - 2, ey + spread] : [ex + spread, ey - ch / 2 - 2];
      const bends = room.layout.bends[at].flatMap(([layer, across]) => room.pass(layer, across));
      const middle = bow
        ? [
            room.wide
              ? [(start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + bow]
              : [(start[0] + end[0]) / 2 + bow, (start[1] + end[1]) / 2],
          ]
        : bends;
      const path = svg("path", {
        d: curve([start, ...middle, end], room.wide),
        class: "bp-edge",
        "marker-end": `url(#${marker})`,
      });
      const label = svg("text", { class: "bp-edge-label", "text-anchor": "middle" });
      const ground = svg("rect", { height: 16, class: "bp-ground" });
      lines.append(path);
      grounds.append(ground);
      labels.append(label);
      drawn.edges.push({ path, ground, label, edge });
    });
    nodes.forEach((node, at) => {
      const [x, y] = centre[at];
      const group = svg("g", {
        class: `bp-node bp-${node.role}`,
        role: "button",
        tabindex: at === (selected ?? nodes.length - 1) ? 0 : -1,
        onclick: () => select(at),
        onfocus: () => select(at),
        onkeydown: (event) => walk(event, at),
      });
      const box = svg("rect", {
        x: x - cw / 2,
        y: y - ch / 2,
        width: cw,
        height: ch,
        rx: node.op ? 8 : 20,
        class: "bp-card",
      });
      group.append(box);
      const label = fold(node.label, room.size, cw - 6);
      const line = room.size + 4;
      const top = y - ((label.length + 1) * line) / 2 + room.size * 0.36;
      const middle = (row) => ({
        x,
        y: top + row * line,
        "text-anchor": "middle",
        "font-size": room.size,
      });
      label.forEach((part, row) =>
        group.append(svg("text", { ...middle(row), class: "bp-name" }, part), " "),
      );
      const value = svg("text", { ...middle(label.length), class: "bp-value" });
      const grad = svg("text", { ...middle(label.length + 1), class: "bp-gradient" });
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
      if (uses[at] > 1) {
        // A fork: here the gradients that come back are added.
        const [px, py] = room.wide ? [x + cw / 2 + 3, y] : [x, y + ch / 2 + 7];
        plus[at] = svg(
          "g",
          { class: "bp-plus" },
          svg("circle", { cx: px, cy: py, r: 8 }),
          svg("path", { d: `M${px - 4} ${py}h8M${px} ${py - 4}v8` }),
        );
        group.append(plus[at]);
        taken.push([px - 9, py - 9, px + 9, py + 9]);
      }
      // The card's name is its text; the blanks keep a screen reader from gluing it together.
      group.append(" ", value, " ", grad);
      cards.append(group);
      drawn.nodes.push({ group, value, grad, node });
    });
    picture.append(lines, grounds, cards, labels, tokens);
    stage.replaceChildren(picture);
    parts.reserve([
      ...steps.map(({ text }) => text),
      ...nodes.map((_, at) => description(at, true, goesBack)),
    ]);
    // Labels of edges: the first place on the curve, or right beside it, that nothing covers.
    for (const { path, ground, label, edge } of drawn.edges) {
      const length = path.getTotalLength();
      const wide = textWidth(`×${number(edge.local, 3)}`, 12) + 6;
      let best = null;
      for (const share of [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82]) {
        const point = path.getPointAtLength(length * share);
        for (const [aside, down] of [
          [0, 0],
          [0, -9],
          [0, 9],
          [-14, 0],
          [14, 0],
        ]) {
          const [x, y] = [point.x + aside, point.y + down];
          const box = [x - wide / 2, y - 8, x + wide / 2, y + 8];
          const cost =
            overlap(box) +
            (aside || down ? 30 : 0) +
            (x - wide / 2 < 0 || x + wide / 2 > room.width ? 1e3 : 0);
          if (!best || cost < best.cost - 0.5) best = { x, y, box, cost };
        }
      }
      taken.push(best.box);
      label.setAttribute("x", best.x);
      label.setAttribute("y", best.y + 4);
      ground.setAttribute("y", best.y - 8);
    }
    show();
  };

  const show = () => {
    if (!drawn.room) return;
    const known = new Set(),
      grads = new Map(),
      used = new Set();
    const active = current > 0 ? steps[current - 1] : null;
    for (const step of steps.slice(0, current)) {
      if (step.phase === "forward") step.nodes.forEach((at) => known.add(at));
      for (const [at, text] of Object.entries(step.grads ?? {})) grads.set(Number(at), text);
      if (step.phase === "backward") step.edges.forEach((at) => used.add(at));
    }
    const latest = new Set(active?.nodes ?? []);
    drawn.tokens.replaceChildren();
    drawn.nodes.forEach(({ group, value, grad, node }, at) => {
      const sum = grads.get(at);
      const total = sum?.split("=").at(-1).trim();
      const now = latest.has(at);
      // A constant without a name shows its number from the start: it is never computed.
      value.textContent = known.has(at) || !(node.label || node.op) ? number(node.value) : "";
      grad.textContent = sum === undefined ? "" : `∂ ${total}`;
      if (now && active.phase === "backward" && sum !== total) addition(at, sum);
      drawn.plus[at]?.classList.toggle("bp-shown", sum !== undefined && sum !== total);
      group.classList.toggle("bp-now-forward", now && active.phase === "forward");
      group.classList.toggle("bp-now-backward", now && active.phase === "backward");
      group.classList.toggle("bp-selected", selected === at);
    });
    const flowing = new Set(active?.edges ?? []);
    drawn.edges.forEach(({ path, ground, label, edge }, at) => {
      const now = flowing.has(at);
      const forward = now && active.phase === "forward";
      const backward = now && active.phase === "backward";
      path.classList.toggle("bp-now-forward", forward);
      path.classList.toggle("bp-now-backward", backward);
      path.classList.toggle("bp-done-backward", used.has(at) && !now);
      path.classList.toggle("bp-looked-at", edge.from === selected && used.has(at));
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
    const text =
      active?.text ?? "Nothing is computed yet. Press Play, or step with the arrow keys.";
    controls.describe(text);
    if (selected === null) say(text);
    else say(description(selected, known.has(selected), grads.has(selected)));
  };

  /** A gradient joins another one: show the addition beside the card while it happens. */
  const addition = (at, sum) => {
    const { room, centre, overlap } = drawn;
    const text = `∂ ${sum}`;
    const wide = textWidth(text, 12) + 12;
    const [cw, ch] = room.card;
    const [cx, cy] = centre[at];
    // Where it hides least: beneath the card, above it, or at one of its sides.
    const places = [
      [cx, cy + ch / 2 + 12],
      [cx, cy - ch / 2 - 12],
      [cx + (cw + wide) / 2 + 2, cy],
      [cx - (cw + wide) / 2 - 2, cy],
    ];
    const hides = ([x, y]) =>
      overlap([x - wide / 2, y - 11, x + wide / 2, y + 11]) +
      (y < 7 ? 1e4 : 0) +
      22 * Math.max(0, wide / 2 - x, x + wide / 2 - room.width);
    const [spot, y] = places.reduce((best, place) =>
      hides(place) < hides(best) - 1 ? place : best,
    );
    const x = clamp(spot, wide / 2 + 1, room.width - wide / 2 - 1);
    drawn.tokens.append(
      svg("rect", { x: x - wide / 2, y: y - 11, width: wide, height: 22, rx: 6, class: "bp-sum" }),
      svg(
        "text",
        { x, y: y + 4.5, "text-anchor": "middle", class: "bp-gradient", "font-size": 12 },
        text,
      ),
    );
  };

  /** What is said about a node whose value, and whose gradient, may be there already. */
  const description = (at, valued, arrived) => {
    const node = nodes[at];
    const name = node.label || (node.op ? `the ${node.op} node` : "a constant");
    const forward = !valued
      ? `${name}: no value yet.`
      : node.forward
        ? `${node.forward}.`
        : `${name} = ${number(node.value)}, given.`;
    const backward = !goesBack
      ? ""
      : !arrived
        ? "Its gradient has not arrived yet."
        : `Gradient: ${(node.backward ?? []).join("; ")}.`;
    return `${forward} ${backward}`.trim();
  };

  const animate = () => {
    const step = steps[current - 1];
    if (!step?.edges.length || calm() || !drawn.tokens) return;
    for (const at of step.edges) {
      const { path } = drawn.edges[at];
      const token = svg("circle", { r: 6, class: `bp-token bp-${step.phase}` });
      drawn.tokens.append(token);
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
    else if (nodes[to]) {
      drawn.nodes.forEach(({ group }, each) =>
        group.setAttribute("tabindex", each === to ? 0 : -1),
      );
      drawn.nodes[to].group.focus();
    }
  };

  root.setAttribute(
    "aria-description",
    "Left and right step, space plays; on a node, up and down lead to the next one.",
  );
  const controls = player(root, steps.length, {
    start: current,
    interval: steps.length > 24 ? 1000 : 1300,
    onStep: (to, next) => {
      current = to;
      selected = null;
      show();
      if (next) animate();
    },
  });
  parts.controls.append(controls.element);
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || selected === null) return;
    selected = null;
    show();
    event.stopPropagation();
  });
  parts.fit(stage, draw);
  return {
    destroy: () => {
      controls.pause();
      parts.destroy();
    },
  };
};

export default widget(mountGraph);
