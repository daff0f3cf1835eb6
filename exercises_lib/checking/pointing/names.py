"""What a function's names are when it runs: watched once, on the most telling case."""

from __future__ import annotations

import ast
import builtins
import contextlib
import re
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from exercises_lib.checking.pointing.source import CANDIDATE, Source
from exercises_lib.checking.pointing.tree import Scope, functions, is_own_attribute

Kind = tuple[str, int]
PLAIN = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Raise, ast.Delete, ast.Assert)
MOST_LINES = 4000
"""How many lines are watched; in a long loop it is not worth while to know all of them."""
WANTED = re.compile(r"(?:name|attribute|key|KeyError:?|has no attribute|no entry) '?(\w+)'?")


class Names:
    """What the names of an answer were when it ran.

    Args:
        source: the answer's code.
        run: runs an answer once.
        said: the texts of the exceptions that it raised.
    """

    def __init__(self, source: Source, run: Callable[[Any], object], said: str) -> None:
        self._source = source
        self.seen: dict[tuple[str, int], dict[str, Any]] = {}
        self._lines: set[int] = set()
        self._left = MOST_LINES
        self._watch(run)
        self._wanted = [word for word in dict.fromkeys(WANTED.findall(said)) if word.isidentifier()]
        methods = {getattr(f, "name", "") for piece in source.pieces for f in functions(piece.tree)}
        self._attributes = list(
            dict.fromkeys(
                ast.unparse(node)
                for piece in source.pieces
                for node in ast.walk(piece.tree)
                if is_own_attribute(node) and node.attr not in methods  # type: ignore[attr-defined]
            )
        )

    def _watch(self, run: Callable[[Any], object]) -> None:
        def watch(frame: types.FrameType, event: str, _: Any) -> Any:
            if frame.f_code.co_filename != CANDIDATE:
                return None
            if event == "line":
                self._lines.add(frame.f_lineno)
                self._left -= 1
            frame.f_trace_lines = self._left > 0
            if event in ("return", "exception"):
                key = (frame.f_code.co_name, frame.f_code.co_firstlineno)
                here = self.seen.setdefault(key, {})
                for name, value in frame.f_locals.items():
                    here[name] = value
                    if name == "self":
                        with contextlib.suppress(Exception):
                            here.update({f"self.{k}": held for k, held in vars(value).items()})
            return watch

        answer = self._source.build()
        before = sys.gettrace()
        sys.settrace(watch)
        try:
            run(answer)
        finally:
            sys.settrace(before)

        self._cold = self._never_reached()

    def _never_reached(self) -> set[int]:
        """The lines of plain statements that did not run, as far as that is known."""
        cold: set[int] = set()
        if self._left <= 0 or len({piece.file for piece in self._source.pieces}) > 1:
            return cold
        for piece in self._source.pieces:
            for node in ast.walk(piece.tree):
                if isinstance(node, PLAIN):
                    lines = set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
                    if not lines & self._lines:
                        cold |= lines
        return cold

    def skipped(self, line: int) -> bool:
        """Tell whether a line did not run in the most telling case: nothing in it matters there."""
        return line in self._cold

    def scope(self, function: Any, space: dict[str, Any]) -> Scope:
        """Return what is known about the names that one function can use."""
        names = _spelled(function, space, self._source.pieces[0].name)
        here = self.seen.get((getattr(function, "name", "<lambda>"), function.lineno), {})
        every: dict[str, Any] = {}
        for one in self.seen.values():
            every.update({k: v for k, v in one.items() if k.startswith("self")})
        every.update(here)
        if "self" in names:
            names = [name for name in names if name != "self"] + self._attributes
            names += [name for name in every if name.startswith("self.")]
        items = (  # gradients[node]
            ast.unparse(node)
            for node in ast.walk(function)
            if isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name | ast.Attribute)
            and isinstance(node.slice, ast.Name)
        )
        names += list(dict.fromkeys(items))[:6]
        kinds = {name: _kind(value) for name, value in every.items()}
        for name in names:
            if name not in kinds and name in space and not name.startswith("self."):
                kinds[name] = _kind(space[name])
        usable = [n for n in dict.fromkeys(names) if kinds.get(n, ("?", 0))[0] != "method"]
        known = frozenset(space) | frozenset(dir(builtins))
        sizes = _sizes(usable, every)[:6]
        return Scope(usable[:24], kinds, sizes, self._wanted, known, _attributes(function))


def _spelled(function: Any, space: dict[str, Any], own: str) -> list[str]:
    """The names that stand in a function, its arguments first."""
    arguments = function.args
    names = [a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]]
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            value = space.get(node.id)
            if isinstance(value, int | float | np.ndarray) and not isinstance(value, bool):
                names.append(node.id)  # a number or an array that stands outside
    return [name for name in names if name != own]


def _attributes(function: Any) -> list[str]:
    """What is asked of other objects than ``self`` and the modules, and is not called."""
    called = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return list(
        dict.fromkeys(
            node.attr
            for node in ast.walk(function)
            if isinstance(node, ast.Attribute)
            and node not in called
            and node.attr not in ("T", "shape", "size", "ndim", "dtype")
            and ast.unparse(node.value) != "np"
        )
    )


def _kind(value: Any) -> Kind:
    if isinstance(value, np.ndarray):
        return ("array", value.ndim) if value.ndim else ("number", 0)
    if isinstance(value, bool):
        return ("bool", 0)
    if isinstance(value, int | float | np.generic):
        return ("number", 0)
    if isinstance(value, types.ModuleType):
        return ("module", 0)
    if isinstance(value, types.MethodType):
        return ("method", 0)
    return (type(value).__name__, 0)


def _sizes(names: list[str], values: dict[str, Any]) -> list[str]:
    """Expressions for the sizes of arrays, one for each different size."""
    sizes: dict[int, str] = {}
    for name in names:
        value = values.get(name)
        if isinstance(value, np.ndarray) and value.ndim:
            for axis, size in enumerate(value.shape[:2]):
                sizes.setdefault(size, f"{name}.shape[{axis}]" if axis else f"len({name})")
            if value.ndim > 1:
                sizes.setdefault(value.size, f"{name}.size")
        elif isinstance(value, list | tuple | dict):
            sizes.setdefault(len(value), f"len({name})")
    return list(sizes.values())
