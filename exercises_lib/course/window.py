"""The moving picture with which the README begins: the apple sweep, and a drawn digit that is read.

Call ``make window``. It plays the course's own figures in Chromium and keeps what is to be seen.
"""

from __future__ import annotations

import io
import json
import shutil
from typing import Any

import numpy as np

from exercises_lib import data, figures, nn
from exercises_lib.course.notebooks import CourseError, find_root

WIDTH, HEIGHT = 720, 400
STROKE = [(20, 12), (80, 12), (64, 52), (45, 105)], [(34, 58), (70, 58)]
"""A seven with its bar, in points of a pad 110 wide."""
CALM = (
    ".bp-controls, .bp-remark { display: none !important } .bp-frame { margin: 0 !important; "
    "outline: none !important }"
)
MOUNT = """(states) => Promise.all(states.map(async ({ esm, css, spec }) => {
  const place = document.body.appendChild(document.createElement("div"));
  document.head.appendChild(document.createElement("style")).textContent = css;
  const address = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const { default: widget } = await import(address);
  widget.render({ model: { get: () => spec, on() {}, off() {} }, el: place });
}))"""


def main() -> None:
    """Record the picture into the folder of the book's own files."""
    from PIL import Image

    shots = record()
    pictures = [Image.open(io.BytesIO(shot)).convert("RGB") for shot, _ in shots]
    path = find_root() / "book" / "_static" / "window.webp"
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=[time for _, time in shots],
        loop=0,
        quality=70,
        method=6,
    )
    print(f"{path}: {len(shots)} pictures, {path.stat().st_size / 1e3:.0f} kB")


def record() -> list[tuple[bytes, int]]:
    """Play the two figures; return pictures as PNG with the milliseconds that each is shown.

    Raises:
        CourseError: if Chromium or Playwright is missing.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        raise CourseError("The picture is taken by Chromium with Playwright (extra [dev]).")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        shots = [*_apples(_page(browser, receipt())), *_digit(_page(browser, reader()))]
        browser.close()
    return shots


def receipt() -> Any:
    """Make the receipt with which the course begins."""
    price, count, tax = (
        nn.Value(number, name) for number, name in ((100.0, "price"), (2.0, "count"), (1.1, "tax"))
    )
    total = ((price * count).named("apples") * tax).named("total")
    return figures.graph_player(total, title="Two apples and 10 % tax", name="window")


def reader() -> Any:
    """Make the pad, read by the network that chapter 06 trains."""
    rng = np.random.default_rng(5)
    net = nn.TwoLayerNet(64, 50, 10, rng, std=0.1)
    digits = data.load_digits()
    nn.train(net, *digits, epochs=40, batch_size=50, optimiser=nn.SGD(0.5), rng=rng)
    return figures.draw_digit(net, whose=None, name="window")


def _page(browser: Any, widget: Any) -> Any:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.set_content(f"<!doctype html><style>body {{ margin: 8px }} {CALM}</style>")
    state = {"esm": widget._esm, "css": widget._css, "spec": widget.spec}
    page.evaluate(MOUNT, [json.loads(json.dumps(state, default=str))])
    page.wait_for_selector(".bp-frame svg")
    return page


def _apples(page: Any) -> list[tuple[bytes, int]]:
    shots = [(page.screenshot(), 900)]
    for _ in range(6):
        page.locator(".bp-frame").press("ArrowRight")
        page.wait_for_timeout(230)
        shots.append((page.screenshot(), 350))
        page.wait_for_timeout(500)
        shots.append((page.screenshot(), 850))
    shots[-1] = (shots[-1][0], 2200)
    return shots


def _digit(page: Any) -> list[tuple[bytes, int]]:
    pad = page.locator(".bp-pad").bounding_box()
    page.evaluate("document.querySelector('[aria-label=\"Clear the pad\"]').click()")
    shots = [(page.screenshot(), 700)]
    scale = pad["width"] / 110
    for stroke in STROKE:
        spots = [(pad["x"] + x * scale, pad["y"] + y * scale) for x, y in stroke]
        page.mouse.move(*spots[0])
        page.mouse.down()
        for x, y in spots[1:]:
            page.mouse.move(x, y, steps=12)
            shots.append((page.screenshot(), 420))
        page.mouse.up()
    shots[-1] = (shots[-1][0], 2600)
    return shots


if __name__ == "__main__":
    main()
