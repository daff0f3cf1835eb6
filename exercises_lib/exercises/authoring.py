"""How an exercise's known mistakes are written down.

A mistake is a wrong program with what its author should be told. Most are small edits of the right
answer; the others are written out, right above the line that names them::

    wrong = Mistakes(double)

    wrong.swap("three times", "2 * x", "3 * x").says('''You take `x` three times. Twice is what
        is asked, and `x + x` shows how much that is.''')

    wrong.answer("of the first alone", doubled_first).says('''…''')

``backprop mistake ch09.AdaGrad "no root"`` prints a wrong program whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from exercises_lib.checking import Case, Mistake, Observation
from exercises_lib.checking.edit import Edit

Recognise = Callable[[Sequence[Case], Sequence[Observation]], bool]


class Mistakes:
    """Collects the known mistakes of one exercise, in the order in which they are written.

    Args:
        reference: the right answer, of which `swap` makes wrong ones.
    """

    def __init__(self, reference: Any = None) -> None:
        self._reference = reference
        self._found: list[Mistake] = []

    @property
    def all(self) -> tuple[Mistake, ...]:
        """The mistakes, as `Exercise` takes them."""
        return tuple(self._found)

    def swap(self, name: str, *pieces: Any, of: Any = None) -> Named:
        """Begin a mistake that is an edit of a right answer.

        Args:
            name: short and unique within the exercise.
            pieces: old and new, or several pairs ``(old, new)``. The old piece stands in the right
                answer's source exactly once: text within a line, or whole lines.
            of: another right answer than the reference.
        """
        pairs = tuple(pair for pair in pieces if isinstance(pair, tuple))
        texts = tuple(text for text in pieces if isinstance(text, str))
        pairs += tuple(zip(texts[::2], texts[1::2], strict=True))
        return Named(self, name, Edit(of or self._reference, pairs, name))

    def answer(self, name: str, answer: Any) -> Named:
        """Begin a mistake whose wrong answer is written out."""
        return Named(self, name, answer)

    def add(self, mistake: Mistake) -> None:
        """Add a mistake that is made elsewhere, as those are that several exercises share."""
        self._found.append(mistake)

    def extend(self, mistakes: Iterable[Mistake]) -> None:
        """Add a family of mistakes."""
        self._found.extend(mistakes)


class Named:
    """A mistake that has its name and its wrong answer, and is not explained yet."""

    def __init__(self, mistakes: Mistakes, name: str, answer: Any) -> None:
        self._mistakes, self._name, self._answer = mistakes, name, answer

    def says(self, text: str, recognise: Recognise | None = None) -> None:
        """Say what its author should be told, and add it.

        Args:
            text: one to three sentences, without the solution. A text of several lines is
                one paragraph, however they are broken.
            recognise: see `Mistake`.
        """
        message = " ".join(text.split()) if "\n" in text else text
        self._mistakes.add(Mistake(self._name, self._answer, message, recognise))
