"""What runs in a student's kernel: an IPython shell, and the observing of answers.

Nothing here knows what is right. Everything here is in the reach of the student's code: it can be
patched, and whatever it sends can be forged. So no conclusion is drawn here, not even whether an
input was changed; and a forged observation earns no more than an honest one, because it would have
to hold the right results for cases that were drawn a moment before.
"""

from __future__ import annotations

import ast
import contextlib
import dis
import io
import mmap
import os
import signal
import socket
import sys
import time
import traceback
import types
from collections import deque
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any

import numpy as np

from exercises_lib import own
from exercises_lib.checking.observe import Failure, Oracle, Probe, Run, oracle_result, run_probe
from exercises_lib.checking.serialize import serialize
from exercises_lib.grading import arena, lent, source, wire

LIBRARY = "exercises_lib"
_shelf: dict[str, str] = {}
"""The student's own library in this kernel."""
SKIPPED = (lent.AbsentError, NameError)
"""Errors after which a cell goes on: what it uses has not been lent, or was to be made of that."""


def prepare() -> None:
    """Import what every notebook uses and make the shell; called once, before any fork."""
    lent.prepare()
    os.environ["MPLBACKEND"] = "agg"
    os.environ["BACKPROP_PROGRESS"] = "off"
    import importlib
    import pkgutil

    import numpy.random  # noqa: F401

    for name in ("data", "probes"):
        home = importlib.import_module(f"{LIBRARY}.{name}")
    for found in pkgutil.iter_modules(home.__path__):
        if not found.name.startswith("ch"):  # what chapters share; a chapter's own are lent
            importlib.import_module(f"{LIBRARY}.probes.{found.name}")
    for name in ("IPython.display", "multiprocessing.pool"):
        importlib.import_module(name)
    _make_shell()


