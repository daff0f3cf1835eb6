"""What can be said of wrong numbers by looking at the right ones beside them.

A relation is told only if it holds in every case in which the output came, and says something in at
least one of them. No source is needed and no list of mistakes.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exercises_lib.checking.compare import compare, tolerances
from exercises_lib.checking.exercise import Case
from exercises_lib.checking.serialize import is_number
from exercises_lib.checking.trial import Trial, observe_case
from exercises_lib.checking.wording import number

Array = np.ndarray[Any, Any]
UPSTREAM = re.compile(r"^(second |other |last )?(dout|dD|dz|upstream|grad\w*)$")
"""Inputs that arrive from above."""
CALLS = re.compile(r"^(first|second|again|updated|other|third|last) |\d+")
"""What tells one call's output from another call's: ``second dx``, ``params after step 2``."""
MOST = 2


@dataclass(frozen=True)
class Row:
    """One part of one output in one case: what came, what was wanted, and what is beside it.

    Args:
        case: the case.
        got: what came.
        want: what was wanted.
        close: tells whether two arrays are the same, by the tolerance of the output.
        others: the right values of the other outputs.
        ones: what the right one would be if what arrives from above were all ones.
    """

    case: Case
    got: Array
    want: Array
    close: Callable[[Any, Any], bool]
    others: dict[str, Array]
    ones: Array | None

    def input(self, name: str) -> Array:
        """Return an input as numbers.

        Raises:
            KeyError: if there is none.
        """
        value = _numeric(self.case.inputs.get(name))
        if value is None:
            raise KeyError(name)
        return value

    @property
    def right(self) -> bool:
        """Whether nothing is wrong in this case."""
        return self.close(self.got, self.want)


def relations(trial: Trial, wrong: Sequence[str]) -> list[str]:
    """Say how wrong numbers are related to the right ones, as sentences.

    Args:
        trial: what the answer did.
        wrong: the outputs that are wrong, the one that is spoken of first.

    Returns:
        At most two sentences, about different outputs; all of them true.
    """
    if trial.exercise.kind in ("number", "choice", "target"):
        return []
    found: dict[str, str] = {}
    with np.errstate(all="ignore"):
        upstream_ones = _with_ones(trial)
        for name in wrong:
            rows = _Rows(_rows(trial, name, upstream_ones))
            if rows and trial.exercise.output(name).compare is None:
                said = next(_true(name, rows, trial), "")
                if said:
                    found.setdefault(CALLS.sub("", name), said)
    return list(found.values())[:MOST]


def _rows(trial: Trial, name: str, upstream_ones: list[dict[str, Any]]) -> Iterator[Row]:
    """Give an output's numbers in every case in which it came; none if one of them is no number."""
    output = trial.exercise.output(name)
    rows = []
    triples = zip(trial.cases, trial.seen, trial.expected, strict=False)
    for index, (case, seen, wanted) in enumerate(triples):
        if name not in seen.values or name not in wanted.values:
            continue
        got, want = _numeric(seen.values[name]), _numeric(wanted.values[name])
        problem = compare(trial.exercise, case, output, seen.values[name], wanted.values[name])
        if got is None or want is None or (problem is not None and problem.stage == "type"):
            return
        rtol, atol = tolerances(output, case)

        def close(a: Any, b: Any, rtol: float = rtol, atol: float = atol) -> bool:
            if np.shape(a) != np.shape(b):
                return False
            return bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))

        others = {
            other: array
            for other, value in wanted.values.items()
            if other != name and (array := _numeric(value)) is not None
        }
        ones = _numeric(upstream_ones[index].get(name)) if upstream_ones else None
        rows.append(Row(case, got, want, close, others, ones))
    if any(not row.right for row in rows):
        yield from rows


def _numeric(value: Any) -> Array | None:
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
        return np.asarray(value, dtype=float)
    return np.asarray(value, dtype=float) if is_number(value) and np.isreal(value) else None


