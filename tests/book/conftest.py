"""The book, built once for all its tests, and a server that knows nothing but it."""

from __future__ import annotations

import fcntl
import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def tools() -> None:
    """Skip, with the reason, where the book cannot be built."""
    for module in ("sphinx", "myst_nb", "sphinx_book_theme"):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed (the extra [book])")
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (Debian: apt-get install nodejs npm)")


@pytest.fixture(scope="session")
def built(root: Path, tools: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the book was built: ``source`` and ``html``.

    One process of a parallel run builds it, the others wait. Set BACKPROP_BOOK to the folder of a
    build to test that one.
    """
    if "BACKPROP_BOOK" in os.environ:
        return Path(os.environ["BACKPROP_BOOK"])
    common = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent
    build = common / "book"
    with (common / "book.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (build / "done").exists():
            words = ["-m", "exercises_lib.cli", "book", "--into", str(build)]
            done = subprocess.run(
                [sys.executable, *words], cwd=root, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr[-6000:]
            (build / "done").touch()
    return build


@pytest.fixture(scope="session")
def html(built: Path) -> Path:
    """The folder with the pages."""
    return built / "html"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without talking about it."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], str]]:
    """Serve a folder; gives its address."""
    servers = []

    def started(folder: Path) -> str:
        handler = functools.partial(Quiet, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield started
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def site(html: Path, serve: Callable[[Path], str]) -> str:
    """The address of the book."""
    return serve(html)


@pytest.fixture(scope="session")
def visit(browser: Any) -> Callable[..., Any]:
    """Open a page, wait for its figures; its ``errors`` collects what is not as it should be."""

    def visited(address: str, **options: Any) -> Any:
        page = browser.new_page(**{"viewport": {"width": 1200, "height": 900}, **options})
        page.errors = []
        home = address[: address.index("/", len("http://"))]
        page.on("pageerror", lambda error: page.errors.append(f"exception: {error}"))
        page.on(
            "console",
            lambda said: (
                page.errors.append(f"console: {said.text}")
                if said.type in ("error", "warning")
                else None
            ),
        )
        page.on(
            "request",
            lambda asked: (
                None
                if asked.url.startswith((home, "blob:", "data:"))
                else page.errors.append(f"outside: {asked.url}")
            ),
        )
        page.on("requestfailed", lambda asked: page.errors.append(f"failed: {asked.url}"))
        page.goto(address)
        page.wait_for_function("document.documentElement.dataset.figures === 'ready'")
        return page

    return visited
