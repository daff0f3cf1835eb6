"""A kernel for the book's pages: runs cells, checks answers, and tells the page what happened.

It lives in a web worker, where Python has no threads, no alarms and no files of the reader's. What
does not end is ended by the page, which is told how long it should wait. Everything that is said
goes through one function, as JSON, so the same kernel runs under plain Python in the tests.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import io
import json
import linecache
import sys
import time
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from exercises_lib import checking, exercises, own, progress_store
from exercises_lib.checking import Verdict, pointing
from exercises_lib.checking.observe import student_traceback
from exercises_lib.checking.place import Pending, Place
from exercises_lib.checking.trial import Trial
from exercises_lib.checking.verdict import NOT_YET
from exercises_lib.in_page.needs import Names, names_of, needed

OUTPUT_LIMIT = 20_000
"""Characters that a cell's printing may fill on the page."""
SLOWER = 3
"""How many times as long NumPy may take here, for exercises that train."""
SEARCH_SECONDS = 10.0
"""Time limit of the search for the line where a wrong answer is to be changed."""
OWN_SECONDS = 120.0
"""Time limit of a cell as the course wrote it: it is known to end."""
ABSENT = {"matplotlib": "Matplotlib", "torch": "PyTorch", "IPython": "Matplotlib"}
"""Libraries that the page does not have; what imports IPython wants to show a picture."""


class _Budget:
    """How many seconds a search has left: none as soon as nobody waits for it."""

    def __init__(self, enough: Callable[[], bool]) -> None:
        self._enough = enough
        self.withdrawn = False
        self._began = self._asked = time.monotonic()

    def __call__(self) -> float:
        now = time.monotonic()
        if now - self._asked > 0.1:
            self._asked = now
            self.withdrawn = self.withdrawn or self._enough()
        return -1.0 if self.withdrawn else pointing.SECONDS - (now - self._began)


class _Nowhere:
    """Stands for a search that is still to begin."""

    def place(self, seconds: float | None = None) -> Place | None:
        """Return no place."""
        return Place()


NOWHERE = _Nowhere()

Send = Callable[[str], object]


