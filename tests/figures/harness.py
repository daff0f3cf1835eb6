"""A bare page that mounts figures from their widget state, as the static book does."""

from __future__ import annotations

import json
from typing import Any

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

MOUNT = """
const states = JSON.parse(document.getElementById("states").textContent);
for (const [at, state] of states.entries()) {
  const listeners = {};
  const model = {
    get: (key) => state[key],
    set: (key, value) => { state[key] = value; listeners[`change:${key}`]?.(); },
    on: (name, listener) => { listeners[name] = listener; },
    off: (name) => { delete listeners[name]; },
    save_changes: () => {},
  };
  const style = document.createElement("style");
  style.textContent = state._css;
  document.head.append(style);
  const url = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  const el = document.getElementById(`figure-${at}`);
  const close = await widget.render({ model, el });
  (window.figures ??= []).push({ model, close });
}
window.mounted = true;
"""


def page(figures: list[Any], *, dark: bool = False) -> str:
    """Return one page with all the figures, each in a ``div`` with the id ``figure-<n>``."""
    states = [
        {"spec": figure.spec, "_esm": str(figure._esm), "_css": str(figure._css)}
        for figure in figures
    ]
    data = json.dumps(states).replace("</", "<\\/")
    places = "".join(f'<div id="figure-{at}"></div>' for at in range(len(figures)))
    theme = "dark" if dark else "light"
    ground = "#121212" if dark else "#ffffff"
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Figures</title></head>'
        f'<body style="margin:16px;background:{ground}"><main>{places}</main>'
        f'<script type="application/json" id="states">{data}</script>'
        f'<script type="module">{MOUNT}</script></body></html>'
    )
