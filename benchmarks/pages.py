"""How heavy the book's pages are, and how smoothly its largest graph plays.

    backprop book && python benchmarks/pages.py [FOLDER OF AN OLDER BOOK]

Needs Playwright and a Chromium. A page's weight is what a browser that has never seen the book asks
for until its figures are ready: as the files are, and compressed as most servers send them.
"""

from __future__ import annotations

import functools
import gzip
import http.server
import shutil
import statistics
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import sync_playwright

HTML = Path(__file__).resolve().parents[1] / "book" / "_build" / "html"
PACKED = {".woff2", ".png", ".webp", ".gz", ".zip"}
"""What does not become smaller."""
LARGEST = "04_affine.html"
FRAMES = """() => new Promise((resolve) => {
  const figures = [...document.querySelectorAll(".bp-frame")];
  const size = (figure) => figure.querySelectorAll(".bp-node").length;
  const figure = figures.sort((a, b) => size(b) - size(a))[0];
  figure.scrollIntoView();
  const times = [];
  let last = performance.now();
  const frame = (now) => {
    times.push(now - last);
    last = now;
    if (times.length < 600) requestAnimationFrame(frame);
    else resolve([size(figure), times.slice(1)]);
  };
  figure.querySelector(".bp-play").click();
  requestAnimationFrame(frame);
})"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the book without talking about it."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def serve(folder: Path) -> str:
    """Serve a folder; gives its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


@functools.cache
def sizes(path: Path) -> tuple[int, int]:
    """Give a file's size, and its size when it is compressed."""
    data = path.read_bytes()
    return len(data), len(data) if path.suffix in PACKED else len(gzip.compress(data, 6))


def weights(browser: Any, folder: Path) -> dict[str, tuple[int, int]]:
    """Open every page, and add up what is asked for."""
    address = serve(folder)
    found = {}
    for path in sorted(folder.glob("*.html")):
        context = browser.new_context()
        page = context.new_page()
        asked: set[str] = set()
        page.on("request", lambda request, asked=asked: asked.add(urlsplit(request.url).path))
        page.goto(f"{address}/{path.name}", wait_until="networkidle")
        files = [folder / unquote(name).lstrip("/") for name in asked]
        each = [sizes(file) for file in files if file.is_file()]
        found[path.name] = (sum(size for size, _ in each), sum(size for _, size in each))
        context.close()
    return found


def main() -> None:
    """Measure and print."""
    if not HTML.exists():
        sys.exit("There is no book. Type: backprop book")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        now = weights(browser, HTML)
        before = weights(browser, Path(sys.argv[1])) if sys.argv[1:] else {}
        print(f"{'kB, compressed kB':30}{'now':>14}{'before':>14}")
        for name, (plain, packed) in now.items():
            old = before.get(name)
            was = f"{old[0] / 1e3:6.0f} {old[1] / 1e3:6.0f}" if old else ""
            print(f"{name:30}{plain / 1e3:7.0f} {packed / 1e3:6.0f}{was:>14}")
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{serve(HTML)}/{LARGEST}")
        page.wait_for_function("document.documentElement.dataset.figures === 'ready'")
        nodes, times = page.evaluate(FRAMES)
        browser.close()
    late = sum(time > 34 for time in times) / len(times)
    print(
        f"playing a graph of {nodes} nodes: a frame takes {statistics.median(times):.1f} ms in the "
        f"median, {sorted(times)[int(0.99 * len(times))]:.1f} ms at the 99th percentile; "
        f"{late:.1%} are late"
    )


if __name__ == "__main__":
    main()