class Kernel:
    """Runs the cells of one page.

    Args:
        send: takes each message, a JSON object with a ``kind``.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._space = types.ModuleType("__main__").__dict__
        self._space["display"] = self._display
        self._ran: dict[str, str] = {}
        self._cell = ""
        self._deadline = float("-inf")
        self._misplaced: tuple[Verdict, Trial, Any] | None = None
        self.passed: set[str] = set()

    def say(self, kind: str, **more: Any) -> None:
        """Send one message to the page."""
        self._send(json.dumps({"kind": kind, **more}))

    def limit(self, seconds: float) -> None:
        """Tell the page how long to wait from now on; it is not told what it knows already."""
        now = time.monotonic()
        if abs(now + seconds - self._deadline) > 0.25:
            self._deadline = now + seconds
            self.say("limit", seconds=seconds)

    # ---- requests ----

    def prepare(self, exercise_id: str) -> None:
        """Load what a check of an exercise needs, while the reader is still writing."""
        exercise = exercises.get(exercise_id)
        list(exercise.draw(np.random.default_rng(0)))

    def run(self, request: str) -> bool:
        """Run a cell, with what it needs of the cells above; check it, if it is an answer.

        Args:
            request: JSON with ``cells``, all from the top of the page to the one that is meant, the
                last; each with ``id``, ``source`` and its ``seconds``. An answer has a ``check``
                too: ``exercise`` and ``expression``.

        Returns:
            Whether there is something to `look` for.
        """
        self._misplaced = None
        self._deadline = float("-inf")
        asked = json.loads(request)
        *above, target = asked["cells"]
        names = [names_of(cell["source"]) for cell in above]
        wanted = names_of(target["source"])
        check = asked.get("check")
        if check:
            used = wanted.used | (names_of(check["expression"]).used - wanted.bound)
            wanted = Names(wanted.bound, wanted.touched, used)
        fresh: set[str] = set()
        for index in needed(names, wanted):
            cell = above[index]
            if self._ran.get(cell["id"]) == cell["source"] and not fresh & names[index].used:
                continue
            fresh |= names[index].bound
            self._run_cell(cell)
        ended = self._run_cell(target)
        if check:
            self._check(check["exercise"], check["expression"], ended)
        return self._misplaced is not None

    def look(self, enough: Callable[[], bool]) -> None:
        """Look for the line where the answer that was judged last is to be changed.

        Args:
            enough: tells whether nobody waits for it any longer.
        """
        if self._misplaced is None:
            return
        verdict, trial, answer = self._misplaced
        self._misplaced = None
        self.limit(SEARCH_SECONDS)
        place, budget = Place(), _Budget(enough)
        if trial.exercise.kind not in ("number", "choice", "target"):
            place = pointing.here(trial, answer, budget).place()
        if place.text and not budget.withdrawn:
            html = replace(verdict, place=place, pending=None)._repr_html_()
            self.say("located", exercise=verdict.exercise_id, html=html)

    def _run_cell(self, cell: dict[str, Any]) -> bool:
        """Run one cell; tells whether it came to its end."""
        self._cell = cell["id"]
        self.say("start", cell=self._cell)
        self.limit(cell.get("seconds", OWN_SECONDS))
        out, err = _Stream(self, "stdout"), _Stream(self, "stderr")
        ended = False
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            with warnings.catch_warnings():
                warnings.simplefilter("default")
                ended = self._execute(cell["source"])
            out.close_page()
            err.close_page()
        self._ran[self._cell] = cell["source"] if ended else ""
        self._say_redefined()
        self.say("end", cell=self._cell, ok=ended)
        return ended

    def _execute(self, source: str) -> bool:
        name = f"<{self._cell}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        try:
            tree = ast.parse(source, name)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, name, "exec"), self._space)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), name, "eval"), self._space)
                if value is not None:
                    self._display(value)
        except SystemExit:
            self._problem("Your code asks Python to end. In a page there is nothing to leave.")
            return False
        except ImportError as error:
            library = ABSENT.get((error.name or "").partition(".")[0])
            if library is None:
                self._problem(explain(error))
            else:
                self.say("absent", cell=self._cell, library=library)
            return False
        except MemoryError:
            self.say("full")  # what fills it may still have a name: the page begins anew
            return False
        except BaseException as error:
            self._problem(explain(error))
            return False
        return True

    def _problem(self, text: str) -> None:
        self.say("error", cell=self._cell, text=text)

    def _say_redefined(self) -> None:
        """Say so when a cell has given another meaning to a module that the page relies on."""
        for name, module in (("np", np), ("nn", sys.modules.get("exercises_lib.nn"))):
            if name in self._space and module is not None and self._space[name] is not module:
                self._space[name] = module
                self.say(
                    "note",
                    cell=self._cell,
                    text=f"This cell gives the name {name} to something else. The other cells mean "
                    f"the library by it, so it has its old meaning back: choose another name.",
                )

    def _check(self, exercise_id: str, expression: str, ended: bool) -> None:
        exercise = exercises.get(exercise_id)
        if not ended:
            self.say("verdict", exercise=exercise_id, status="error", mistake=None, html="")
            return
        self.limit(exercise.seconds if exercise.seconds <= 5 else SLOWER * exercise.seconds)
        trials: list[Trial] = []

        def later(trial: Trial, _: Any) -> Pending:
            trials.append(trial)
            return NOWHERE

        try:
            answer = eval(expression, self._space)
        except NameError as error:
            verdict = Verdict.of(
                exercise,
                "unanswered",
                f"`{error.name}` does not exist yet: the answer has to give this name a value.",
            )
        else:
            verdict = checking.check(
                exercise,
                answer,
                np.random.default_rng(),
                search=later,
            )
        if verdict.message == NOT_YET:  # in a page, running and checking are one
            verdict = replace(verdict, message="Replace the placeholder with your answer.")
        if verdict:
            self.passed.add(exercise_id)
            name = getattr(answer, "__name__", "")
            if exercise.kind in ("function", "class") and name.isidentifier():
                own.keep(exercise_id, name, [text for text in self._ran.values() if text])
        self.say(
            "verdict",
            exercise=exercise_id,
            status=verdict.status,
            mistake=verdict.mistake,
            html=verdict._repr_html_(),
        )
        if trials:
            self._misplaced = (verdict, trials[0], answer)

    # ---- what cells show ----

    def _display(self, *values: Any) -> None:
        sys.stdout.flush()
        for value in values:
            self.say("show", cell=self._cell, **bundle(value))

    def stream(self, name: str, text: str) -> None:
        """Send what was printed, as far as there is room for it."""
        self.say("print", cell=self._cell, stream=name, text=text)


class _Stream(io.TextIOBase):
    """Printing on its way to the page, in pieces; what is too much is counted and dropped."""

    def __init__(self, kernel: Kernel, name: str) -> None:
        self._kernel, self._name = kernel, name
        self._waiting: list[str] = []
        self._left = OUTPUT_LIMIT
        self._dropped = 0
        self._sent = time.monotonic()

    def write(self, text: str) -> int:
        if self._left <= 0:
            self._dropped += len(text)
            return len(text)
        shown = str(text)[: self._left]
        self._left -= len(shown)
        self._dropped += len(text) - len(shown)
        self._waiting.append(shown)
        if time.monotonic() - self._sent > 0.1:
            self.flush()
        return len(text)

    def flush(self) -> None:
        if self._waiting:
            self._kernel.stream(self._name, "".join(self._waiting))
            self._waiting.clear()
        self._sent = time.monotonic()

    def close_page(self) -> None:
        """Send the rest, and say how much was dropped."""
        self.flush()
        if self._dropped:
            self._kernel.stream(self._name, f"\n… {self._dropped:,} characters more, not shown\n")


def bundle(value: Any) -> dict[str, Any]:
    """Give a value as the page shows it: a figure, HTML or text."""
    inner = getattr(value, "figure", value)
    if isinstance(inner, PageFigure):
        return {"figure": {"id": inner.model_id, "kind": inner.kind, "spec": inner.spec}}
    for name in ("_repr_html_", "_repr_svg_"):
        method = getattr(type(value), name, None)
        html = method(value) if callable(method) else None
        if html is not None:
            return {"html": html}
    return {"text": repr(value)[:OUTPUT_LIMIT]}


def explain(error: BaseException) -> str:
    """Give an exception as text: the reader's own frames, then what it says."""
    if isinstance(error, RecursionError):
        last = "RecursionError: your code calls itself again and again. Where does it stop?"
    else:
        last = "".join(traceback.format_exception_only(error)).rstrip()
    frames = "" if isinstance(error, SyntaxError) else student_traceback(error)
    return f"{frames}\n{last}" if frames else last


