"""A verdict, and how it looks: the same words as text and as HTML."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from exercises_lib.checking.markup import INDENT, blocks, inline_html
from exercises_lib.checking.place import Pending, Place

if TYPE_CHECKING:
    from exercises_lib.checking.exercise import Exercise, Mistake

Status = Literal["passed", "wrong", "error", "unanswered", "unavailable"]

LOOKS: dict[str, tuple[str, str, str]] = {
    "passed": ("✓", "passed", "#1a7f37"),
    "wrong": ("✗", "not yet", "#b3261e"),
    "error": ("!", "stopped with an error", "#b3261e"),
    "unanswered": ("○", "not answered yet", "#6b7280"),
    "unavailable": ("–", "not available here", "#6b7280"),
}
"""For each status: its sign, its words and its colour."""

NOT_YET = "Replace the placeholder with your answer, run its cell, then this one."
"""What is said of a placeholder."""


@dataclass(frozen=True)
class Verdict:
    """What is said about an answer.

    Args:
        exercise_id: the exercise.
        title: its title.
        status: passed, wrong, error, unanswered or unavailable.
        message: what was found, as text.
        mistake: the name of the known mistake that the answer behaves like, or None.
        mistakes: the names of all of them, where independent mistakes were found together.
        points: what the exercise counts.
        earned: what the answer earned; half points where some of its outputs are right.
        traceback: the student's own frames, if the answer raised.
        printed: the beginning of what the answer printed.
        relations: what holds between the wrong numbers and the right ones, as sentences.
        place: where in its own source the answer is to be changed, as far as that is known.
        pending: the search for that place, if it is still to be waited for.
    """

    exercise_id: str
    title: str
    status: Status
    message: str
    mistake: str | None
    mistakes: tuple[str, ...]
    points: int
    earned: float
    traceback: str = ""
    printed: str = ""
    relations: tuple[str, ...] = ()
    place: Place = field(default_factory=Place)
    pending: Pending | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        exercise: Exercise,
        status: Status,
        text: str = "",
        *,
        more: Sequence[str] = (),
        mistakes: Sequence[Mistake] = (),
        traceback: str = "",
        printed: str = "",
        right: tuple[int, int] | None = None,
        relations: Sequence[str] = (),
        pending: Pending | None = None,
    ) -> Verdict:
        """Put a verdict together from what judging found; `right` counts outputs, and all."""
        lines = [line for line in (text, *more) if line]
        lines += [mistake.message for mistake in mistakes]
        if right is not None:
            lines.append(f"{right[0]} of {right[1]} are right.")
        if status == "unanswered" and not text:
            lines.append(NOT_YET)
        return cls(
            exercise_id=exercise.id,
            title=exercise.title,
            status=status,
            message="\n".join(lines),
            mistake=mistakes[0].name if mistakes else None,
            mistakes=tuple(mistake.name for mistake in mistakes),
            points=exercise.points,
            earned=_earned(exercise, status, right),
            traceback=traceback,
            printed="" if status == "passed" else printed,
            relations=tuple(relations),
            pending=pending,
        )

    def settled(self) -> Verdict:
        """Return the verdict with the place, waited for if need be."""
        if self.pending is None:
            return self
        return replace(self, place=self.pending.place() or Place(), pending=None)

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines in the answer's own source where it is to be changed; empty if not known."""
        return self.settled().place.lines

    def __bool__(self) -> bool:
        """A verdict is true if the answer passed."""
        return self.status == "passed"

    def __str__(self) -> str:
        if self.pending is not None:
            return str(self.settled())
        sign, words, _ = LOOKS[self.status]
        lines = [f"{sign} {self.exercise_id} · {words}"]
        for line in self.message.split("\n") if self.message else []:
            if line.startswith(INDENT):
                lines.append(f"  {line}")
            else:
                lines += textwrap.wrap(line, 88, initial_indent="  ", subsequent_indent="  ")
        lines += textwrap.wrap(self.place.text, 88, initial_indent="  ", subsequent_indent="  ")
        lines += [f"  {row}" for row in self._place_lines()]
        if self.traceback:
            lines += ["  In your code:", *(f"  {line}" for line in self.traceback.split("\n"))]
        if self.printed:
            lines += ["  Your code printed:", *(f"    {line}" for line in self._printed_lines())]
        return "\n".join(lines)

    __repr__ = __str__

    def _place_lines(self) -> list[str]:
        return [f"{number:>6} {text}" for number, text in self.place.code]

    def _printed_lines(self) -> list[str]:
        lines = self.printed.rstrip("\n").split("\n")
        return lines if len(lines) <= 8 else [*lines[:8], "…"]

    def _repr_html_(self) -> str:
        if self.pending is not None:
            return self.settled()._repr_html_()
        sign, words, colour = LOOKS[self.status]
        parts = [
            # A figure that belongs to the exercise looks for the exercise and its status.
            f'<div class="bp-verdict" data-exercise="{html.escape(self.exercise_id)}" '
            f'data-status="{self.status}" role="status" style="border-left:4px solid {colour};'
            'padding:.35em .8em;margin:.3em 0;max-width:46em;line-height:1.45">',
            f'<div><b style="color:{colour}" aria-hidden="true">{sign}</b> <b>{words}</b> '
            f'<span style="opacity:.7">{html.escape(self.exercise_id)}</span></div>',
        ]
        for index, (kind, piece) in enumerate(blocks(self.message)):
            weight = "" if index or self.status == "passed" else "font-weight:500;"
            if kind == "code":
                code = html.escape(piece)
                parts.append(f'<pre style="margin:.2em 0 0;white-space:pre-wrap">{code}</pre>')
            else:
                parts.append(f'<div style="{weight}margin-top:.25em">{inline_html(piece)}</div>')
        if self.place.text:
            parts.append(f'<div style="margin-top:.25em">{inline_html(self.place.text)}</div>')
        if self.place.code:
            parts.append(_block("", "\n".join(self._place_lines())))
        if self.traceback:
            parts.append(_block("In your code:", self.traceback))
        if self.printed:
            parts.append(_block("Your code printed:", "\n".join(self._printed_lines())))
        parts.append("</div>")
        return "".join(parts)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}


def _earned(exercise: Exercise, status: Status, right: tuple[int, int] | None) -> float:
    if status == "passed":
        return exercise.points
    return exercise.share(*right) if right is not None and status == "wrong" else 0


def _block(title: str, text: str) -> str:
    return (
        f'<div style="margin-top:.35em">{title}<pre style="margin:.2em 0 0;white-space:pre-wrap">'
        f"{html.escape(text)}</pre></div>"
    )


def hint_html(exercise_id: str, number: int, text: str, after: str = "") -> str:
    """Give a hint as HTML, in the manner of a verdict; indented lines become a block of code."""
    parts = [
        '<div class="bp-hint" style="border-left:4px solid #9a6700;padding:.35em .8em;'
        'margin:.3em 0;max-width:46em;line-height:1.45">',
        f'<div><b>Hint {number} of 3</b> <span style="opacity:.7">{html.escape(exercise_id)}'
        "</span></div>",
    ]
    for kind, piece in blocks(text):
        if kind == "code":
            code = html.escape(piece)
            parts.append(f'<pre style="margin:.3em 0 .3em 1em;white-space:pre-wrap">{code}</pre>')
        else:
            parts.append(f'<div style="margin-top:.25em">{inline_html(piece)}</div>')
    if after:
        parts.append(f'<div style="margin-top:.35em;opacity:.75">{html.escape(after)}</div>')
    parts.append("</div>")
    return "".join(parts)
