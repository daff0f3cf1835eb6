"""The book's files: every link leads somewhere, nothing points outside, pages stay small."""

from __future__ import annotations

import gzip
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from exercises_lib.chapters import CHAPTERS
from exercises_lib.course.build import is_untouched
from exercises_lib.course.notebooks import read

LARGEST_PAGE = 750_000
"""Bytes of a page; what pages share comes on top, once."""
LARGEST_BOOK = 12_000_000
"""Bytes of all that is read; Python for the pages is loaded when it is needed."""
LARGEST_KIT = 10_000_000
"""Bytes of that Python as a server sends it, compressed."""


class Reader(HTMLParser):
    """Collects the ids and addresses of a page."""

    def __init__(self):
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if found.get("id"):
            self.ids.append(found["id"])
        if tag == "a" and found.get("href") is not None:
            self.links.append(found["href"])
        if tag in ("script", "img", "iframe", "source") and found.get("src"):
            self.loaded.append(found["src"])
        if tag == "link" and found.get("href"):
            self.loaded.append(found["href"])


@pytest.fixture(scope="module")
def pages(html):
    """Every page of the book, read."""
    read = {}
    for path in html.glob("*.html"):
        read[path.name] = Reader()
        read[path.name].feed(path.read_text(encoding="utf-8"))
    return read


def test_every_internal_link_leads_to_a_page_and_a_place_in_it(pages, html):
    broken = []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = unquote(parts.path) or name
            there = (html / target).exists()
            if there and parts.fragment and target in pages:
                there = unquote(parts.fragment) in pages[target].ids
            if not there:
                broken.append((name, link))
    assert broken == []


def test_all_that_a_page_loads_is_in_the_book(pages, html):
    for name, page in pages.items():
        for address in page.loaded:
            parts = urlsplit(address)
            assert not parts.scheme and not parts.netloc, (name, address)
            assert (html / unquote(parts.path)).exists(), (name, address)


def test_styles_load_nothing_from_outside(html):
    for path in html.rglob("*.css"):
        for address in re.findall(r"url\((.*?)\)", path.read_text(encoding="utf-8")):
            address = address.strip("\"'")
            assert not re.match(r"(https?:)?//", address), (path.name, address)


def test_no_id_occurs_twice_on_a_page(pages):
    for name, page in pages.items():
        twice = {found for found in page.ids if page.ids.count(found) > 1}
        assert not twice, name


def test_pages_stay_small(html):
    for path in html.glob("*.html"):
        assert path.stat().st_size < LARGEST_PAGE, path.name
    python = html / "_static" / "python"
    files = [path for path in html.rglob("*") if path.is_file() and python not in path.parents]
    assert sum(path.stat().st_size for path in files) < LARGEST_BOOK
    kit = [path for path in python.iterdir() if path.is_file()]
    assert sum(len(gzip.compress(path.read_bytes())) for path in kit) < LARGEST_KIT


def test_every_chapter_offers_its_untouched_notebook(html, pages):
    for chapter in CHAPTERS.values():
        address = f"_static/notebooks/{chapter.stem}.ipynb"
        assert is_untouched(read(html / address))
        assert address in pages[f"{chapter.stem}.html"].links
