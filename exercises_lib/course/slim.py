"""Serving what is used: the theme's styles and its icons, cut to what the pages need."""

from __future__ import annotations

import io
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

from exercises_lib.course.notebooks import CourseError

STYLES = (
    "styles/pydata-sphinx-theme.css",
    "styles/sphinx-book-theme.css",
    "sphinx-design.min.css",
    "mystnb.*.css",
)
"""Style sheets of the theme and of Sphinx's extensions, below ``_static``."""
ICON = re.compile(r'"\\(f[0-9a-f]{3})"')
"""How a style sheet names an icon of the icon font."""


def slim(html: Path, modules: Path) -> None:
    """Take from a book what none of its pages uses.

    Args:
        html: the folder with the pages; its files change.
        modules: the packages of ``book/package.json``.

    Raises:
        CourseError: if Node cannot read the pages.
    """
    static = html / "_static"
    sheets = [path for pattern in STYLES for path in static.glob(pattern)]
    for folder in {sheet.parent for sheet in sheets}:
        here = [str(sheet) for sheet in sheets if sheet.parent == folder]
        pages = [str(html / "*.html"), *(str(static / name) for name in ("*.js", "*/*.js"))]
        words = ["--css", *here, "--content", *pages, "--output", str(folder)]
        tool = modules / "purgecss" / "bin" / "purgecss.js"
        done = subprocess.run(["node", str(tool), *words], capture_output=True, text=True)
        if done.returncode:
            raise CourseError(f"PurgeCSS cannot read the pages:\n{done.stderr.strip()[-2000:]}")
    icons = {
        int(code, 16)
        for sheet in static.rglob("*.css")
        for code in ICON.findall(sheet.read_text(encoding="utf-8"))
    }
    if find_spec("brotli") is None:
        return  # the icons come whole
    for font in (static / "vendor" / "fontawesome" / "webfonts").glob("*.woff2"):
        font.write_bytes(_subset(font.read_bytes(), icons))


def _subset(font: bytes, icons: set[int]) -> bytes:
    """Keep some letters of a font."""
    from fontTools.subset import Options, Subsetter, load_font, save_font

    options = Options()
    options.flavor = "woff2"
    options.notdef_outline = False
    loaded = load_font(io.BytesIO(font), options)
    cut = Subsetter(options)
    cut.populate(unicodes=icons)
    cut.subset(loaded)
    done = io.BytesIO()
    save_font(loaded, done, options)
    return done.getvalue()