def _with_ones(trial: Trial) -> list[dict[str, Any]]:
    """What the reference does where all that arrives from above is ones; empty if nothing does."""
    found = []
    for case in trial.cases:
        above = [name for name in case.inputs if UPSTREAM.match(name)]
        if not above or trial.exercise.oracle is not None:
            return []
        inputs = dict(case.inputs)
        for name in above:
            value = inputs[name]
            inputs[name] = np.ones_like(value) if isinstance(value, np.ndarray) else 1.0
        changed = replace(case, inputs=inputs)
        seen = observe_case(trial.exercise, trial.exercise.reference, changed, repeat=False)
        found.append(seen.values)
    return found


class _Rows(list[Row]):
    """The rows of one output."""

    def all(self, holds: Callable[..., Any], *arguments: Any) -> bool:
        """Tell whether something holds of every row; it does not where it cannot be asked."""
        try:
            return all(holds(row, *arguments) for row in self)
        except (ValueError, TypeError, LookupError):
            return False


def _true(name: str, rows: _Rows, trial: Trial) -> Iterator[str]:
    """Yield the relations that hold, the most telling one first."""
    if not rows.all(lambda row: np.isfinite(row.got).all() and np.isfinite(row.want).all()):
        return
    off = [row for row in rows if not row.right]
    if rows.all(lambda row: row.close(row.got, -row.want)):
        yield f"In every case {name} has the right size and the wrong sign."
    yield from _factors(name, rows, trial)
    if rows.all(lambda row: row.want.ndim == 2 and row.close(row.got, row.want.T)):
        yield f"In every case {name} is the transpose of what is expected."
    for other in off[0].others:
        if rows.all(lambda row, other: row.close(row.got, row.others[other]), other):
            same = CALLS.sub("", other) == CALLS.sub("", name)
            which = "the value of another call" if same else "another output"
            yield f"In every case {name} is what {other} should be, {which}."
    if rows.all(lambda row: row.ones is not None and row.close(row.got, row.ones)):
        yield f"In every case {name} is what it should be if all that arrives from above were 1."
    for other in off[0].case.inputs:
        if rows.all(lambda row, other: row.close(row.got, row.input(other)), other):
            yield f"In every case {name} is {other} as it is."
    yield from _reductions(name, rows)
    yield from _parts(name, rows, off)
    yield from _terms(name, rows, off)


def _factors(name: str, rows: _Rows, trial: Trial) -> Iterator[str]:
    sizes = [_sizes(trial, row) for row in rows]
    for letter in sizes[0]:
        by = [one.get(letter, 0) for one in sizes]
        if not all(by) or max(by) == 1:
            continue
        pairs = list(zip(rows, by, strict=True))
        if all(row.close(row.got, row.want * size) for row, size in pairs):
            yield f"In every case {name} is {letter} × the expected one, for example {max(by)} ×."
        if all(row.close(row.got, row.want / size) for row, size in pairs):
            yield f"In every case {name} is the expected one divided by {letter}."
    ratios = [
        float(
            np.median((row.got / row.want)[row.want != 0]) if row.want.ndim else row.got / row.want
        )
        for row in rows
        if row.got.shape == row.want.shape and np.any(row.want != 0)
    ]  # fmt: skip
    if not _varied(rows) or not ratios or not np.isfinite(ratios[0]):
        return
    factor = ratios[0]
    telling = abs(factor) > 1e-12 and abs(factor + 1) > 1e-6
    if telling and rows.all(lambda row: row.close(row.got, factor * row.want)):
        yield f"In every case {name} is {number(factor)} × the expected one."


def _varied(rows: _Rows) -> bool:
    """Whether the right numbers differ, so that a factor says something."""
    values = np.concatenate([row.want.ravel() for row in rows])
    return bool(values.size > 1 and np.ptp(values) > 0)


