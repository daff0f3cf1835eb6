"""A download is complete and right, or it does not exist."""

from __future__ import annotations

import gzip
import io
import socket
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

from exercises_lib.data import DataNotAvailable, banknotes, cache_folder, mnist
from exercises_lib.data.download import ROUNDS, fetch

CONTENT = bytes(range(256)) * 2000
BROKEN = ["broken off", "truncated", "silently truncated", "corrupt", "503", "404"]


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def zipped(name, content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", "hello")
        archive.writestr(name, content)
    return buffer.getvalue()


def test_a_file_is_downloaded_once(cache, server, behave, sha256):
    url = server.url("/a", behave("whole", CONTENT))
    first = fetch("some/a.bin", sha256(CONTENT), [url])
    second = fetch("some/a.bin", sha256(CONTENT), [url])
    assert first == second == cache / "some" / "a.bin"
    assert first.read_bytes() == CONTENT
    assert server.asked == ["/a"]
    assert files_in(cache) == ["a.bin"]


def test_a_downloaded_file_can_be_read_by_a_whole_class(cache, server, behave, sha256):
    path = fetch("a.bin", sha256(CONTENT), [server.url("/a", behave("whole", CONTENT))])
    assert path.stat().st_mode & 0o044 == 0o044


def test_a_server_that_likes_to_unpack_is_asked_not_to(cache, server, behave, sha256):
    content = gzip.compress(CONTENT)
    url = server.url("/a.gz", behave("unpacking", content))
    assert fetch("a.gz", sha256(content), [url]).read_bytes() == content


@pytest.mark.parametrize("fault", BROKEN)
def test_a_faulty_mirror_is_passed_over(fault, cache, server, behave, sha256):
    bad = server.url("/bad", behave(fault, CONTENT))
    good = server.url("/good", behave("whole", CONTENT))
    assert fetch("a.bin", sha256(CONTENT), [bad, good]).read_bytes() == CONTENT
    assert server.asked == ["/bad", "/good"]
    assert files_in(cache) == ["a.bin"]


@pytest.mark.parametrize("fault", BROKEN)
def test_a_mirror_that_recovers_is_asked_again(fault, cache, server, behave, sha256):
    url = server.url("/a", behave(fault, CONTENT), behave("whole", CONTENT))
    assert fetch("a.bin", sha256(CONTENT), [url]).read_bytes() == CONTENT
    assert server.asked == ["/a", "/a"]


@pytest.mark.parametrize("fault", BROKEN)
def test_a_faulty_download_is_neither_used_nor_left_behind(fault, cache, server, behave, sha256):
    url = server.url("/a", behave(fault, CONTENT))
    with pytest.raises(DataNotAvailable):
        fetch("some/a.bin", sha256(CONTENT), [url])
    assert server.asked == ["/a"] * ROUNDS
    assert files_in(cache) == []


def test_an_interrupted_download_leaves_nothing_behind(cache, server, behave, sha256, monkeypatch):
    import pooch

    def interrupted(self, url, output_file, pooch_):
        Path(output_file).write_bytes(CONTENT[:100])
        raise KeyboardInterrupt

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch("a.bin", sha256(CONTENT), ["http://127.0.0.1:1/a"])
    assert files_in(cache) == []


def test_a_corrupt_file_in_the_cache_is_replaced(cache, server, behave, sha256):
    cache.mkdir()
    (cache / "a.bin").write_bytes(CONTENT[:-1])
    url = server.url("/a", behave("whole", CONTENT))
    assert fetch("a.bin", sha256(CONTENT), [url]).read_bytes() == CONTENT


def test_a_corrupt_file_in_the_cache_is_not_used_when_there_is_no_other(
    cache, server, behave, sha256
):
    cache.mkdir()
    (cache / "a.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(DataNotAvailable):
        fetch("a.bin", sha256(CONTENT), [server.url("/a", behave("503", CONTENT))])


def test_all_mirrors_dead_gives_advice(cache, server, behave, sha256):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{unused.getsockname()[1]}/a.bin"
        broken = server.url("/a.bin", behave("corrupt", CONTENT))
        with pytest.raises(DataNotAvailable) as caught:
            fetch("some/a.bin", sha256(CONTENT), [dead, broken])
    message = str(caught.value)
    assert f"{dead}\n    no connection" in message
    assert f"{broken}\n    the file arrived broken" in message
    assert str(cache / "some" / "a.bin") in message
    assert "BACKPROP_DATA" in message and sha256(CONTENT) in message


def test_a_zip_is_unpacked_and_the_inner_file_checked(cache, server, behave, sha256):
    url = server.url("/a.zip", behave("whole", zipped("folder/a.bin", CONTENT)))
    assert fetch("some/a.bin", sha256(CONTENT), [url]).read_bytes() == CONTENT
    assert files_in(cache) == ["a.bin"]


@pytest.mark.parametrize("fault", BROKEN)
def test_a_faulty_zip_is_neither_used_nor_left_behind(fault, cache, server, behave, sha256):
    archive = zipped("a.bin", CONTENT)
    # The last byte of a zip is a comment's length: change one in the compressed content instead.
    if fault == "corrupt":
        middle = len(archive) // 2
        archive = archive[:middle] + bytes([archive[middle] ^ 255]) + archive[middle + 1 :]
    url = server.url("/a.zip", behave("whole" if fault == "corrupt" else fault, archive))
    with pytest.raises(DataNotAvailable):
        fetch("a.bin", sha256(CONTENT), [url])
    assert files_in(cache) == []


@pytest.mark.parametrize("name, content", [("b.bin", CONTENT), ("a.bin", CONTENT[:-1])])
def test_a_zip_with_other_contents_is_refused(name, content, cache, server, behave, sha256):
    url = server.url("/a.zip", behave("whole", zipped(name, content)))
    with pytest.raises(DataNotAvailable):
        fetch("a.bin", sha256(CONTENT), [url])
    assert files_in(cache) == []


def test_a_file_comes_out_of_a_zip_of_which_the_checksum_is_not_known(
    cache, server, behave, sha256
):
    content = files("exercises_lib.data").joinpath(banknotes.FILE).read_bytes()
    assert sha256(content) == banknotes.SHA256
    url = server.url("/zip", behave("whole", zipped(banknotes.FILE, content)))
    fetched = fetch(f"banknote/{banknotes.FILE}", banknotes.SHA256, [url])
    assert fetched == cache / "banknote" / banknotes.FILE and fetched.read_bytes() == content


def test_mnist_without_network_says_which_file_is_missing(cache, server, behave, monkeypatch):
    name = "train-images-idx3-ubyte.gz"
    server.url(f"/{name}", behave("404", b""))
    base = server.url("/", behave("404", b""))
    monkeypatch.setattr(mnist, "MIRRORS", (base,))
    with pytest.raises(DataNotAvailable, match=name):
        mnist.load_mnist()


def test_without_the_variable_downloads_go_to_the_users_cache(monkeypatch):
    monkeypatch.delenv("BACKPROP_DATA", raising=False)
    assert cache_folder().name == "backprop-course"


def test_a_progress_bar_is_drawn_where_someone_watches_and_always_taken_away(
    cache, server, behave, sha256, capfd, monkeypatch
):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then believes in a terminal
    monkeypatch.setenv("TERM", "xterm")
    bad = server.url("/bad", behave("broken off", CONTENT))
    good = server.url("/good", behave("whole", CONTENT))
    fetch("a.bin", sha256(CONTENT), [bad, good])
    shown = capfd.readouterr().err
    hide_cursor, show_cursor = "\x1b[?25l", "\x1b[?25h"
    assert "a.bin" in shown
    assert shown.count(hide_cursor) == shown.count(show_cursor) == 2


def test_a_download_says_nothing_on_stderr_where_nobody_watches(
    cache, server, behave, sha256, capfd
):
    fetch("a.bin", sha256(CONTENT), [server.url("/a", behave("whole", CONTENT))])
    assert capfd.readouterr() == ("", "")
