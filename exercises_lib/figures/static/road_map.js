// Chapter 0: the chapters as stations on a road.

import { clamp, frame, html, svg, widget } from "./common.js";

const mountRoad = (el, spec) => {
  const parts = frame(el, spec, "road");
  const { stations } = spec;
  let chosen = Math.max(
    0,
    stations.findIndex(({ share }) => share < 1),
  );
  let nodes = [];

  const draw = (width) => {
    const columns = width >= 640 ? 4 : 1;
    const [dx, dy] = columns === 1 ? [0, 58] : [width / columns, 118];
    const spot = (at) => {
      const row = Math.floor(at / columns),
        column = at % columns;
      return columns === 1
        ? [26, 30 + at * dy]
        : [(row % 2 ? columns - 1 - column : column) * dx + dx / 2, 34 + row * dy];
    };
    const height = columns === 1 ? stations.length * dy : Math.ceil(stations.length / columns) * dy;
    const road = stations
      .map((_, at) => spot(at))
      .reduce((path, [x, y], at, all) => {
        if (!at) return `M${x} ${y}`;
        const [px, py] = all[at - 1];
        if (py === y || columns === 1) return `${path}L${x} ${y}`;
        const out = x > width / 2 ? dx * 0.42 : -dx * 0.42; // the bend at a row's end
        return `${path}C${px + out} ${py} ${x + out} ${y} ${x} ${y}`;
      }, "");
    nodes = stations.map(({ number: label, label: name, share, minutes }, at) => {
      const [x, y] = spot(at);
      const round = 2 * Math.PI * 21;
      return svg(
        "g",
        {
          class: `bp-station${share >= 1 ? " bp-complete" : ""}`,
          tabindex: 0,
          role: "button",
          "aria-description": share > 0 ? `${Math.round(share * 100)} % done` : null,
          onclick: () => choose(at),
          onfocus: () => choose(at),
        },
        svg("circle", { cx: x, cy: y, r: 21, class: "bp-stop" }),
        share > 0
          ? svg("circle", {
              cx: x,
              cy: y,
              r: 21,
              class: "bp-share",
              "stroke-dasharray": `${share * round} ${round}`,
              transform: `rotate(-90 ${x} ${y})`,
            })
          : null,
        svg(
          "text",
          { x, y: y + 5, "text-anchor": "middle", class: "bp-name" },
          share >= 1 ? "✓" : label,
        ),
        " ",
        columns === 1
          ? [
              svg(
                "text",
                { x: x + 36, y: y - 2, class: "bp-name" },
                share >= 1 ? `${label} ${name}` : name,
              ),
              " ",
              svg("text", { x: x + 36, y: y + 17, class: "bp-tick" }, `${minutes} minutes`),
            ]
          : [
              svg(
                "text",
                { x, y: y + 42, "text-anchor": "middle", class: "bp-name" },
                share >= 1 ? `${label} ${name}` : name,
              ),
              " ",
              svg(
                "text",
                { x, y: y + 60, "text-anchor": "middle", class: "bp-tick" },
                `${minutes} minutes`,
              ),
            ],
      );
    });
    parts.stage.replaceChildren(
      svg(
        "svg",
        {
          viewBox: `0 0 ${width} ${height}`,
          width,
          height,
          role: "group",
          "aria-label": "Chapters",
        },
        svg("path", { d: road, class: "bp-road", fill: "none" }),
        nodes,
      ),
    );
    choose(chosen);
  };
  const choose = (at) => {
    chosen = at;
    const { number: label, label: name, promise, minutes, share, count } = stations[at];
    nodes.forEach((node, k) => node.classList.toggle("bp-chosen", k === at));
    const done = count
      ? ` ${count} exercises passed.`
      : share >= 1
        ? " Done."
        : share > 0
          ? ` ${Math.round(share * 100)} % done.`
          : "";
    parts.say(`${label} · ${name} (about ${minutes} minutes): ${promise}${done}`);
    // In the book, where each chapter has a page, the station leads to it.
    const page = globalThis.bpCourse?.[label]?.page;
    link.hidden = !page;
    if (page) link.href = `${page}.html`;
    link.textContent = `Open ${label} · ${name}`;
  };
  const link = html("a", { class: "bp-button bp-main bp-link", hidden: true });
  parts.controls.append(link);
  parts.root.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    nodes[clamp(chosen + step, 0, stations.length - 1)].focus();
    event.preventDefault();
    event.stopPropagation();
  });
  parts.fit(parts.stage, draw);
  return parts;
};

export default widget(mountRoad);
