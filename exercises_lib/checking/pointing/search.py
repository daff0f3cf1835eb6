"""The search for the smallest edit of an answer that makes it right."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterable

from exercises_lib.checking.compare import CHANGED
from exercises_lib.checking.pointing.bench import Bench, Outcome
from exercises_lib.checking.pointing.edits import edits
from exercises_lib.checking.pointing.flow import Spot, blamed, note, sources_of
from exercises_lib.checking.pointing.found import SLACK, Change, Found, Repair
from exercises_lib.checking.pointing.ingredients import Ingredients
from exercises_lib.checking.pointing.names import Names
from exercises_lib.checking.pointing.source import Source, source_of
from exercises_lib.checking.pointing.tree import Edit, Scope
from exercises_lib.checking.pointing.values import Values, leaves
from exercises_lib.checking.trial import Trial, observe_case

WIDTH = 6
"""From how many of the most promising single edits a second one is tried."""
TIERS = (1, 2, 3)
MOST_SPOTS = 2
"""Where more statements make wrong outputs of right values, none of them is looked at alone."""
MODELS = 4
"""From how many right answers expressions are taken."""


class OutOfTimeError(Exception):
    """Raised within a search when it has no time left."""


class Search:
    """One search. When it is made it reads files, when it runs it does not.

    Args:
        trial: what the answer did.
        answer: the wrong answer.
        left: how many seconds are left.
    """

    def __init__(self, trial: Trial, answer: object, left: Callable[[], float]) -> None:
        self.found = Found(weak=trial.exercise.oracle is not None)
        self.left = left
        self.source: Source | None = source_of(answer)
        right = (trial.exercise.reference, *trial.exercise.accepted)[:MODELS]
        self.models = [source_of(one) for one in right] if self.source is not None else []
        self._trial = trial

    def run(self) -> Found:
        """Search until something is found, nothing is left to try, or the time is up."""
        if self.source is None:
            return self.found
        self.bench = Bench(self._trial)
        first = self._trial.cases[self.bench.first]
        said = " ".join(
            f"{one.failure.message} {one.failure.type}" for one in self._trial.seen if one.failure
        )

        def once(answer: object) -> object:
            return observe_case(self._trial.exercise, answer, first, False, 0.5, True)

        self.names = Names(self.source, once, said)
        self._ingredients = Ingredients(self.models, self.names, once)
        self._follow(once)
        self._partial: list[tuple[set[str], Edit]] = []
        self._better: list[tuple[int, int, Edit]] = []
        try:
            if self._spots:
                self._by_tiers(self._spots)
            if not self.found.repairs and not self._made:
                self._by_tiers()
                if not self.found.repairs:
                    self._one_behind_the_other()
            self.found.finished = True
        except OutOfTimeError:
            pass
        self.found.tried = self.bench.tried
        self._note_partial()
        return self.found

    def _follow(self, once: Callable[[object], object]) -> None:
        """Look where the answer leaves the values of right answers."""
        assert self.source is not None
        first = self.bench.first
        right = Values()
        right.add(dict(self._trial.cases[first].inputs))
        right.add(dict(self._trial.expected[first].values))
        note(self.models, once, right)
        seen, wrong = self._trial.seen[first], self.bench.start.wrong
        wanted = Values()
        wanted.add(dict(self._trial.expected[first].values))
        sure = Values()
        sure.add(dict(self._trial.cases[first].inputs))
        sure.add(dict(self._trial.expected[first].values))
        given = [
            leaf for name in wrong for leaf in leaves(seen.values.get(name)) if leaf not in wanted
        ]
        some = blamed(self.source, once, right, sure, given, CHANGED in wrong)
        some = some if len(some) <= MOST_SPOTS else []
        self._spots = [blame.spot for blame in some]
        there = all(seen.values.get(name) is not None for name in wrong)
        self._made = there and any(blame.kind == "flow" for blame in some)
        self.found.blamed = [
            Change(blame.spot.line, blame.kind, "", blame.spot.piece)
            for blame in some
            if blame.sure
        ]

    def _by_tiers(self, spots: Iterable[Spot] = ()) -> None:
        """Try edits by themselves, then side by side, until a tier has brought a repair.

        Two cheap ones do not come before a single one that is not quite as cheap.
        """
        for tier in TIERS:
            self._single(self._edits(tier, spots))
            if self.found.repairs:
                return
            if tier > 1 and self._independent([], set(self.bench.start.wrong)):
                return

    def _scope(self, piece: int) -> Callable[[ast.AST], Scope]:
        assert self.source is not None
        space = self.source.pieces[piece].space
        return lambda function: self.names.scope(function, space)

    def _edits(self, tier: int, spots: Iterable[Spot] = ()) -> list[Edit]:
        """The edits of a tier, the cheapest first.

        Those of all pieces, or only of some statements and of what makes their values.
        """
        assert self.source is not None
        every = []
        for number, piece in enumerate(self.source.pieces):
            own = [sources_of(piece.tree, spot) for spot in spots if spot.piece == number]
            lines = set[int]().union(*own)
            if spots and not lines:
                continue

            def reached(line: int, lines: set[int] = lines) -> bool:
                return (not lines or line in lines) and not self.names.skipped(line)

            made = edits(piece.tree, self._scope(number), tier, self._ingredients, reached)
            for edit in made:
                edit.piece = number
                every.append(edit)
                if self.left() < 0:
                    raise OutOfTimeError
        return sorted(every, key=lambda edit: edit.cost)

    def _try(self, edit: Edit) -> Outcome | None:
        """Run a candidate on the most telling case; the edit stays applied."""
        if self.left() < 0:
            raise OutOfTimeError
        assert self.source is not None
        return self.bench.first_outcome(self.source)

    def _keep(self, done: list[Edit]) -> None:
        changes = tuple(map(_change, done))
        common = all(self._ingredients.has(edit.told) for edit in done)
        self.found.repairs.append(Repair(changes, sum(edit.cost for edit in done), common))

    def _single(self, some: Iterable[Edit]) -> None:
        """Try edits, each by itself, until they cost more than has a say."""
        assert self.source is not None
        done: set[str] = set()
        for edit in some:
            if edit.group and edit.group in done:
                continue
            if self.found.repairs and edit.cost > self.found.repairs[0].cost + SLACK:
                return
            with edit:
                outcome = self._try(edit)
                if outcome is None:
                    continue
                if not outcome.wrong and self.bench.passes(self.source):
                    self._keep([edit])
                    done.add(edit.group)
                    continue
                before = self.bench.start.wrong
                gained = set(before) - set(outcome.wrong)
                lost = set(outcome.wrong) - self.bench.wrong
                told = any(before[name] > 0 for name in gained)  # it came, and was wrong
                if told and not lost and self.bench.rights(self.source, gained):
                    self._partial.append((gained, edit))
                if outcome.score > self.bench.start.score:
                    self._better.append((-outcome.score, len(self._better), edit))

    def _independent(self, done: list[Edit], wrong: set[str]) -> bool:
        """Put together edits that each right some outputs and spoil none."""
        assert self.source is not None
        if len(done) >= 4:
            return False
        tried: dict[frozenset[str], int] = {}
        for gained, edit in sorted(self._partial, key=lambda p: (p[1].tier, -len(p[0]))):
            rest = frozenset(wrong - gained)
            if len(rest) == len(wrong) or any(edit.clashes(other) for other in done):
                continue
            tried[rest] = tried.get(rest, 0) + 1
            if tried[rest] > 4 or len(tried) > 6:
                continue
            with edit:
                outcome = self._try(edit)
                if outcome is None or not set(outcome.wrong) < wrong:
                    continue
                if not outcome.wrong:
                    if self.bench.passes(self.source):
                        self._keep([*done, edit])
                        return True
                elif self._independent([*done, edit], set(outcome.wrong)):
                    return True
        return False

    def _one_behind_the_other(self) -> None:
        """Go on from the edits that bring the answer furthest."""
        assert self.source is not None
        self._better.sort(key=lambda entry: (entry[0], entry[2].tier, entry[1]))
        texts: set[str] = set()
        for _, _, first in self._better[: 4 * WIDTH]:
            if len(texts) >= WIDTH:
                return
            with first:
                text = "\n".join(ast.unparse(piece.tree) for piece in self.source.pieces)
                if text in texts:
                    continue
                texts.add(text)
                for second in itertools.chain.from_iterable(map(self._edits, TIERS[:2])):
                    with second:
                        outcome = self._try(second)
                        if outcome and not outcome.wrong and self.bench.passes(self.source):
                            self._keep([first, second])
                            return

    def _note_partial(self) -> None:
        """Note for each group of outputs the likeliest edits that right just these."""
        groups: dict[tuple[str, ...], list[Edit]] = {}
        for gained, edit in self._partial:
            groups.setdefault(tuple(sorted(gained)), []).append(edit)
        for outputs, some in groups.items():
            tier = min(edit.tier for edit in some)
            self.found.partial[outputs] = [_change(edit) for edit in some if edit.tier == tier]


def _change(edit: Edit) -> Change:
    return Change(edit.line, edit.kind, edit.before, edit.piece)
