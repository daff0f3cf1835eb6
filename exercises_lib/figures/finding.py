"""One finding of the clinic as a small picture: SVG in a few hundred bytes, without Matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from .palette import INK, NEUTRAL, PAPER, SERIES

WIDTH, LEFT, BOTTOM, PLOT, LINE = 430, 62, 30, 130, 15
SVG_DASHES = ("none", "7 4", "2 3")
POINTS = 160
"""Points of a curve at most; a longer one is thinned out, and its extremes are kept."""


def finding_svg(
    values: ArrayLike, *, title: str, names: Sequence[str], along: str, first: int = 0
) -> str:
    """Draw one or several curves over the steps or epochs of a training.

    Args:
        values: float, (T,) or (T, K); what is not finite is left out and said.
        title: heads the picture and names it for screen readers.
        names: K names, for the legend; with a single curve none is drawn.
        along: what the horizontal axis counts.
        first: where it begins.

    Returns:
        An ``<svg>`` element. Where positive values differ by more than a factor of 50 the vertical
        axis is logarithmic.
    """
    rows = np.asarray(values, dtype=float)
    rows = rows.reshape(len(rows), -1)
    good = np.isfinite(rows) & (np.abs(rows) < 1e300)
    seen = rows[good]
    positive = seen[seen > 0]
    log = bool(len(positive)) and seen.min() >= 0 and positive.max() > 50 * positive.min()
    if log:
        good &= rows > 0
        seen = np.log10(positive)
    low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)
    if not log:
        low, high = min(low, 0.0), max(high, 1e-12)
    if high - low < 1e-9:
        high = low + 1
    legend = -(-rows.shape[1] // 3) if rows.shape[1] > 1 else 0
    right, top = WIDTH - 12, 26 + LINE * legend
    floor, height = top + PLOT, top + PLOT + BOTTOM
    parts = []
    for end in (low, (low + high) / 2, high):
        y = floor - (end - low) / (high - low) * PLOT
        label = f"{10**end if log else end:.2g}"
        parts.append(
            f'<path d="M{LEFT} {y:.0f}H{right}" stroke="{NEUTRAL}" stroke-opacity=".3"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{escape(label)}</text>'
        )
    last = len(rows) - 1
    for k in range(rows.shape[1]):
        places = np.flatnonzero(good[:, k])
        if len(places) > POINTS:
            chunks = np.array_split(places, POINTS // 2)
            ends = [(c[rows[c, k].argmin()], c[rows[c, k].argmax()]) for c in chunks]
            places = np.unique(np.array(ends))
        heights = np.log10(rows[places, k]) if log else rows[places, k]
        x = LEFT + places / max(last, 1) * (right - LEFT)
        y = floor - (heights - low) / (high - low) * PLOT
        line = "L".join(f"{a:.0f} {b:.0f}" for a, b in zip(x, y, strict=True))
        dash = SVG_DASHES[k % 3]
        if line:
            parts.append(
                f'<path d="M{line}" fill="none" stroke="{SERIES[k % len(SERIES)]}" '
                f'stroke-width="1.6" stroke-dasharray="{dash}"/>'
            )
    if rows.shape[1] > 1:
        for k, name in enumerate(names):
            colour = SERIES[k % len(SERIES)]
            left, base = LEFT + 118 * (k % 3), 32 + LINE * (k // 3)
            parts.append(
                f'<path d="M{left} {base - 4}h16" stroke="{colour}" stroke-width="2" '
                f'stroke-dasharray="{SVG_DASHES[k % 3]}"/>'
                f'<text x="{left + 21}" y="{base}">{escape(name)}</text>'
            )
    lost = int(len(rows) - np.isfinite(rows).all(axis=1).sum())
    note = f"{along}; no number in {lost} of {len(rows)}" if lost else along
    parts.append(
        f'<text x="{LEFT}" y="{height - 8}">{first}</text>'
        f'<text x="{right}" y="{height - 8}" text-anchor="end">{first + last}</text>'
        f'<text x="{(LEFT + right) / 2:.0f}" y="{height - 8}" text-anchor="middle">'
        f"{escape(note)}</text>"
        f'<text x="{LEFT}" y="17" font-weight="bold">{escape(title)}</text>'
    )
    return (
        f'<svg class="bp-finding" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'style="max-width:100%;height:auto" role="img" aria-label="{escape(title)}" '
        f'font-family="sans-serif" font-size="11" fill="{INK}">'
        f'<rect width="100%" height="100%" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )
