"""Where the real data are, and a small web server that can misbehave."""

from __future__ import annotations

import hashlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from exercises_lib.data import download


@pytest.fixture
def real_data(monkeypatch) -> Path:
    """Point the loaders at the real files, or skip where they are missing."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("BACKPROP_DATA") or beside)
    if not (folder / "banknote").is_dir():
        pytest.skip(f"the real data are not in {folder}; set BACKPROP_DATA to their folder")
    monkeypatch.setenv("BACKPROP_DATA", str(folder))
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """Give the loaders an empty cache and no patience."""
    monkeypatch.setenv("BACKPROP_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(download, "PAUSE", 0.01)
    monkeypatch.setattr(download, "TIMEOUT", (2, 2))
    # A proxy would not reach the server of the tests.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


class Server:
    """Serves, for each path, a list of behaviours one after the other; the last one for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                answers = outer.answers[self.path]
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                answer(self)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def url(self, path: str, *answers) -> str:
        """Let a path answer like this, and return its address."""
        self.answers[path] = list(answers)
        return f"http://127.0.0.1:{self.http.server_port}{path}"

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.stop()


def whole(content: bytes):
    """Answer with this content."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def broken_off(content: bytes):
    """Promise the whole content, send half of it, hang up."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2])

    return answer


def truncated(content: bytes):
    """Send half of the content as if it were all."""
    return whole(content[: len(content) // 2])


def silently_truncated(content: bytes):
    """Send half of the content without saying how long it is."""

    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2])

    return answer


def corrupt(content: bytes):
    """Send content of the right length with one byte changed."""
    return whole(content[:-1] + bytes([content[-1] ^ 1]))


def unpacking(content: bytes):
    """Send a .gz file as a compressed *transfer* of what is inside, to whoever accepts that."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        if "gzip" in handler.headers["Accept-Encoding"]:
            handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def error(status: int):
    """Answer with an error page."""

    def answer(handler):
        handler.send_response(status)
        handler.send_header("Content-Length", "5")
        handler.end_headers()
        handler.wfile.write(b"sorry")

    return answer


BEHAVIOURS = {
    "whole": whole,
    "broken off": broken_off,
    "truncated": truncated,
    "silently truncated": silently_truncated,
    "corrupt": corrupt,
    "unpacking": unpacking,
    "503": lambda content: error(503),
    "404": lambda content: error(404),
}


@pytest.fixture
def behave():
    """Return a function from the name of a behaviour and the content to an answer."""
    return lambda name, content: BEHAVIOURS[name](content)


@pytest.fixture
def sha256():
    """Return the checksum of some bytes."""
    return lambda content: hashlib.sha256(content).hexdigest()
