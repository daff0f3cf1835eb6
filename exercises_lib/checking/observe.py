"""Observing an answer: run it on a case and write down, as plain data, what it did.

This is the only part of checking that runs where the student's code runs. It knows no right answer
and compares nothing but the answer with itself: are the inputs as they were, does a second call
give the same?
"""

from __future__ import annotations

import _thread
import contextlib
import io
import linecache
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np

from exercises_lib.checking.operands import operands_of
from exercises_lib.checking.serialize import Opaque, copy_plain, same, serialize

OUR_FOLDER = str(Path(__file__).resolve().parents[1])
PRINT_LIMIT = 2_000
"""Characters of an answer's printing that are kept."""


class MisfitError(Exception):
    """Raised by a probe: the answer does not have the form that was asked for; says how."""


class UnansweredError(Exception):
    """Raised by a probe: the answer, or the named parts of it, has not been given yet."""


class TimeUpError(BaseException):
    """Raised into a student's code when its time is up; no Exception, so it is rarely caught."""


Oracle = Callable[..., Any]
"""By which a probe asks the judge something while an answer runs; see `Exercise.oracle`."""


def oracle_result(reply: Mapping[str, Any]) -> Any:
    """Take what the judge replied to a probe.

    Raises:
        ValueError: if it had no answer.
    """
    if "error" in reply:
        raise ValueError(reply["error"])
    return reply["result"]


