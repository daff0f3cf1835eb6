"""Chapter 0: the course as a map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from exercises_lib.chapters import CHAPTERS

from .palette import INK, NEUTRAL, PAPER, VALUE, axes_of
from .widget import Spec, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

TITLE = "The road through the course"


def road_map(progress: Mapping[str, Any] | None = None, *, name: str | None = None) -> Any:
    """Show the chapters as stations on a road, with how far you are.

    Args:
        progress: how far each chapter is, by its number ("01") or id ("ch01"): a share from 0
            to 1, or a pair (passed, exercises).
        name: tells two maps of the same progress on one page apart.
    """
    spec = road_spec(progress or {})
    return figure(
        "road_map", spec, title=TITLE, height=(483, 815), name=name, draw=lambda: _draw(spec, TITLE)
    )


def road_spec(progress: Mapping[str, Any]) -> Spec:
    """Return the chapters with minutes and progress."""
    stations = []
    for number, chapter in CHAPTERS.items():
        if chapter.optional:
            continue
        entry = progress.get(number, progress.get(f"ch{number}", 0.0))
        passed, total = entry if isinstance(entry, tuple | list) else (float(entry), 1)
        stations.append(
            {
                "number": number,
                "label": chapter.label,
                "promise": chapter.promise,
                "minutes": chapter.minutes,
                "share": min(1.0, passed / total) if total else 0.0,
                "count": f"{passed} of {total}" if isinstance(entry, tuple | list) else "",
            }
        )
    return {"stations": stations}


def _draw(spec: Spec, title: str) -> Picture:
    picture, (panel,) = axes_of(title, height=3.4)
    picture.set_size_inches(9.6, 4.2)
    stations = spec["stations"]
    columns = 4
    at = []
    for index in range(len(stations)):
        row, column = divmod(index, columns)
        at.append((column if row % 2 == 0 else columns - 1 - column, -row))
    across, down = zip(*at, strict=True)
    panel.plot(across, down, color=NEUTRAL, linewidth=6, alpha=0.3, zorder=1)
    for (x, y), station in zip(at, stations, strict=True):
        done = station["share"] >= 1
        panel.plot(
            [x], [y], "o", markersize=24, color=VALUE if done else PAPER, markeredgecolor=VALUE
        )
        panel.text(
            x,
            y,
            station["number"],
            ha="center",
            va="center",
            color=PAPER if done else INK,
            fontsize=10,
        )
        panel.text(
            x, y - 0.3, station["label"], ha="center", va="top", color=INK, fontsize=9.5, zorder=2,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
    panel.set(xlim=(-0.6, columns - 0.4), ylim=(min(down) - 0.7, 0.5))
    panel.axis("off")
    return picture
