"""One figure as a widget: its steps in Python, its motion in JavaScript, a picture for the rest.

A figure is an anywidget whose state carries everything: the data (``spec``), the script and
the styles. It needs no kernel, so it works the same in JupyterLab and in the static book,
which mounts the script from the stored state.

The model id is a hash of the figure's kind, name and data. The same call therefore gives
the same bytes in every run, and two figures on one page have the same id only when they are
the same figure: then they are one widget, shown twice.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

STATIC = Path(__file__).parent / "static"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)

DENSITY = 160
"""Dots an inch of a plain picture: sharp where a page shows it larger than 96 dots an inch."""

Spec = dict[str, Any]

_shown: dict[str, Any] = {}


def figure(
    kind: str,
    spec: Spec,
    *,
    title: str,
    draw: Callable[[], Picture],
    height: tuple[int, int],
    name: str | None = None,
) -> Any:
    """Build the widget of one figure.

    Args:
        kind: the figure's script, ``static/<kind>.js``.
        spec: what the script plays; plain numbers, strings, lists and dicts.
        title: heads the figure and names it for screen readers.
        draw: draws the plain picture; called only when the figure is displayed.
        height: the figure's height in pixels in a column 688 and in one 358 pixels wide. A page
            that mounts the figure late keeps that much room for it.
        name: part of the model id, to keep two figures with the same content apart.

    Returns:
        The widget, the same object for the same content.
    """
    content = stable({**spec, "title": title, "height": list(height)})
    text = json.dumps([kind, name or "", content], sort_keys=True, ensure_ascii=False)
    model_id = "bp" + hashlib.sha256(text.encode()).hexdigest()[:30]
    widget = _shown.get(model_id)
    if widget is None or widget.comm is None:  # a closed widget has lost its comm
        widget = _shown[model_id] = _widget_class(kind)(content, draw, model_id)
    elif widget.spec != content:  # a live figure that is shown again begins again
        widget.spec = content
    return widget


def stable(value: Any) -> Any:
    """Round numbers to 10 significant digits, so that all machines send the same bytes.

    A number that is not finite becomes ``None``: JSON has no word for it.
    """
    if isinstance(value, dict):
        return {str(key): stable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [stable(entry) for entry in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    number = float(value)
    if not math.isfinite(number):
        return None
    number = float(f"{number:.10g}") + 0.0  # + 0.0 turns -0.0 into 0.0
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


@cache
def script(kind: str) -> str:
    """Return the ECMAScript module of one figure.

    A widget carries exactly one module, so what a figure imports stands in front of it, each file
    once, in the order in which they need each other. The files share one scope then: two names
    that are alike are a syntax error, which every test in a browser meets.
    """
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        text = (STATIC / f"{name}.js").read_text(encoding="utf-8")
        for needed in IMPORT.findall(text):
            if needed not in parts:
                add(needed)
        parts[name] = _squeezed(EXPORT.sub("", IMPORT.sub("", text)))

    add(kind)
    return "\n".join(parts.values())


def styles() -> str:
    """Return the style sheet that all figures share."""
    return _squeezed((STATIC / "figures.css").read_text(encoding="utf-8"))


def _squeezed(text: str) -> str:
    """Leave out indentation and lines of comment: every figure carries a copy."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*", "*")))


def png(picture: Picture) -> tuple[bytes, dict[str, int]]:
    """Render a picture in the book's letters; returns the bytes and the size at which to show it.

    No pyplot: its import costs ten times the drawing, and nothing here needs a window.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    family = _letters()
    buffer = io.BytesIO()
    width, height = picture.get_size_inches() * 96
    picture.set_dpi(DENSITY)
    with matplotlib.rc_context({"font.family": family}):  # for what is made while it is drawn
        for text in picture.findobj(Text):
            text.set_fontfamily(family)
        FigureCanvasAgg(picture).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue(), {"width": round(width), "height": round(height)}


@cache
def _letters() -> list[str]:
    """Make the package's letters known to Matplotlib, once; its own fill in what they lack."""
    from matplotlib import font_manager

    for path in sorted((Path(__file__).parent / "fonts").glob("*.ttf")):
        font_manager.fontManager.addfont(path)
    return ["Backprop Sans", "DejaVu Sans"]


@cache
def _widget_class(kind: str) -> type:
    """Make the widget class of one kind of figure, where anywidget is first needed."""
    import anywidget
    import ipywidgets
    import traitlets

    def __init__(self: Any, spec: Spec, draw: Callable[[], Picture], model_id: str) -> None:
        # The layout is a widget too: without an id of its own it would get a random one.
        layout = ipywidgets.Layout(model_id=f"{model_id}-layout")
        anywidget.AnyWidget.__init__(self, spec=spec, model_id=model_id, layout=layout)
        self.draw = draw

    def __repr__(self: Any) -> str:
        return f"<{kind.replace('_', ' ')}: {self.spec['title']}>"

    def _repr_mimebundle_(self: Any, **options: Any) -> Any:
        data, metadata = anywidget.AnyWidget._repr_mimebundle_(self, **options)
        if os.environ.get("BACKPROP_PICTURES") == "off":  # nobody looks while grading
            return data, metadata
        picture, size = png(self.draw())
        return {**data, "image/png": picture}, {**metadata, "image/png": size}

    name = kind.title().replace("_", "")
    members = {
        "__module__": __name__,
        "__doc__": f"The figure {kind}.",
        "__init__": __init__,
        "__repr__": __repr__,
        "_repr_mimebundle_": _repr_mimebundle_,
        "_esm": script(kind),
        "_css": styles(),
        "spec": traitlets.Dict().tag(sync=True),
    }
    return type(name, (anywidget.AnyWidget,), members)
