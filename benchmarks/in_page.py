"""How long a reader waits for a verdict in a page of the book, and how much is loaded.

    backprop book && python benchmarks/in_page.py

Needs Playwright and a Chromium. The pages come from a server on this machine; cold is a browser
that has never seen the book, warm one that has its files.
"""

from __future__ import annotations

import functools
import gzip
import http.server
import shutil
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

HTML = Path(__file__).resolve().parents[1] / "book" / "_build" / "html"
RIGHT = "def bias_gradient(dout):\n    return dout.sum(axis=0)"
WRONG = "def bias_gradient(dout):\n    return dout.sum(axis=1)"
CELL = ".tag_bp-run-ch04-bias-gradient"
RUNS = 9

AGAIN = """([cell, runs]) => new Promise(async (resolve) => {
  const place = document.querySelector(cell);
  const button = place.querySelector(".bp-primary");
  const times = [];
  for (let run = 0; run < runs; run += 1) {
    const began = performance.now();
    await new Promise((done) => {
      const look = new MutationObserver(() => {
        look.disconnect();
        done();
      });
      look.observe(place.querySelector(".bp-said"), { childList: true });
      button.click();
    });
    times.push(performance.now() - began);
    while (place.classList.contains("bp-busy")) await new Promise((go) => setTimeout(go, 20));
  }
  resolve(times);
})"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the book without talking about it."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def first_verdict(context: Any, address: str) -> tuple[Any, float]:
    """Open the page, answer and check; the page, and seconds from the click to the verdict."""
    page = context.new_page()
    page.goto(f"{address}/04_affine.html")
    page.wait_for_function("document.documentElement.dataset.run === 'ready'")
    page.evaluate(
        "([cell, text]) => bpMemory.update((state) => {"
        " state.cells[cell] = text; state.exercises = {}; })",
        ["ch04-bias-gradient", WRONG],
    )
    page.reload()
    page.wait_for_function("document.documentElement.dataset.run === 'ready'")
    asked = time.perf_counter()
    page.locator(f"{CELL} .bp-primary").click()
    page.locator(f"{CELL} .bp-verdict").wait_for()
    return page, time.perf_counter() - asked


def main() -> None:
    """Measure and print."""
    if not (HTML / "_static" / "python").exists():
        sys.exit("There is no book with Python in it. Type: backprop book")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(HTML))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        cold, warm = [], []
        for _ in range(2):
            context = browser.new_context()
            page, seconds = first_verdict(context, address)
            cold.append(seconds)
            page.close()
            page, seconds = first_verdict(context, address)
            warm.append(seconds)
            wrong = statistics.median(page.evaluate(AGAIN, [CELL, RUNS]))
            page.locator(f"{CELL} pre.bp-editable").click()
            page.locator(f"{CELL} .cm-content").click()
            page.keyboard.press("Control+A")
            page.keyboard.insert_text(RIGHT)
            right = statistics.median(page.evaluate(AGAIN, [CELL, RUNS]))
            context.close()
        browser.close()
    server.shutdown()
    print(f"first verdict, from the click: cold {min(cold):.1f} s, warm {min(warm):.1f} s")
    print(f"warm check, click to verdict shown: right {right:.0f} ms, wrong {wrong:.0f} ms")
    kit = [path for path in (HTML / "_static" / "python").iterdir() if path.is_file()]
    sizes = [len(gzip.compress(path.read_bytes())) for path in kit]
    print(f"Python for the pages, compressed: {sum(sizes) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
