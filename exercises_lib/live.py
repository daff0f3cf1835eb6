"""An answer and its check act as one in a live notebook: JupyterLab, Notebook, VS Code, Colab.

The kernel does not see what stands on the screen, only what was run. So:

- a check whose answer does not exist yet says which name is missing, in a verdict;
- when the cell of an answer that was checked is run again, it is checked again, and the verdict in
  the check cell is replaced; where the frontend gives cells no ids, that does not happen;
- a check that is run again without a new run of its answer says that this is the same answer.

Nothing of this happens where a notebook is run as a whole: nbclient and nbval give no cell ids.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from exercises_lib.checking import Verdict


@dataclass(frozen=True)
class Missing:
    """Stands for an answer whose name does not exist."""

    name: str


def given(answer: Callable[[], Any]) -> Any:
    """Evaluate what is to be checked; a name that does not exist gives a `Missing`."""
    try:
        return answer()
    except NameError as error:
        return Missing(str(error.name or error))


class Lazily(ast.NodeTransformer):
    """Rewrites ``check("id", answer)`` so that a missing answer is a verdict and no `NameError`."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        """Change a statement that is one check."""
        match node.value:
            case ast.Call(ast.Name("check"), [ast.Constant(str()), answer, *_]) as call:
                wrapped = ast.parse("__import__('exercises_lib.live').live.given(lambda: 0)")
                statement = wrapped.body[0]
                assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
                thunk = statement.value.args[0]
                assert isinstance(thunk, ast.Lambda)
                thunk.body = answer
                call.args[1] = statement.value
                ast.fix_missing_locations(node)
        return node


class LiveVerdict(Verdict):
    """A verdict that can be replaced where it stands, when its answer is run again."""

    def _ipython_display_(self) -> None:
        _publish(self, update=False)


AT_ONCE = 0.3
"""How many seconds a verdict waits for the place in the answer before it is shown without."""


def _publish(verdict: Verdict, *, update: bool) -> None:
    """Show a verdict; at once, and once more where the line that it points at is still sought."""
    from IPython.display import display

    spot = f"backprop-{verdict.exercise_id}"
    if verdict.pending is not None and verdict.pending.place(AT_ONCE) is None:
        first = replace(verdict, pending=None)
        display(first._repr_mimebundle_(), raw=True, display_id=spot, update=update)
        update = True
    display(verdict._repr_mimebundle_(), raw=True, display_id=spot, update=update)


@dataclass
class _Checked:
    """What is known of the last check of an exercise."""

    expression: str
    cell: str | None
    run: int
    verdict: Verdict
    misses: int = 0


class Session:
    """What has been run and checked in one kernel.

    Args:
        shell: IPython's.
        check: checks an answer, given the exercise's id.
    """

    def __init__(self, shell: Any, check: Callable[[str, Any], Verdict]) -> None:
        self.shell, self.check = shell, check
        self.count = 0
        self.cell: str | None = None
        self.source = ""
        self.defined: dict[str, tuple[str | None, int, str]] = {}
        self.checked: dict[str, _Checked] = {}

    def before(self, info: Any) -> None:
        """Remember which cell is about to run."""
        self.count += 1
        self.cell = getattr(info, "cell_id", None)
        self.source = info.raw_cell or ""

    def after(self, result: Any) -> None:
        """Note what a cell has defined; check answers again that it has made anew."""
        names = _bound(self.source)
        for name in names:
            self.defined[name] = (self.cell, self.count, self.source)
        if not result.success or self.cell is None:
            return
        for exercise_id, old in list(self.checked.items()):
            if old.cell == self.cell and _names(old.expression) & names:
                self._again(exercise_id, old)

    def _again(self, exercise_id: str, old: _Checked) -> None:
        verdict = self.check(exercise_id, self.shell.ev(old.expression))
        _publish(verdict, update=True)

    def judged(self, verdict: Verdict) -> Verdict:
        """Add to a verdict what the session knows, and remember it.

        Returns:
            The verdict, perhaps with a sentence more.
        """
        if self.cell is None:
            return verdict
        exercise_id = verdict.exercise_id
        old = self.checked.get(exercise_id)
        expression = _checked_expression(self.source, exercise_id)
        if expression is None:
            if old is None or old.cell != self.cell:
                return verdict  # a check within other code, a demonstration
            expression = old.expression
        cell, run, source = max(
            (self.defined[name] for name in _names(expression) if name in self.defined),
            key=lambda found: found[1],
            default=(None, 0, ""),
        )
        if self.cell == cell:
            run = self.count
        missed = verdict.status in ("wrong", "error")
        same_kind = old is not None and old.verdict.mistake == verdict.mistake
        stale = old is not None and old.run == run and bool(run)
        misses = (old.misses if old and same_kind else 0) + (missed and not stale)
        more = []
        if missed or verdict.status == "unanswered":
            if cell and _saved_source(cell) not in (None, source):
                more.append("The answer's cell has changed since it ran: run it, then check again.")
            elif stale:
                more.append(
                    "It is the same answer as at your last check: its cell has not run in between."
                )
            elif misses >= 2:
                more.append(f'A hint may help: hint("{exercise_id}")')
        self.checked[exercise_id] = _Checked(expression, cell, run, verdict, misses)
        message = "\n".join(filter(None, [verdict.message, *more]))
        return LiveVerdict(**{**vars(verdict), "message": message})


def _bound(source: str) -> set[str]:
    """The names that a cell gives a value at its top level."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return set()
    names: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.add(statement.name)
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
    return names


def _names(expression: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}


def _checked_expression(source: str, exercise_id: str) -> str | None:
    """What a cell that is one check checks, as it stands there."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    match body:
        case [ast.Expr(ast.Call(ast.Name("check"), [ast.Constant(str(found)), answer, *_]))]:
            return ast.unparse(answer) if found == exercise_id else None
    return None


def _saved_source(cell_id: str) -> str | None:
    """The source of a cell in the notebook's file, where the frontend says which file it is."""
    name = os.environ.get("JPY_SESSION_NAME", "")
    try:
        cells = json.loads(Path(name).read_text(encoding="utf-8"))["cells"] if name else []
    except (OSError, ValueError, KeyError, TypeError):
        return None
    for cell in cells:
        if cell.get("id") == cell_id:
            return "".join(cell.get("source", ""))
    return None


session: Session | None = None


def attach(check: Callable[[str, Any], Verdict]) -> None:
    """Begin a session where a notebook's kernel runs; nothing happens elsewhere."""
    global session
    if session is not None or "ipykernel" not in sys.modules:
        return
    shell = sys.modules["IPython"].get_ipython()
    if shell is None:
        return
    session = Session(shell, check)
    shell.events.register("pre_run_cell", session.before)
    shell.events.register("post_run_cell", session.after)
    shell.ast_transformers.append(Lazily())