# ---- the platform: time, figures, progress and the reader's library belong to the page ----


class PageShelf(dict[str, str]):
    """The reader's own library, kept by the page: it is told of each answer that is put there.

    Args:
        kernel: says so.
        sources: what the page has kept before.
    """

    def __init__(self, kernel: Kernel, sources: dict[str, str]) -> None:
        super().__init__(sources)
        self.kernel = kernel

    def __setitem__(self, exercise_id: str, text: str) -> None:
        super().__setitem__(exercise_id, text)
        self.kernel.say("kept", exercise=exercise_id, text=text)


class PageFigure:
    """A figure without a widget: the page mounts its script with this data.

    Args:
        kernel: told when the data change, as those of a figure do that grows while a loop runs.
    """

    comm = "page"

    def __init__(self, kernel: Kernel, kind: str, spec: dict[str, Any], model_id: str) -> None:
        self.kernel, self.kind, self.model_id = kernel, kind, model_id
        self._spec = spec

    @property
    def spec(self) -> dict[str, Any]:
        """What the figure's script plays."""
        return self._spec

    @spec.setter
    def spec(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self.kernel.say("figure", id=self.model_id, spec=spec)


def settle(kernel: Kernel) -> None:
    """Put the page's way in the place of what a desk computer does otherwise."""
    from exercises_lib.figures import widget

    @contextlib.contextmanager
    def time_limit(seconds: float, *, of_processor: bool = False) -> Iterator[None]:
        kernel.limit(seconds if seconds <= 5 else SLOWER * seconds)
        yield

    def page_class(kind: str) -> Callable[..., PageFigure]:
        return lambda spec, draw, model_id: PageFigure(kernel, kind, spec, model_id)

    def record(verdict: Verdict) -> None:
        kernel.say(
            "attempt",
            exercise=verdict.exercise_id,
            status=verdict.status,
            mistake=verdict.mistake,
        )

    module = importlib.import_module("exercises_lib.checking.observe")
    module.time_limit = time_limit  # type: ignore[attr-defined]
    widget._widget_class = page_class  # type: ignore[assignment]
    progress_store.passed_exercises = lambda: set(kernel.passed)
    progress_store.record = record
    builtins.display = kernel._display  # type: ignore[attr-defined]


def start(send: Send, memory: str = "{}") -> Kernel:
    """Start the kernel of a page.

    Args:
        send: takes each message.
        memory: what the page remembers, as JSON: ``passed``, the ids of the exercises that the
            reader has passed, and ``own``, their library: id → source.
    """
    known = json.loads(memory)
    kernel = Kernel(send)
    kernel.passed = set(known.get("passed", ()))
    settle(kernel)
    own.use(PageShelf(kernel, known.get("own", {})))
    return kernel
