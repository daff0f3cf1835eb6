"""An exercise is data: what is asked, how an answer is observed, and what is right and wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from exercises_lib.chapters import chapter_of
from exercises_lib.checking.edit import Edit
from exercises_lib.checking.observe import (
    Observation,
    Oracle,
    Probe,
    Run,
    conclude,
    oracle_result,
)
from exercises_lib.checking.serialize import serialize

Kind = Literal["number", "choice", "function", "class", "debug", "target"]


@dataclass(frozen=True)
class Case:
    """One drawn case.

    Args:
        inputs: plain data that the probe gets, by name.
        note: what is special about it, said to the student, for example ``"a batch of one"``.
        hidden: what only the judge knows, such as the labels of a validation set. It never goes
            where the answer runs; an output's ``compare`` finds it among its inputs.
        names: what outputs are called when they are judged, where that would tell the answer too
            much: the probe's name → the exercise's.
    """

    inputs: Mapping[str, Any]
    note: str = ""
    hidden: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def named(self, seen: Observation) -> Observation:
        """Return an observation of this case with the names by which it is judged."""
        if not self.names:
            return seen
        return replace(
            seen,
            values={self.names.get(name, name): value for name, value in seen.values.items()},
            unstable=[self.names.get(name, name) for name in seen.unstable],
        )


@dataclass(frozen=True)
class Output:
    """What is known about one output of an exercise.

    Args:
        name: as the probe yields it.
        shape: its shape in the letters of the exercise, for example ``"(D, M)"``.
        why: half a sentence that explains the shape, for example ``"one number per output"``.
        rtol: relative tolerance; 1e-3 at least is used where an input is float32.
        atol: absolute tolerance.
        compare: replaces the comparison of type, shape and value:
            ``compare(inputs, got, expected)`` returns None if `got` is right, else what is wrong
            with it, as a sentence for the student. What the case keeps from the answer is among
            the inputs.
    """

    name: str
    shape: str = ""
    why: str = ""
    rtol: float = 1e-6
    atol: float = 1e-8
    compare: Callable[[Mapping[str, Any], Any, Any], str | None] | None = None


@dataclass(frozen=True)
class Mistake:
    """A known mistake: a wrong implementation and what its author should be told.

    Args:
        name: short and unique within the exercise, for example ``"summed over the wrong axis"``.
        given: the wrong answer itself, or the `Edit` of a right one that makes it.
        message: what it is and why it is wrong, one to three sentences, without the solution.
        recognise: recognises the mistake where equal behaviour cannot, as in exercises that train:
            ``recognise(cases, observations)`` is True for an answer that makes it.
    """

    name: str
    given: Any
    message: str
    recognise: Callable[[Sequence[Case], Sequence[Observation]], bool] | None = None

    @property
    def answer(self) -> Any:
        """The wrong answer; an edit is compiled when it is first asked for."""
        return self.given.program if isinstance(self.given, Edit) else self.given


@dataclass(frozen=True)
class Field:
    """One blank of an exercise of kind number or choice.

    Args:
        name: its key in the answer.
        label: what is asked, in a few words; Markdown with ``$…$``.
        options: for a choice, what can be chosen: key → text.
    """

    name: str
    label: str
    options: Mapping[str, str] = field(default_factory=dict)


def no_inputs(rng: np.random.Generator) -> list[Case]:
    """Draw the one empty case of an exercise whose answer is a set of values."""
    return [Case({})]


@dataclass(frozen=True)
class Exercise:
    """What is asked and how it is judged; the same object in notebook, grader, book and tests.

    Args:
        id: ``"chNN.name"``.
        title: a few words.
        kind: number, choice, function, class, debug or target.
        points: what it counts; 0 for an optional exercise, which counts for nothing but itself.
        reference: the right answer.
        probe: how a candidate is observed on a case.
        hints: three, from where to look to a skeleton.
        draw: draws fresh cases from a generator.
        outputs: what is known about the outputs; outputs not listed get the default tolerances.
        accepted: right answers written differently.
        mistakes: known wrong answers.
        fields: the blanks of a number or choice exercise.
        remark: what to notice, said when the answer is right.
        difficulty: from 1, an application of what was just read, to 3, which takes a while.
        requires: modules without which the exercise is unavailable.
        seconds: time limit for all cases together.
        repeat: whether every case is run twice to see that both runs agree.
        oracle: answers what the probe asks while an answer runs: ``oracle(inputs, *arguments)``.
            What the case keeps from the answer is among the inputs. It runs where the judging is
            done, so that a student's code that is graded cannot read what it knows.
        fills: output → inputs whose arrays the answer is to change, or to put back: the output is
            what lies in those very arrays when it is done, by input if there are several. A grader
            reads their memory itself, so this is nothing that the answer's process could report.
        reads: makes the outputs of what the probe gives, where that is more than they are:
            ``reads(inputs, values)``. It runs where the judging is done, so that words about
            numbers are not taken from the process that has the answer.
        partial: whether a wrong answer gets points for the outputs that are right; None: where a
            number or choice exercise has several blanks.
    """

    id: str
    title: str
    kind: Kind
    points: int
    reference: Any
    probe: Probe
    hints: tuple[str, str, str]
    draw: Callable[[np.random.Generator], Iterable[Case]] = no_inputs
    outputs: tuple[Output, ...] = ()
    accepted: tuple[Any, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    fields: tuple[Field, ...] = ()
    remark: str = ""
    difficulty: int = 2
    requires: tuple[str, ...] = ()
    seconds: float = 5.0
    repeat: bool = True
    oracle: Callable[..., Any] | None = None
    partial: bool | None = None
    fills: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reads: Callable[[Mapping[str, Any], dict[str, Any]], dict[str, Any]] | None = None

    def __post_init__(self) -> None:
        names = [mistake.name for mistake in self.mistakes]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.id}: two mistakes have the same name")
        if self.difficulty not in (1, 2, 3):
            raise ValueError(f"{self.id}: a difficulty is 1, 2 or 3, not {self.difficulty}")
        if self.kind in ("number", "choice") and not self.fields:
            raise ValueError(f"{self.id}: an exercise of kind {self.kind} needs fields")

    def output(self, name: str) -> Output:
        """Return what is known about an output; the defaults if nothing is."""
        return next((output for output in self.outputs if output.name == name), Output(name))

    def mistake(self, name: str) -> Mistake:
        """Return a known mistake.

        Raises:
            LookupError: if there is none of that name; the message lists those that there are.
        """
        for mistake in self.mistakes:
            if mistake.name == name:
                return mistake
        known = ", ".join(repr(mistake.name) for mistake in self.mistakes)
        raise LookupError(f"{self.id} has no mistake {name!r}; there are {known or 'none'}")

    def observed(self, case: Case, runs: Sequence[Run]) -> Observation:
        """Conclude what an answer did on a case, its outputs named as they are judged."""
        seen = conclude(case.inputs, runs, self.fills)
        if self.reads is not None:
            try:
                with np.errstate(all="ignore"):
                    seen.values = self.reads({**case.inputs, **case.hidden}, dict(seen.values))
            except Exception:  # it was written for values of the right kind
                seen.values = {}
        return case.named(seen)

    def share(self, right: int, total: int) -> float:
        """Return what an answer earns of which some outputs are right, in whole half points.

        It is rounded down, so that only what is right as a whole gets everything.
        """
        several = self.kind in ("number", "choice") and len(self.fields) > 1
        if not (several if self.partial is None else self.partial):
            return 0
        return (2 * self.points * right // total) / 2

    @property
    def optional(self) -> bool:
        """Whether it may be left out: no points, and the progress does not wait for it."""
        return self.points == 0

    @property
    def chapter(self) -> str:
        """The number of its chapter."""
        return chapter_of(self.id)

    def consult(self, case: Case, arguments: Sequence[Any]) -> dict[str, Any]:
        """Answer one question of the probe, as plain data.

        Args:
            case: the case that is run.
            arguments: plain data that may come from a hostile process.

        Returns:
            ``{"result": …}``, or ``{"error": text}`` if there is no answer to these arguments.
        """
        if self.oracle is None:
            return {"error": "nothing can be asked here"}
        try:
            with np.errstate(all="ignore"):
                return {
                    "result": serialize(self.oracle({**case.inputs, **case.hidden}, *arguments))
                }
        except Exception as error:
            return {"error": str(error)[:1000]}

    def local_oracle(self, case: Case) -> Oracle | None:
        """Return what the probe asks with, where judging and answer share a process."""
        if self.oracle is None:
            return None
        return lambda *arguments: oracle_result(
            self.consult(case, [serialize(one) for one in arguments])
        )
