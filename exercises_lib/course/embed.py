"""Figures in the book's pages: each carries its data, what they share is stored once.

A notebook stores a copy of script and styles in the state of every figure. In the book each script
is one file, which a page loads once however many figures it has.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from exercises_lib.course.notebooks import CourseError, Notebook, write_text

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


def smaller(png: bytes) -> bytes:
    """Write a picture with 128 colours; a drawing needs no more, and takes a quarter."""
    image = Image.open(io.BytesIO(png))
    few = image.quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", optimize=True)
    return min(png, buffer.getvalue(), key=len)


class Figures:
    """Writes the files of a book's figures and the HTML in which they are mounted.

    Args:
        folder: where the files go.
        address: how a page calls that folder.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self._styles: dict[str, None] = {}

    def store(self, module: str) -> str:
        """Store the script of one kind of figure; returns the key by which it is called."""
        key = hashlib.sha256(module.encode()).hexdigest()[:12]
        write_text(
            self.folder / f"{key}.js",
            f"(globalThis.bpModules ??= {{}})[{json.dumps(key)}] = {json.dumps(module)};\n",
        )
        return key

    def element(
        self,
        state: Mapping[str, Any],
        picture: bytes | None,
        name: str,
        size: Mapping[str, int] | None = None,
    ) -> str:
        """Give one figure as HTML, in a single line.

        Args:
            state: the widget's state, with ``_esm``, ``_css`` and ``spec``.
            picture: the plain picture as PNG, for readers without JavaScript.
            name: a file name for the picture, without ending.
            size: ``width`` and ``height`` at which the picture is shown.
        """
        key = self.store(str(state["_esm"]))
        self._styles[str(state.get("_css", ""))] = None
        own = {name: value for name, value in state.items() if not name.startswith("_")}
        for general in ("layout", "tabbable", "tooltip"):
            own.pop(general, None)
        spec = own.get("spec", {})
        wide, narrow = spec.get("height", (0, 0))
        data = json.dumps(own, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        still = ""
        if picture is not None:
            image = self.picture(picture, spec.get("title", ""), name, size)
            still = f"<noscript>{image}</noscript>"
        return (
            f'<div class="bp-figure" data-module="{key}" '
            f'style="--wide:{wide}px;--narrow:{narrow}px">'
            f'<script type="application/json">{data}</script>{still}</div>'
        )

    def picture(self, png: bytes, title: str, name: str, size: Mapping[str, int] | None) -> str:
        """Give a plain picture as HTML, and store it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{name}.png").write_bytes(smaller(png))
        shown = "".join(f' {side}="{length}"' for side, length in (size or {}).items())
        return (
            f'<img class="bp-picture" src="{self.address}/{name}.png" '
            f'alt="{html.escape(title)}"{shown}>'
        )

    def write_styles(self) -> None:
        """Write the styles of all figures that were asked for."""
        write_text(self.folder / "figures.css", "\n".join(self._styles) + "\n")


def place_figures(notebook: Notebook, figures: Figures) -> None:
    """Put HTML in the place of a notebook's figures and pictures; the notebook is changed.

    Raises:
        CourseError: if there is a widget that needs a kernel.
    """
    saved = notebook["metadata"].pop("widgets", {}).get(STATE, {}).get("state", {})
    for cell in notebook["cells"]:
        for index, output in enumerate(cell.get("outputs", [])):
            data = output.get("data", {})
            coded = data.get("image/png")
            png = b64decode("".join(coded)) if coded else None
            size = output.get("metadata", {}).get("image/png")
            name = f"{cell['id']}{f'-{index}' if index else ''}"
            if VIEW in data:
                state = saved.get(data[VIEW]["model_id"], {}).get("state", {})
                if "_esm" not in state:
                    raise CourseError(
                        f"Cell {cell['id']} shows a widget that needs a kernel, so it would be "
                        "dead in the book. Show a figure of exercises_lib.figures instead."
                    )
                output["data"] = {"text/html": figures.element(state, png, name, size)}
            elif png is not None and "text/html" not in data:
                title = re.fullmatch(r"<\w+: (.*)>", "".join(data.get("text/plain", "")))
                alt = title[1] if title else ""
                output["data"] = {"text/html": figures.picture(png, alt, name, size)}
