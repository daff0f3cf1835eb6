"""Notebooks that are alike: shown side by side as a fact, and not as an accusation.

An answer is reduced to its tokens: comments, docstrings and layout go, and each name that the
student may choose becomes the number of its first appearance. Two answers are the same if these are
equal. Many exercises can hardly be written in two ways, so answers with few tokens of their own are
left out, and one that is the same says nothing unless it is long.
"""

from __future__ import annotations

import builtins
import io
import itertools
import keyword
import re
import token
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from exercises_lib import exercises
from exercises_lib.grading.results import SubmissionResult

LEAST = 40
"""Tokens of its own that an answer needs to be compared."""
LONG = 120
"""Tokens of its own with which one answer that is the same is shown alone."""
ENOUGH = 3
"""Answers that have to be the same where none is long."""
MOST = 200
"""Pairs that are shown."""
KEPT_NAMES = {*keyword.kwlist, *dir(builtins), "np", "self", "nn", "plt"}


@dataclass(frozen=True)
class Author:
    """Whose answers these are: a student, or the course itself (an empty `whose`)."""

    name: str
    whose: tuple[str, str] | None = None


@dataclass(frozen=True)
class Same:
    """One exercise that two have answered alike.

    Args:
        exercise: which.
        tokens: how many tokens of their own the answers have.
        verbatim: whether they are the same text.
        left: the one answer.
        right: the other.
    """

    exercise: str
    tokens: int
    verbatim: bool
    left: str
    right: str


@dataclass(frozen=True)
class Pair:
    """Two whose answers to a chapter are alike, and in what."""

    chapter: str
    first: Author
    second: Author
    compared: int
    same: tuple[Same, ...]

    @property
    def verbatim(self) -> int:
        """How many answers are the same to the letter."""
        return sum(one.verbatim for one in self.same)


def alike(
    records: Iterable[SubmissionResult],
    published: Mapping[str, Mapping[str, str]],
    given: Mapping[str, Iterable[str]],
) -> list[Pair]:
    """Find who has handed in the same, or what the course has published.

    Args:
        records: what the gradebook says.
        published: chapter → exercise → the course's own answer.
        given: chapter → the sources of the cells that students are given.

    Returns:
        The pairs, those that share most to the letter first. Two who have both handed in what is
        published are told of that, and not of each other; what very many have written tells
        nothing.
    """
    pairs: list[Pair] = []
    counting = [one for one in records if one.counts and one.rows]
    for chapter in sorted({one.chapter for one in counting}):
        lines = {line.strip() for text in given.get(chapter, ()) for line in text.split("\n")}
        own = [
            (Author(one.student, one.whose), _prepared(_answers(one), lines))
            for one in counting
            if one.chapter == chapter
        ]
        course = (Author("The published solutions"), _prepared(published.get(chapter, {}), lines))
        pairs += _pairs(chapter, own, course)
    pairs.sort(key=lambda pair: (-pair.verbatim, -sum(one.tokens for one in pair.same)))
    return pairs[:MOST]


def _answers(one: SubmissionResult) -> dict[str, str]:
    return {row.exercise: row.answer for row in one.rows if row.answer}


@dataclass(frozen=True)
class _Answer:
    code: str
    tokens: int
    form: tuple[str, ...]


def _prepared(answers: Mapping[str, str], given: set[str]) -> dict[str, _Answer]:
    """Reduce the answers that are long enough to be compared, and are code at all."""
    result = {}
    for name, code in answers.items():
        tokens = own_tokens(code, given)
        if tokens >= LEAST and exercises.get(name).kind not in ("number", "choice"):
            result[name] = _Answer(code, tokens, normal_form(code))
    return result


Written = tuple[Author, dict[str, _Answer]]


def _pairs(chapter: str, own: Sequence[Written], course: Written) -> Iterator[Pair]:
    """Compare everybody with the course, and with those who share what few others have written."""
    for written in own:
        pair = _pair(chapter, written, course, lambda name, left, right: True)
        if pair is not None:
            yield pair
    places: dict[tuple[str, object], list[int]] = {}
    for place, (_, answers) in enumerate(own):
        for name, answer in answers.items():
            places.setdefault((name, answer.form), []).append(place)
            places.setdefault((name, _text(answer.code)), []).append(place)
    for name, answer in course[1].items():  # that is told already
        places.pop((name, answer.form), None)
        places.pop((name, _text(answer.code)), None)
    # What very many have written is what there is to write.
    few = {key: same for key, same in places.items() if len(same) <= max(10, len(own) // 4)}

    def tells(name: str, left: _Answer, right: _Answer) -> bool:
        text = _text(left.code)
        return (name, left.form) in few or (text == _text(right.code) and (name, text) in few)

    couples = {couple for same in few.values() for couple in itertools.combinations(same, 2)}
    for one, other in sorted(couples):
        pair = _pair(chapter, own[one], own[other], tells)
        if pair is not None:
            yield pair


def _pair(
    chapter: str, left: Written, right: Written, tells: Callable[[str, _Answer, _Answer], bool]
) -> Pair | None:
    """Compare two in what tells something; None if what is the same means nothing."""
    shared = [name for name in left[1] if name in right[1]]
    same = tuple(
        Same(
            name,
            min(one.tokens, other.tokens),
            _text(one.code) == _text(other.code),
            one.code,
            other.code,
        )
        for name in shared
        for one, other in [(left[1][name], right[1][name])]
        if one.form == other.form and tells(name, one, other)
    )
    if len(same) < ENOUGH and not any(one.tokens >= LONG for one in same):
        return None
    return Pair(chapter, left[0], right[0], len(shared), same)


def _text(code: str) -> str:
    return "\n".join(line.rstrip() for line in code.strip().split("\n"))


def own_tokens(code: str, given: set[str]) -> int:
    """Count the tokens of the lines that are not handed out, comments left out."""
    lines = (line.partition("#")[0] for line in code.split("\n") if line.strip() not in given)
    return sum(len(re.findall(r"\w+|[^\w\s]", line)) for line in lines)


def normal_form(code: str) -> tuple[str, ...]:
    """Reduce code to what does not change when it is renamed, commented or laid out anew."""
    numbers: dict[str, str] = {}
    form: list[str] = []
    depth = 0
    read = list(_tokens(code))
    for place, (kind, text) in enumerate(read):
        before = read[place - 1][1] if place else ""
        after = read[place + 1][1] if place + 1 < len(read) else ""
        depth += (text in "([{") - (text in ")]}") if kind == token.OP else 0
        if kind != token.NAME or text in KEPT_NAMES:
            form.append("text" if kind == token.STRING else text)
        elif before == "." and (place < 2 or read[place - 2][1] != "self"):
            form.append(text)  # an attribute of somebody else's
        elif depth and after == "=":
            form.append(text)  # the name of an argument in a call
        else:
            form.append(numbers.setdefault(text, f"#{len(numbers)}"))
    return tuple(form)


def _tokens(code: str) -> Iterator[tuple[int, str]]:
    """Read tokens as far as they can be read, without comments, docstrings and empty lines."""
    skipped = {token.COMMENT, token.NL, token.ENCODING, token.ENDMARKER}
    starts = True
    try:
        for one in tokenize.generate_tokens(io.StringIO(code).readline):
            if one.type in skipped:
                continue
            kind = one.type
            if kind == token.STRING and starts:
                continue
            starts = kind in (token.NEWLINE, token.INDENT, token.DEDENT)
            text = {token.NEWLINE: ";", token.INDENT: ">", token.DEDENT: "<"}.get(kind, one.string)
            yield kind, text
    except (tokenize.TokenError, SyntaxError, ValueError):
        return