@dataclass(frozen=True)
class Probe:
    """How a candidate is observed: a function of `exercises_lib.probes` and its parameters.

    Args:
        function: takes ``(answer, inputs, **params)`` and yields ``(name, value)`` pairs, and
            before each call of the student's code a string that says which call comes next. A name
            that is yielded twice must have the same value both times. Where the exercise can
            ask an `oracle`, it takes ``oracle`` too.
        params: plain data.
    """

    function: Callable[..., Iterator[str | tuple[str, Any]]]
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Module and function below `exercises_lib.probes`, for example ``"ch03.shop"``."""
        module = self.function.__module__.removeprefix("exercises_lib.probes").removeprefix(".")
        return f"{module}.{self.function.__name__}".removeprefix(".")


@dataclass
class Failure:
    """What went wrong when the answer ran.

    Args:
        kind: ``"raised"``, ``"timeout"``, ``"misfit"`` or ``"unanswered"``.
        type: the exception's class name.
        message: its text.
        during: the call that was under way, for example ``"backward(dout)"``.
        traceback: the student's own frames, as text; empty if there are none.
        operands: where it was raised and what stood there; see `crashes.operands_of`.
    """

    kind: str
    type: str
    message: str
    during: str = ""
    traceback: str = ""
    operands: str = ""


@dataclass
class Observation:
    """What one answer did on one case.

    Args:
        values: what each output was, by name, in the order in which they came.
        unstable: outputs that differed when they were computed a second time.
        changed: inputs that the answer changed in place.
        failure: what stopped it, or None.
        printed: the beginning of what it printed.
        seconds: how long the first run took.
    """

    values: dict[str, Any] = field(default_factory=dict)
    unstable: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    failure: Failure | None = None
    printed: str = ""
    seconds: float = 0.0


@dataclass
class Run:
    """One run of an answer on one case: what happened, with nothing concluded from it.

    Args:
        steps: every output that the probe gave, by name, in the order in which they came.
        after: the inputs as the answer left them.
        held: inputs that the answer is to fill: what lies in the arrays that it was given.
        failure: what stopped it, or None.
        printed: the beginning of what it printed.
        seconds: how long it took.
    """

    steps: list[tuple[str, Any]] = field(default_factory=list)
    after: dict[str, Any] = field(default_factory=dict)
    held: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    printed: str = ""
    seconds: float = 0.0


def observe(
    probe: Probe,
    answer: Any,
    inputs: Mapping[str, Any],
    *,
    seconds: float = 5.0,
    repeat: bool = True,
    oracle: Oracle | None = None,
    of_processor: bool = False,
) -> Observation:
    """Run an answer on one case and write down what it did.

    Args:
        probe: how to run it.
        answer: the candidate.
        inputs: plain data; the answer gets copies.
        seconds: time after which it is interrupted.
        repeat: run it a second time, from fresh copies, and compare.
        oracle: by which the probe asks the judge, where the exercise needs it.
        of_processor: limit the time in which the answer computes; see `run_probe`.

    Returns:
        The observation. Never raises for what the answer does.
    """
    copies = [copy_plain(dict(inputs)) for _ in range(2 if repeat else 1)]
    runs = run_probe(
        probe,
        answer,
        copies,
        seconds=seconds,
        oracle=oracle,
        of_processor=of_processor,
    )
    return conclude(inputs, runs)


def run_probe(
    probe: Probe,
    answer: Any,
    copies: Sequence[dict[str, Any]],
    *,
    seconds: float = 5.0,
    oracle: Oracle | None = None,
    of_processor: bool = False,
    held: Collection[str] = (),
) -> list[Run]:
    """Run an answer on one case, once or twice, and record what happened.

    This half of `observe` is what runs in a student's kernel; `conclude` can be left to a process
    that the student's code cannot reach.

    Args:
        probe: how to run it.
        answer: the candidate.
        copies: the case's inputs, once for each run; the answer gets these very objects. There is
            no second run where the first one fails.
        seconds: time after which it is interrupted.
        oracle: by which the probe asks the judge, where the exercise needs it.
        of_processor: limit the time in which the answer computes, and not that on the clock: what
            others do on the machine then costs it nothing. Who waits has to be stopped otherwise.
        held: inputs of which the arrays themselves are looked at afterwards, wherever the answer
            has put others in their places.

    Returns:
        One run or two. Never raises for what the answer does.
    """
    if answer is None or answer is ...:
        return [Run(after=dict(copies[0]), failure=Failure("unanswered", "", ""))]
    runs: list[Run] = []
    with time_limit(seconds, of_processor=of_processor):
        for given in copies:
            if runs and runs[-1].failure is not None:
                break
            arrays = {key: _same_arrays(given[key]) for key in held if key in given}
            _run_once(probe, answer, given, runs, oracle)
            runs[-1].held = {key: serialize(value) for key, value in arrays.items()}
    return runs


def _same_arrays(value: Any) -> Any:
    """Return containers of their own around the very same arrays."""
    if isinstance(value, dict):
        return {key: _same_arrays(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_same_arrays(item) for item in value]
    return value


def _run_once(
    probe: Probe, answer: Any, given: dict[str, Any], runs: list[Run], oracle: Oracle | None
) -> None:
    # Until it has come to an end: whatever interrupts it finds this record in the list.
    now = Run(after=dict(given), failure=Failure("timeout", "TimeUp", ""))
    runs.append(now)
    printed = _Bounded()
    started = time.perf_counter()
    depth = sys.getrecursionlimit()
    with contextlib.redirect_stdout(printed), np.errstate(all="ignore"):
        now.failure = _collect(probe, answer, given, now.steps, oracle)
    # Where an answer has raised it, reading hostile data later on could end the process.
    sys.setrecursionlimit(depth)
    now.seconds = time.perf_counter() - started
    now.after = {key: serialize(value) for key, value in given.items()}
    now.printed = printed.getvalue()


def conclude(
    inputs: Mapping[str, Any],
    runs: Sequence[Run],
    fills: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Observation:
    """Conclude from the runs of one case what the answer did, and whether it did it twice.

    Args:
        inputs: the case's inputs, as they were given.
        runs: what `run_probe` returned.
        fills: see `Exercise.fills`.
    """
    first = runs[0]
    values, differing = _merge(first)
    seen = Observation(
        values, differing, failure=first.failure, printed=first.printed, seconds=first.seconds
    )
    seen.changed = [
        key
        for key, value in inputs.items()
        if key not in first.after or not same(first.after[key], value)
    ]
    for second in runs[1:2]:
        again, differing = _merge(second)
        seen.unstable += differing
        if second.failure is not None:
            during = second.failure.during
            during = f"{during}, the second time" if during else "a second run"
            seen.failure = replace(second.failure, during=during)
        seen.unstable += [
            name
            for name, value in values.items()
            if name not in again or not same(value, again[name], rtol=1e-9, atol=1e-12)
        ]
    seen.unstable = list(dict.fromkeys(seen.unstable))
    if first.failure is None:
        for name, keys in fills.items():
            found = {key: first.held.get(key) for key in keys}
            seen.values[name] = found if len(found) > 1 else found.popitem()[1]
    return seen


def _merge(run: Run) -> tuple[dict[str, Any], list[str]]:
    """Return the first value of each output, and the names of those that differed later on."""
    values: dict[str, Any] = {}
    differing: list[str] = []
    for name, value in run.steps:
        if name not in values:
            values[name] = value
        elif not same(values[name], value, rtol=1e-9, atol=1e-12):
            differing.append(name)
    return values, differing


def _collect(
    probe: Probe,
    answer: Any,
    inputs: dict[str, Any],
    steps: list[tuple[str, Any]],
    oracle: Oracle | None,
) -> Failure | None:
    during = ""
    more = {} if oracle is None else {"oracle": oracle}
    try:
        for item in probe.function(answer, inputs, **probe.params, **more):
            if isinstance(item, str):
                during = item
                continue
            steps.append((item[0], serialize(item[1])))
    except UnansweredError as gap:
        return Failure("unanswered", "UnansweredError", str(gap), during)
    except MisfitError as misfit:
        return Failure("misfit", "MisfitError", str(misfit), during)
    except TimeUpError:
        return Failure("timeout", "TimeUp", "", during)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if isinstance(error, NotImplementedError) and not _text(error):
            # The placeholder's own. One with a message says what PyTorch, for example, cannot do.
            return Failure("unanswered", "NotImplementedError", "", during)
        return Failure(
            "raised",
            type(error).__name__,
            _text(error),
            during,
            student_traceback(error),
            operands_of(error),
        )
    return None


def _text(error: BaseException) -> str:
    try:
        return str(error)[:1000]
    except Exception:  # an exception whose __str__ raises is still only the student's exception
        return "(its message cannot be shown)"


def student_traceback(error: BaseException) -> str:
    """Format the frames of an exception that are the student's own.

    Args:
        error: an exception that was raised while an answer ran.

    Returns:
        Lines as in a Python traceback, without frames of this library or of installed packages and
        without paths, so that it reads the same on every machine; empty if no frame is left.
    """
    lines: list[str] = []
    tb: TracebackType | None = error.__traceback__
    for frame, number in traceback.walk_tb(tb):
        name = frame.f_code.co_filename
        if name.startswith(OUR_FOLDER) or "site-packages" in name or "dist-packages" in name:
            continue
        source = linecache.getline(name, number, frame.f_globals).strip()
        lines.append(f"  line {number}, in {frame.f_code.co_name}")
        if source:
            lines.append(f"    {source}")
    if len(lines) > 16:
        lines = [*lines[:8], "  …", *lines[-6:]]
    return "\n".join(lines)


class _Bounded(io.StringIO):
    """A text stream that keeps the beginning of what is written and drops the rest."""

    def write(self, text: str) -> int:
        room = PRINT_LIMIT - self.tell()
        if room > 0:
            super().write(str(text)[:room])
        return len(text)


@contextlib.contextmanager
def time_limit(seconds: float, *, of_processor: bool = False) -> Iterator[None]:
    """Interrupt the enclosed code when it takes longer than `seconds`, on the clock or computing.

    In the main thread of a POSIX system by an alarm that repeats, so that code which swallows one
    interruption meets the next; elsewhere by the interpreter's own keyboard interrupt.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        with _interrupting(seconds):
            yield
        return

    begun = False

    def ring(*_: Any) -> None:
        # On a busy machine it may ring before the code has begun; then the next one counts.
        if begun:
            raise TimeUpError

    timer, alarm = signal.ITIMER_REAL, signal.SIGALRM
    if of_processor:
        timer, alarm = signal.ITIMER_PROF, signal.SIGPROF
    before = signal.signal(alarm, ring)
    try:
        signal.setitimer(timer, seconds, min(seconds, 0.5))
        try:
            begun = True
            yield
        finally:
            signal.setitimer(timer, 0)
    except TimeUpError:  # it rang between the end of the answer and the end of the limit
        pass
    finally:
        signal.setitimer(timer, 0)
        signal.signal(alarm, before)


@contextlib.contextmanager
def _interrupting(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    timer = threading.Timer(seconds, _thread.interrupt_main)
    timer.daemon = True
    timer.start()
    try:
        yield
    except KeyboardInterrupt:
        if timer.is_alive():
            raise
    finally:
        timer.cancel()


__all__ = [
    "Failure",
    "MisfitError",
    "Observation",
    "Opaque",
    "Oracle",
    "Probe",
    "TimeUpError",
    "UnansweredError",
    "observe",
    "time_limit",
]
