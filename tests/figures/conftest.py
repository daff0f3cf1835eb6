"""A bare page that mounts figures from their widget state, as the static book does."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MOUNT = """
const states = JSON.parse(document.getElementById("states").textContent);
window.figures = [];
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
  window.figures.push({ model, close });
}
window.mounted = true;
"""


def page(figures: list[Any], *, dark: bool = False, styles: str = "") -> str:
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
        '<meta name="viewport" content="width=device-width"><title>Figures</title>'
        f"<style>{styles}</style></head>"
        f'<body style="margin:16px;background:{ground}"><main>{places}</main>'
        f'<script type="application/json" id="states">{data}</script>'
        f'<script type="module">{MOUNT}</script></body></html>'
    )


@pytest.fixture(scope="session")
def mount(browser: Any) -> Callable[..., Any]:
    """Mount figures on a page; its ``errors`` collects what the console complains about."""

    def mounted(
        figures: list[Any], *, width: int = 1100, dark: bool = False, styles: str = ""
    ) -> Any:
        view = browser.new_page(
            viewport={"width": width, "height": 900}, reduced_motion="no-preference"
        )
        view.errors = []
        view.on("pageerror", lambda error: view.errors.append(str(error)))
        view.on(
            "console",
            lambda message: (
                view.errors.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        view.on("request", lambda request: requested(view, request.url))
        view.set_content(page(figures, dark=dark, styles=styles))
        view.wait_for_function("window.mounted")
        return view

    def requested(view: Any, url: str) -> None:
        if not url.startswith(("blob:", "data:", "about:")):
            view.errors.append(f"outside request: {url}")

    return mounted


@pytest.fixture(scope="session")
def book_font(root: Path) -> str:
    """Styles with which figures have the font that the book brings along, on every machine."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed (Debian: apt-get install nodejs npm)")
    from exercises_lib.course.book import install_modules

    files = install_modules(root / "book") / "@fontsource-variable" / "source-sans-3" / "files"
    faces = [
        '@font-face { font-family: "Book"; font-weight: 200 900; '
        f"src: url(data:font/woff2;base64,{base64.b64encode(path.read_bytes()).decode()}); "
        f"unicode-range: {some}; }}"
        for path, some in (
            (files / "source-sans-3-latin-wght-normal.woff2", "U+0-FF, U+2000-206F, U+2212"),
            (files / "source-sans-3-latin-ext-wght-normal.woff2", "U+100-2AF"),
            (files / "source-sans-3-greek-wght-normal.woff2", "U+370-3FF"),
        )
    ]
    return "\n".join([*faces, '.bp-frame { font-family: "Book" !important; }'])


@pytest.fixture(scope="session")
def apples() -> Callable[[], Any]:
    """Record the apple shop: 2 apples at 100 with 10 % tax."""
    from exercises_lib.nn import Value

    def shop() -> Value:
        price, count, tax = Value(100.0, "price"), Value(2.0, "count"), Value(1.1, "tax")
        return ((price * count).named("apples") * tax).named("total")

    return shop


@pytest.fixture(scope="session")
def all_figures(apples: Callable[[], Any]) -> dict[str, Any]:
    """One of each interactive figure."""
    from exercises_lib import figures, nn

    rng = np.random.default_rng(7)
    x = rng.standard_normal((200, 4))
    t = (x[:, 0] + x[:, 1] > 0).astype(int)

    def steep(slope: float) -> Callable[[Any], Any]:
        return lambda z: 1 / (1 + np.exp(-slope * (z[:, 0] + z[:, 1])))

    return {
        "graph": figures.graph_player(apples(), title="Two apples"),
        "price": figures.price_slider(),
        "step": figures.step_size_explorer(),
        "activation": figures.activation_explorer(),
        "shapes": figures.shape_puzzle(),
        "softmax": figures.softmax_explorer(),
        "rate": figures.learning_rate_explorer(),
        "weights": figures.first_layer_weights(rng.standard_normal((64, 20))),
        "regions": figures.decision_regions(
            {"early": steep(0.5), "late": steep(5.0)},
            x,
            t,
            names=["variance", "skewness", "curtosis", "entropy"],
            classes=["genuine", "forged"],
        ),
        "race": figures.optimiser_race(),
        "histograms": figures.activation_histograms(),
        "road": figures.road_map({"00": 1.0, "01": (4, 9)}),
        "live": figures.live_training(4).figure,
        "first": figures.first_network(),
        "network": figures.network(figures.first_net(), *figures.eight_points()),
        "training": figures.train_digits(),
        "drawing": figures.draw_digit(
            nn.TwoLayerNet(64, 30, 10, np.random.default_rng(1), std=0.2)
        ),
        "moving": figures.train_regions(
            x, t, names=["variance", "skewness", "curtosis", "entropy"]
        ),
        "digits": figures.network(
            nn.TwoLayerNet(64, 30, 10, np.random.default_rng(1), std=0.2), rng.random(64), [3]
        ),
    }