def _sizes(trial: Trial, row: Row) -> dict[str, int]:
    """The sizes of a case by their letters; those of inputs without letters as ``len(x)``."""
    sizes: dict[str, int] = {}
    for output in trial.exercise.outputs:
        value = row.others.get(output.name)
        letters = re.fullmatch(r"\(([A-Z](?:, [A-Z])*),?\)", output.shape)
        if letters and value is not None and len(letters[1].split(", ")) == value.ndim:
            sizes.update(zip(letters[1].split(", "), value.shape, strict=True))
    for name, given in row.case.inputs.items():
        if isinstance(given, np.ndarray) and given.ndim:
            sizes[f"len({name})"] = len(given)
            if given.ndim > 1:
                sizes[f"{name}.size"] = given.size
    return sizes


def _reductions(name: str, rows: _Rows) -> Iterator[str]:
    if all(row.got.size == row.want.size for row in rows):
        return
    for axis, how, keep in itertools.product((0, 1, None), (np.sum, np.mean), (False, True)):
        along = "over everything" if axis is None else f"along axis {axis}"
        word = "added up" if how is np.sum else "averaged"
        if rows.all(_reduced, "want", "got", axis, how, keep):
            yield f"In every case {name} is the expected one, {word} {along}."
        if rows.all(_reduced, "got", "want", axis, how, keep):
            yield f"In every case {name} becomes the expected one when it is {word} {along}."


def _reduced(row: Row, one: str, other: str, axis: int | None, how: Any, keep: bool) -> bool:
    whole: Array = getattr(row, one)
    if whole.ndim <= (axis or 0) or not whole.size:
        return False
    return row.close(how(whole, axis=axis, keepdims=keep), getattr(row, other))


def _parts(name: str, rows: _Rows, off: Sequence[Row]) -> Iterator[str]:
    if not rows.all(lambda row: row.got.shape == row.want.shape and row.got.ndim >= 1):
        return
    if any(len(row.want) > 2 for row in off):
        for word, part in (("first", slice(0, 1)), ("last", slice(-1, None))):
            if rows.all(lambda row, part: row.close(row.got[part], row.want[part]), part):
                yield f"Of {name}, the {word} row alone is right in every case."
    for other, value in off[0].case.inputs.items():
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not value.ndim:
            continue
        for sign, holds in ((">", np.greater), ("<", np.less)):
            telling = any(_parted(row, other, holds) for row in off)
            if telling and rows.all(_right_where, other, holds):
                yield f"In every case {name} is right where {other} {sign} 0, and only there."


def _parted(row: Row, other: str, holds: Any) -> bool:
    """Whether an input is above (below) 0 in some places and not in others."""
    mask = holds(row.input(other), 0)
    return bool(mask.any() and not mask.all())


def _right_where(row: Row, other: str, holds: Any) -> bool:
    """Whether the numbers are right where an input is above (below) 0 and wrong elsewhere."""
    mask = holds(row.input(other), 0)
    if mask.shape != row.want.shape:
        return False
    wrong = ~np.isclose(row.got, row.want, rtol=1e-5, atol=1e-7)
    return not wrong[mask].any() and bool(wrong[~mask].all())


def _terms(name: str, rows: _Rows, off: Sequence[Row]) -> Iterator[str]:
    for other in off[0].case.inputs:
        if rows.all(lambda row, other: row.close(row.got, row.want + row.input(other)), other):
            yield f"In every case {name} is the expected one with {other} added."
        if rows.all(lambda row, other: row.close(row.got + row.input(other), row.want), other):
            yield f"In every case {name} is the expected one with {other} taken away."
    if rows.all(lambda row: row.got.shape == row.want.shape and row.got.size > 0):
        shift = float(np.median(off[0].got - off[0].want))
        if len(rows) > 1 and rows.all(lambda row: row.close(row.got, row.want + shift)):
            yield f"In every case {name} is the expected one plus {number(shift)}."
