// The graph player. Python sends nodes with places, edges and steps; this file draws and plays.

const CARD = { wide: [104, 64], narrow: [80, 56] };

/** Estimate a text's width: measuring would force a layout for each label. */
const textWidth = (text, size) => [...String(text)].length * size * 0.57;

const clip = (text, size, room) => {
  const letters = [...text];
  const fits = Math.floor(room / (size * 0.57));
  return letters.length > fits ? `${letters.slice(0, fits - 1).join("")}…` : text;
};

const mountGraph = (el, spec) => {
  const { nodes, edges, steps } = spec;
  const parts = frame(el, spec, "graph");
  const { root, stage, controls, say } = parts;
  const marker = `bp-arrow-${++uid}`;
  let current = spec.start ?? steps.length;
  let selected = null;
  let timer = null;
  let drawn = { nodes: [], edges: [], tokens: null };

  const place = (width) => {
    const longest = Math.max(...nodes.map((node) => textWidth(node.label, 14)));
    const gap = 44;
    const cardWide = clamp(longest + 18, 84, 150);
    const natural = spec.layers * (cardWide + gap) - gap + 8;
    const wide = width >= 520 && natural * 0.78 <= width;
    if (wide) {
      const scale = Math.min(1, width / natural);
      const inner = width / scale;
      const stretch = Math.min((inner - 8 - cardWide) / Math.max(1, spec.layers - 1), cardWide + 110);
      const left = (inner - cardWide - stretch * (spec.layers - 1)) / 2;
      const pitch = 82;
      return {
        wide, size: 14, card: [cardWide, CARD.wide[1]], scale,
        width: inner, height: spec.width * pitch + CARD.wide[1] + 30,
        at: (layer, across) => [left + cardWide / 2 + layer * stretch, 15 + CARD.wide[1] / 2 + across * pitch],
      };
    }
    // Downwards: many nodes side by side do not fit, so neighbours step down alternately.
    const widest = Math.max(...range(spec.layers).map((layer) => nodes.filter((node) => node.layer === layer).length));
    const card = [clamp(longest + 14, 74, Math.min(130, (width - 8) / Math.min(widest, 3) - 8)), CARD.narrow[1]];
    const pitch = Math.min((width - 8 - card[0]) / Math.max(spec.width, 0.001), card[0] + 60);
    const left = (width - card[0] - pitch * spec.width) / 2;
    const shift = range(nodes.length).map(() => 0);
    const heights = range(spec.layers).map((layer) => {
      const row = nodes.map((node, at) => [node, at]).filter(([node]) => node.layer === layer)
        .sort((a, b) => a[0].across - b[0].across);
      const rows = [];
      for (const [node, at] of row) {
        const free = rows.findIndex((end) => (node.across - end) * pitch >= card[0] + 6);
        const into = free >= 0 ? free : rows.length;
        rows[into] = node.across;
        shift[at] = into;
      }
      return Math.max(1, rows.length);
    });
    const tops = [];
    let y = 18;
    for (const lines of heights) { tops.push(y); y += lines * (card[1] + 14) + 26; }
    return {
      wide, size: 13, card, scale: 1, width, height: y - 20,
      at: (layer, across, index) => [
        left + card[0] / 2 + across * pitch,
        tops[layer] + card[1] / 2 + (index === undefined ? ((heights[layer] - 1) * (card[1] + 14)) / 2
          : shift[index] * (card[1] + 14)),
      ],
    };
  };

  const curve = (points, wide) => points.slice(1).reduce((path, [x, y], at) => {
    const [px, py] = points[at];
    return path + (wide
      ? ` C${(px + x) / 2} ${py} ${(px + x) / 2} ${y} ${x} ${y}`
      : ` C${px} ${(py + y) / 2} ${x} ${(py + y) / 2} ${x} ${y}`);
  }, `M${points[0][0]} ${points[0][1]}`);

  const draw = (width) => {
    const room = place(width);
    const [cw, ch] = room.card;
    const picture = svg("svg", { viewBox: `0 0 ${room.width} ${room.height}`, width: room.width * room.scale,
      height: room.height * room.scale, class: "bp-graph-picture", role: "group", "aria-label": "Computation graph" });
    picture.append(svg("defs", {}, svg("marker", { id: marker, viewBox: "0 0 10 10", refX: 9, refY: 5,
      markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" },
      svg("path", { d: "M0 0 L10 5 L0 10 z", class: "bp-arrowhead" }))));
    const lines = svg("g"), cards = svg("g"), labels = svg("g"), tokens = svg("g");
    const centre = nodes.map((node, at) => room.at(node.layer, node.across, at));
    const badge = (node) => (node.op ? Math.max(22, textWidth(node.op, 12) + 12) : 0);
    const taken = centre.map(([x, y]) => [x - cw / 2, y - ch / 2, x + cw / 2, y + ch / 2]);
    const overlap = (box) => taken.reduce((sum, [l, t, r, b]) =>
      sum + Math.max(0, Math.min(r, box[2]) - Math.max(l, box[0])) * Math.max(0, Math.min(b, box[3]) - Math.max(t, box[1])), 0);

    drawn = { nodes: [], edges: [], tokens, room };
    for (const edge of edges) {
      const siblings = edges.filter((other) => other.to === edge.to).length;
      const twins = edges.filter((other) => other.to === edge.to && other.from === edge.from);
      const spread = (edge.slot - (siblings - 1) / 2) * Math.min(16, 30 / siblings);
      const bow = twins.length > 1 ? (twins.indexOf(edge) - (twins.length - 1) / 2) * 34 : 0;
      const [sx, sy] = centre[edge.from], [ex, ey] = centre[edge.to];
      const inlet = badge(nodes[edge.to]) / 2;
      const start = room.wide ? [sx + cw / 2, sy] : [sx, sy + ch / 2];
      const end = room.wide ? [ex - cw / 2 - inlet - 1, ey + spread] : [ex + spread, ey - ch / 2 - 12];
      const bends = edge.bends.map(([layer, across]) => room.at(layer, across));
      const middle = bow ? [room.wide ? [(start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + bow]
        : [(start[0] + end[0]) / 2 + bow, (start[1] + end[1]) / 2]] : bends;
      const path = svg("path", { d: curve([start, ...middle, end], room.wide), class: "bp-edge", "marker-end": `url(#${marker})` });
      const label = svg("text", { class: "bp-edge-label", "text-anchor": "middle" });
      lines.append(path);
      labels.append(label);
      drawn.edges.push({ path, label, edge });
    }
    nodes.forEach((node, at) => {
      const [x, y] = centre[at];
      const group = svg("g", { class: `bp-node bp-${node.role}`, tabindex: 0, role: "button",
        onclick: () => select(at), onkeydown: (event) => {
          if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); select(at); }
        }, onfocus: () => select(at, true) });
      const box = svg("rect", { x: x - cw / 2, y: y - ch / 2, width: cw, height: ch,
        rx: node.role === "input" || node.role === "constant" ? ch / 2.6 : 8, class: "bp-card" });
      group.append(box);
      if (node.op) {
        const wide = badge(node);
        const [bx, by] = room.wide ? [x - cw / 2, y] : [x, y - ch / 2];
        group.append(svg("rect", { x: bx - wide / 2, y: by - 11, width: wide, height: 22, rx: 11, class: "bp-badge" }),
          svg("text", { x: bx, y: by + 4.5, "text-anchor": "middle", class: "bp-op" }, node.op));
      }
      const inset = room.wide && node.op ? badge(node) / 2 - 4 : 0;
      const middle = x + inset / 2;
      const top = y + (room.wide || !node.op ? 0 : 4);
      const line = room.size + (room.wide ? 4 : 2);
      const label = node.label ? clip(node.label, room.size, cw - inset - 8) : "";
      const first = label ? top - line + 4.5 : top - line / 2 + 4.5;
      if (label) group.append(svg("text", { x: middle, y: first, "text-anchor": "middle", class: "bp-name", "font-size": room.size }, label));
      const value = svg("text", { x: middle, y: label ? first + line : first, "text-anchor": "middle", class: "bp-value", "font-size": room.size });
      const grad = svg("text", { x: middle, y: (label ? first + line : first) + line, "text-anchor": "middle", class: "bp-gradient", "font-size": room.size });
      group.append(value, grad);
      cards.append(group);
      drawn.nodes.push({ group, value, grad, node, room: cw - inset - 6 });
    });
    picture.append(lines, cards, labels, tokens);
    stage.replaceChildren(picture);
    // Labels of edges: the first place along the curve that no card and no other label covers.
    for (const { path, label, edge } of drawn.edges) {
      const length = path.getTotalLength();
      const wide = textWidth(`×${number(edge.local, 3)}`, 12) + 6;
      let best = null;
      for (const share of [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82]) {
        const { x, y } = path.getPointAtLength(length * share);
        const box = [x - wide / 2, y - 8, x + wide / 2, y + 8];
        const cost = overlap(box) + (x - wide / 2 < 0 || x + wide / 2 > room.width ? 1e3 : 0);
        if (!best || cost < best.cost - 0.5) best = { x, y, box, cost };
      }
      taken.push(best.box);
      label.setAttribute("x", best.x);
      label.setAttribute("y", best.y + 4);
    }
    show();
  };

  const show = () => {
    if (!drawn.room) return;
    const known = new Set(), grads = new Map(), used = new Set();
    const active = current > 0 ? steps[current - 1] : null;
    for (const step of steps.slice(0, current)) {
      if (step.phase === "forward") step.nodes.forEach((at) => known.add(at));
      for (const [at, text] of Object.entries(step.grads ?? {})) grads.set(Number(at), text);
      if (step.phase === "backward") step.edges.forEach((at) => used.add(at));
    }
    const latest = new Set(active?.nodes ?? []);
    drawn.nodes.forEach(({ group, value, grad, node, room }, at) => {
      value.textContent = known.has(at) ? number(node.value) : "";
      const sum = grads.get(at);
      const total = sum?.split("=").at(-1).trim();
      // While a second gradient arrives the card shows the addition, if there is room for it.
      const adding = sum && sum !== total && latest.has(at) && active.phase === "backward";
      const text = adding && textWidth(`∂ ${sum}`, 11) < room + 8 ? sum : total;
      grad.textContent = sum === undefined ? "" : `∂ ${text}`;
      grad.classList.toggle("bp-small", Boolean(adding));
      group.classList.toggle("bp-now-forward", latest.has(at) && active.phase === "forward");
      group.classList.toggle("bp-now-backward", latest.has(at) && active.phase === "backward");
      group.classList.toggle("bp-selected", selected === at);
      const label = node.label || `${node.op || "constant"} node`;
      group.setAttribute("aria-label", [label, known.has(at) ? `value ${number(node.value)}` : "no value yet",
        sum === undefined ? "no gradient yet" : `gradient ${total}`].join(", "));
    });
    const flowing = new Set(active?.edges ?? []);
    drawn.edges.forEach(({ path, label, edge }, at) => {
      const now = flowing.has(at);
      const forward = now && active.phase === "forward";
      const backward = now && active.phase === "backward";
      path.classList.toggle("bp-now-forward", forward);
      path.classList.toggle("bp-now-backward", backward);
      path.classList.toggle("bp-done-backward", used.has(at) && !now);
      label.classList.toggle("bp-forward", forward);
      label.textContent = forward ? number(nodes[edge.from].value, 3) : used.has(at) ? `×${number(edge.local, 3)}` : "";
    });
    scrub.value = current;
    count.textContent = `${current} / ${steps.length}`;
    const text = active?.text ?? "Nothing is computed yet. Press Play, or step with the arrow keys.";
    scrub.setAttribute("aria-valuetext", text);
    first.disabled = back.disabled = current === 0;
    next.disabled = last.disabled = current === steps.length;
    if (selected === null) say(text);
    else describe(known, grads);
  };

  const describe = (known, grads) => {
    const node = nodes[selected];
    const name = node.label || (node.op ? `the ${node.op} node` : "a constant");
    const forward = !known.has(selected) ? `${name}: no value yet.`
      : node.forward ? `${node.forward}.` : `${name} = ${number(node.value)}, given.`;
    const backward = !grads.has(selected) ? "Its gradient has not arrived yet."
      : `Gradient: ${node.backward.join("; ")}.`;
    say(`${forward} ${backward}`);
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
        const point = path.getPointAtLength(length * (step.phase === "forward" ? share : 1 - share));
        token.setAttribute("cx", point.x);
        token.setAttribute("cy", point.y);
        if (share < 1 && token.isConnected) requestAnimationFrame(move);
        else token.remove();
      };
      move(begin);
    }
  };

  const go = (to, moving = true) => {
    const before = current;
    current = clamp(to, 0, steps.length);
    selected = null;
    drawn.tokens?.replaceChildren();
    show();
    if (moving && current === before + 1) animate();
  };
  const select = (at, byFocus = false) => {
    if (byFocus && selected === at) return;
    pause();
    selected = at;
    show();
  };
  const pause = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ Play";
    play.setAttribute("aria-label", "Play");
  };
  const start = () => {
    if (current >= steps.length) go(0);
    timer = setInterval(() => { go(current + 1); if (current >= steps.length) pause(); }, 1300);
    play.textContent = "❚❚ Pause";
    play.setAttribute("aria-label", "Pause");
    if (current === 0) go(1);
  };
  const toggle = () => (timer ? pause() : start());
  const jump = (to) => { pause(); go(to); };

  const first = button("⏮", "First step", () => jump(0));
  const back = button("‹", "Previous step", () => jump(current - 1));
  const play = button("▶ Play", "Play", toggle, { class: "bp-button bp-play" });
  const next = button("›", "Next step", () => jump(current + 1));
  const last = button("⏭", "Last step", () => jump(steps.length));
  const scrub = html("input", { type: "range", class: "bp-range", min: 0, max: steps.length, step: 1,
    value: current, "aria-label": "Step", oninput: () => { pause(); go(Number(scrub.value), false); } });
  const count = html("span", { class: "bp-count" });
  controls.append(html("div", { class: "bp-bar" }, first, back, play, next, last, scrub, count));

  root.tabIndex = 0;
  root.addEventListener("keydown", (event) => {
    if (event.target === scrub || event.altKey || event.ctrlKey || event.metaKey) return;
    const target = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: steps.length }[event.key];
    if (target !== undefined) jump(target);
    else if (event.key === " " && event.target.tagName !== "BUTTON") toggle();
    else if (event.key === "Escape" && selected !== null) { selected = null; show(); }
    else return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab has its own plans for these keys
  });
  parts.onWidth(draw);
  return { destroy: () => { pause(); parts.destroy(); } };
};

export default widget(mountGraph);