def prepare_pictures() -> None:
    """Import what draws, with its fonts; called before the fork of a kernel that will draw."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()  # loads the fonts
    axes.set_title("$x^2$")
    plt.close(figure)
    plt.show = lambda *_, **__: plt.close("all")  # a grade needs no rendered picture


def _make_shell() -> Any:
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.formatters import DisplayFormatter
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Hook(DisplayHook):  # type: ignore[misc,unused-ignore]
        """Keeps `_`, and shows nothing."""

        def __call__(self, result: Any = None) -> None:
            if result is not None:
                self.shell.user_ns["_"] = result

    class Publisher(DisplayPublisher):  # type: ignore[misc,unused-ignore]
        """Publishes nothing."""

        def publish(self, *_: Any, **__: Any) -> None:
            pass

        def clear_output(self, wait: bool = False) -> None:
            pass

    class Formatter(DisplayFormatter):  # type: ignore[misc,unused-ignore]
        """Formats nothing: what an object looks like is no part of a grade."""

        def format(self, *_: Any, **__: Any) -> tuple[dict[str, Any], dict[str, Any]]:
            return {}, {}

    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"
    config.InteractiveShell.displayhook_class = Hook
    config.InteractiveShell.display_pub_class = Publisher
    shell: Any = InteractiveShell.instance(config=config)
    shell.display_formatter = Formatter(parent=shell)

    def matplotlib_magic(line: str) -> None:
        """Accept ``%matplotlib …`` and keep drawing nothing."""

    shell.register_magic_function(matplotlib_magic, magic_name="matplotlib")
    shell.system = shell.system_raw  # without a terminal
    shell.showtraceback = lambda *_, **__: None  # the traceback is formatted below, once
    shell.showsyntaxerror = lambda *_, **__: None
    shell.run_cell("1\n%matplotlib inline", store_history=False)
    shell.reset(new_session=True)
    return shell


def silence_course() -> None:
    """Replace check, hint and progress: in a grading nobody looks at them."""
    import exercises_lib
    from exercises_lib import tutor
    from exercises_lib.checking.verdict import Verdict

    def check(exercise_id: str, answer: Any, *, seed: int | None = None) -> Verdict:
        """Answer that the grader checks this."""
        return Verdict(str(exercise_id), "", "unavailable", "", None, (), 0, 0)

    def hint(exercise_id: str, number: int | None = None) -> None:
        """Give no hint."""

    def progress() -> None:
        """Show nothing."""

    for function in (check, hint, progress):
        for module in (exercises_lib, tutor):
            setattr(module, function.__name__, function)


class _Bounded(io.TextIOBase):
    """A text stream that keeps the beginning of what is written."""

    def __init__(self, limit: int) -> None:
        self.parts: list[str] = []
        self.left = limit

    def write(self, text: str) -> int:
        if self.left > 0:
            self.parts.append(str(text)[: self.left])
            self.left -= len(self.parts[-1])
        return len(text)

    def writable(self) -> bool:
        return True


def serve(connection: socket.socket, memory: mmap.mmap, output: int) -> None:
    """Run cells and observe answers until the grader hangs up.

    Args:
        connection: to the grader.
        memory: where the arrays of cases are; see `arena`.
        output: characters of output that are kept of a cell.
    """
    import random

    from IPython.core.interactiveshell import InteractiveShell

    random.seed()
    np.random.seed()
    shell: Any = InteractiveShell.instance()
    # A module named __main__ whose namespace is the notebook's, as in a real kernel.
    sys.modules["__main__"] = shell.user_module
    wire.send(connection, {"alive": True})
    while True:
        request = None
        while request is None:
            with contextlib.suppress(KeyboardInterrupt):  # one that came too late
                try:
                    request = wire.receive(connection)
                except wire.HungUpError:
                    return
        if "library" in request:
            with contextlib.suppress(Exception):  # what patches it is left without a library
                lent.receive(request["library"])
            continue
        if "mynn" in request:
            with contextlib.suppress(Exception):
                _shelf.update(request["mynn"])
                if own.library() is not _shelf:
                    own.use(_shelf)
            continue
        try:
            if "code" in request:
                reply = _run(shell, request, output)
            elif "definitions" in request:
                reply = {"found": own.from_cells(request["definitions"])}
            elif "sources" in request:
                reply = {"facts": [source.facts(text).to_plain() for text in request["sources"]]}
            else:
                reply = _observe(shell, request, connection, memory)
        except KeyboardInterrupt:
            reply = {"outputs": [], "error": ["KeyboardInterrupt", "", ""]}
        except BaseException as error:
            reply = {"outputs": [], "error": [type(error).__name__, _safe(error), ""]}
        with contextlib.suppress(KeyboardInterrupt):
            wire.send(connection, {**reply, "for": request["for"]})


def _run(shell: Any, request: dict[str, Any], output: int) -> dict[str, Any]:
    out, err = _Bounded(output), _Bounded(output)
    code, first = request["code"], None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        while code:
            result = shell.run_cell(code, store_history=False, silent=False)
            error = result.error_before_exec or result.error_in_exec
            first = first or error
            absent = isinstance(first, lent.AbsentError) and isinstance(error, SKIPPED)
            code = _rest(shell, code, error) if absent else ""
    error = first
    outputs = [
        [name, "".join(stream.parts)]
        for name, stream in (("stdout", out), ("stderr", err))
        if stream.parts
    ]
    if error is None:
        return {"outputs": outputs, "error": None}
    from exercises_lib.checking.observe import student_traceback

    return {
        "outputs": outputs,
        "error": [type(error).__name__[:200], _safe(error), student_traceback(error)[:4000]],
    }


def _rest(shell: Any, code: str, error: BaseException) -> str:
    """Return what follows the statement of a cell that uses what the kernel has not been lent.

    The statement may be a demonstration of the course's own. What follows it may be an answer.
    """
    code = shell.transform_cell(code)
    frames = traceback.walk_tb(error.__traceback__)
    line = next((n for f, n in frames if f.f_globals is f.f_locals is shell.user_ns), None)
    ends = [node.end_lineno or 0 for node in ast.parse(code).body]
    end = next((end for end in ends if line is not None and end >= line), None)
    return "" if end is None else "\n".join(code.split("\n")[end:]).strip()


def _safe(error: BaseException) -> str:
    try:
        return str(error)[:1000]
    except BaseException:
        return "(its message cannot be shown)"


def _observe(
    shell: Any, request: dict[str, Any], connection: socket.socket, memory: mmap.mmap
) -> dict[str, Any]:
    """Evaluate what a check cell looks at, run it on the cases, and send back what happened."""
    from exercises_lib.probes import find

    probe = Probe(find(request["probe"]), request["params"])
    cases, left = request["cases"], float(request["seconds"])
    try:
        answer = eval(compile(request["expression"], "<check>", "eval"), shell.user_ns)
    except NameError as error:
        gap = Failure(
            "unanswered", "UnansweredError", f"{_name(error)} is not defined in the notebook."
        )
        return {"runs": [[_plain_run(Run(failure=gap))]], "library": [], "origin": ""}
    except Exception as error:
        failure = Failure("raised", type(error).__name__, _safe(error), request["expression"])
        return {"runs": [[_plain_run(Run(failure=failure))]], "library": [], "origin": ""}
    if isinstance(answer, lent.Absent):
        failure = Failure("misfit", "MisfitError", f"{answer.text}.")
        return {"runs": [[_plain_run(Run(failure=failure))]], "library": [], "origin": lent.NN}
    library = sorted(library_uses(answer))
    seen: list[list[dict[str, Any]]] = []
    with contextlib.redirect_stderr(_Bounded(0)):
        for number, copies in enumerate(cases):
            began = time.process_time()
            runs = run_probe(
                probe,
                answer,
                [arena.take(memory, inputs) for inputs in copies],
                seconds=max(left, 0.1),
                oracle=_asker(connection, request["for"], number) if request["asks"] else None,
                of_processor=True,
            )
            seen.append([_plain_run(run) for run in runs])
            left -= time.process_time() - began
            failure_now = runs[-1].failure
            if failure_now is not None and failure_now.kind in ("unanswered", "timeout"):
                break
    origin = getattr(answer, "__module__", None) or type(answer).__module__
    return {"runs": seen, "library": library, "origin": str(origin)[:200]}


def _asker(connection: socket.socket, message: str, number: int) -> Oracle:
    """Return what a probe asks the grader with, while case `number` is run."""

    def oracle(*arguments: Any) -> Any:
        question = {"ask": [serialize(one) for one in arguments], "case": number, "for": message}
        # What is interrupted between question and answer would take the answer for a new order.
        before = signal.pthread_sigmask(
            signal.SIG_BLOCK, (signal.SIGINT, signal.SIGALRM, signal.SIGPROF)
        )
        try:
            wire.send(connection, question)
            return oracle_result(wire.receive(connection))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    return oracle


def _name(error: NameError) -> str:
    return str(getattr(error, "name", None) or "The answer")[:60]


def _plain_run(run: Run) -> dict[str, Any]:
    failure = run.failure
    return {
        "steps": [(str(name), value) for name, value in run.steps],
        # What became of arrays is not told but seen; see `arena`.
        "after": {k: value for k, value in run.after.items() if not isinstance(value, np.ndarray)},
        "failure": None if failure is None else list(astuple(failure)),
        "printed": run.printed,
        "seconds": run.seconds,
    }


def library_uses(answer: Any) -> set[str]:
    """Find what of this library an answer is or is made of.

    Args:
        answer: what a check cell looks at.

    Returns:
        Names such as ``"nn.Relu"``: the answer itself, its bases, and what its code and the code of
        the student's own functions and classes that it uses look up.
    """
    found: set[str] = set()
    seen: set[int] = set()
    todo: list[Any] = [answer]
    while todo and len(seen) < 2000:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        with contextlib.suppress(Exception):
            todo += _inside(thing, found)
    return found


def _inside(thing: Any, found: set[str]) -> Iterator[Any]:
    if isinstance(thing, types.ModuleType):
        return
    kind = thing if isinstance(thing, type) else type(thing)
    module = str(getattr(thing, "__module__", "") or kind.__module__)
    if module.startswith((f"{LIBRARY}.nn", f"{LIBRARY}.exercises", f"{LIBRARY}.data")):
        name = getattr(thing, "__qualname__", None) or kind.__qualname__
        found.add(f"{module.split('.')[1]}.{str(name).split('.')[0]}"[:80])
        return
    if isinstance(thing, type):
        yield from thing.__mro__[1:-1]
        yield from vars(thing).values()
        return
    if isinstance(thing, (staticmethod, classmethod)):
        yield thing.__func__
        return
    if isinstance(thing, property):
        yield from (part for part in (thing.fget, thing.fset) if part is not None)
        return
    if isinstance(thing, types.MethodType):
        yield from (thing.__func__, thing.__self__)
        return
    if isinstance(thing, types.FunctionType):
        if module.startswith(LIBRARY):
            return
        yield from (cell.cell_contents for cell in thing.__closure__ or ())
        yield from thing.__defaults__ or ()
        yield from _code_uses(thing.__code__, thing.__globals__, found)
        return
    if isinstance(thing, (list, tuple, set, deque)):
        yield from list(thing)[:50]
    elif module == "numpy" and getattr(getattr(thing, "dtype", None), "hasobject", False):
        yield from list(thing.flat)[:50]
    elif isinstance(thing, types.SimpleNamespace):
        yield from list(vars(thing).values())[:50]
    elif isinstance(thing, dict):
        yield from list(thing.values())[:50]
    elif module == "functools" and hasattr(thing, "func"):
        yield from (thing.func, *thing.args)
    elif module == "__main__":
        yield type(thing)
        yield from list(getattr(thing, "__dict__", {}).values())[:50]


def _code_uses(code: types.CodeType, space: dict[str, Any], found: set[str]) -> Iterator[Any]:
    for name in code.co_names:
        if name.startswith((f"{LIBRARY}.nn", f"{LIBRARY}.exercises")):
            found.add(name.removeprefix(f"{LIBRARY}."))
    current: Any = None  # a module of this library, just loaded
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            current = space.get(step.argval)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(current, types.ModuleType):
            current = getattr(current, step.argval, None)
        else:
            continue
        if isinstance(current, types.ModuleType):
            if not current.__name__.startswith(LIBRARY):
                current = None
        elif current is not None:
            yield current
            current = None
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _code_uses(constant, space, found)
        elif isinstance(constant, str) and f"{LIBRARY}." in constant:
            found.add(constant[constant.index(f"{LIBRARY}.") + len(LIBRARY) + 1 :][:40])
