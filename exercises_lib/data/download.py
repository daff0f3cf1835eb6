"""Fetch a file once, check it, and keep it: a broken download is never used and never kept."""

from __future__ import annotations

import hashlib
import os
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROUNDS = 3
"""How often all mirrors are tried before giving up."""

PAUSE = 1.0
"""Seconds between two rounds."""

TIMEOUT = (5.0, 30.0)
"""Seconds to wait for a connection, and for the next piece of a file."""


class DataNotAvailable(OSError):
    """A data file is neither in the cache nor to be had from the network; says what to do."""


def cache_folder() -> Path:
    """Return the folder that keeps downloads: `$BACKPROP_DATA`, or the user's cache."""
    chosen = os.environ.get("BACKPROP_DATA")
    if chosen:
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("backprop-course"))


def fetch(name: str, sha256: str, urls: Sequence[str], rounds: int | None = None) -> Path:
    """Return the path of a verified copy of a file, downloading it if there is none.

    Each mirror is tried in turn, and the whole list again after a pause. A download goes to a
    temporary file beside the target and is renamed only when its checksum is right.

    Args:
        name: Path inside the cache folder, such as `"mnist/train-images-idx3-ubyte.gz"`.
        sha256: Checksum of the file. If a mirror serves a zip, of the file inside.
        urls: The same file on several servers, the first choice first.
        rounds: How often to try them all; `ROUNDS` if not given, 0 to look at the cache only.

    Raises:
        DataNotAvailable: If no mirror delivers the file. The message says what to do offline.
    """
    target = cache_folder() / name
    if _has_checksum(target, sha256):
        return target
    rounds = ROUNDS if rounds is None else rounds
    failures: dict[str, str] = {}
    for attempt in range(rounds):
        if attempt:
            time.sleep(PAUSE)
        for url in urls:
            try:
                _download(url, target, sha256)
                return target
            except (OSError, ValueError, zipfile.BadZipFile) as error:
                failures[url] = _in_short(error)
    raise DataNotAvailable(_what_to_do(target, sha256, failures))


def _has_checksum(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _download(url: str, target: Path, sha256: str) -> None:
    """Download to a temporary file beside the target, verify, rename (all three by pooch)."""
    import pooch

    # pooch would announce every file on stderr.
    pooch.get_logger().setLevel("WARNING")

    def download(url: str, output_file: str, pooch_: Any) -> None:
        bar = _Bar(target.name)
        # Some servers unpack .gz files on the way unless they are asked not to.
        headers = {"Accept-Encoding": "identity"}
        try:
            fetch_url = pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT, headers=headers)
            fetch_url(url, output_file, pooch_)
        finally:
            bar.close()
        if zipfile.is_zipfile(output_file):
            with zipfile.ZipFile(output_file) as archive:
                content = archive.read(_member(archive, target.name))
            Path(output_file).write_bytes(content)

    pooch.retrieve(url, f"sha256:{sha256}", target.name, target.parent, downloader=download)
    # Temporary files are private; a cache may be shared by a class.
    target.chmod(0o644)


def _member(archive: zipfile.ZipFile, name: str) -> str:
    for member in archive.namelist():
        if member.rsplit("/", 1)[-1] == name:
            return member
    raise ValueError(f"the archive contains no {name}")


def _in_short(error: BaseException) -> str:
    """Say in one line why a download failed."""
    text = " ".join(str(error).split())
    if "does not match the known hash" in text:
        return "the file arrived broken: its checksum is wrong"
    if "Max retries exceeded" in text:
        return "no connection"
    return f"{type(error).__name__}: {text}"[:160]


def _what_to_do(target: Path, sha256: str, failures: dict[str, str]) -> str:
    tried = "\n".join(f"  {url}\n    {reason}" for url, reason in failures.items())
    why = f" and could not be downloaded.\nTried:\n{tried}\n" if failures else ".\n"
    return (
        f"{target.name} is not on this computer{why}"
        "Without a network: get the file on another computer from one of these addresses and\n"
        f"save it as {target}\n"
        "(unpacked, if it comes as a zip), or set the environment variable BACKPROP_DATA to a\n"
        f"folder that holds {target.parent.name}/{target.name}.\n"
        f"Its SHA256 checksum must be {sha256}."
    )


class _Bar:
    """A progress bar for pooch, drawn by rich where someone can see it."""

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        visible = console.is_terminal or console.is_jupyter
        self.total = 0
        self.progress = Progress(console=console, transient=True, disable=not visible)
        self.task = self.progress.add_task(title, total=None)

    def update(self, size: int) -> None:
        """Draw what has arrived; pooch calls this for every piece."""
        self.progress.start()
        self.progress.update(self.task, total=self.total or None, advance=size)

    def reset(self) -> None:
        """Start from zero, as pooch does once at the end."""
        self.progress.reset(self.task)

    def close(self) -> None:
        """Take the bar away."""
        self.progress.stop()
