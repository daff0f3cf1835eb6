"""What of the course's library a kernel that grades a chapter may have, and from when on.

The library holds the answers of the course. A kernel starts without it, and is lent here what the
chapters before have asked for already; what its own chapter asks for follows when the exercises
that it would answer have been judged for good. Until then it is nowhere in the kernel: not in its
memory, not in a file that it can read.

What is lent is cut out of the files of `exercises_lib.nn` name by name and sent as compiled code,
by the grader's process. `lent` is the other half, in the kernel.
"""

from __future__ import annotations
import __future__

import ast
import marshal
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import exercises_lib
from exercises_lib import exercises

PACKAGE = Path(exercises_lib.__file__).parent
NN, PROBES = "exercises_lib.nn", "exercises_lib.probes"


@dataclass(frozen=True)
class Loan:
    """When a kernel may have one name of the library.

    Args:
        free: the first chapter that has it from the start: everything it answers comes before.
        after: exercises that it answers, as it is or with a few words around it. In their chapters
            a kernel gets it when those of them that belong to the chapter have been judged. In a
            chapter before `free` that is not named here, it is not there at all.
        also: chapters before `free` that have it from the start all the same, as they ask for
            nothing that it answers.
    """

    free: str
    after: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    def lent(self, chapter: str, judged: Set[str]) -> bool:
        """Tell whether a kernel may have it."""
        mine = {one for one in self.after if one in _asked(chapter)}
        return chapter >= self.free or chapter in self.also or (bool(mine) and mine <= judged)


@cache
def _asked(chapter: str) -> frozenset[str]:
    """Return the exercises of a chapter."""
    return frozenset(exercise.id for exercise in exercises.chapter_exercises(chapter))


_SLOPES = ("ch03.MulLayer", "ch03.AddLayer", "ch03.Relu", "ch03.Sigmoid", "ch03.Tanh")
"""Exercises of chapter 03 that measuring slopes answers."""

_AFFINE = tuple(
    f"ch04.{name}"
    for name in (
        *("matmul_backward", "affine_one_sample", "bias_gradient", "Affine", "affine_fix"),
        *("columns_forward", "columns_backward"),
    )
)
"""Exercises of chapter 04 that an affine layer answers."""

_NORMS = ("ch09.batch_norm_graph", "ch09.batch_norm_short", "ch09.BatchNorm", "ch09.LayerNorm")
"""Exercises of chapter 09 about a layer that normalises; one of them nearly answers the others."""
_OWN_TRAINING = ("ch06.overfit_ten", "ch06.reach_digits")
"""Exercises that a network of the student's own has to answer, trained by their own loop."""
_SWEEP = ("ch10.sweep",)
_SCALARS = ("ch10.operations", *_SWEEP)
_ARRAYS = tuple(
    f"ch10.{name}" for name in ("broadcasting", "reductions", "indexing", "saved_values", "no_grad")
)
"""Exercises of chapter 10 about the engine of arrays."""

LOANS: Mapping[str, Loan] = {
    "MulLayer": Loan("04", ("ch03.MulLayer",)),
    "AddLayer": Loan("04", ("ch03.AddLayer",)),
    "sigmoid": Loan("04", ("ch03.Sigmoid",), also=("02",)),
    "Relu": Loan("04", ("ch03.Relu", "ch03.relu_fix")),
    "Sigmoid": Loan("04", ("ch03.Sigmoid",)),
    "Tanh": Loan("04", ("ch03.Tanh",)),
    "Sequential": Loan("04", ("ch03.Sequential", "ch03.reverse_fix")),
    "Affine": Loan("05", _AFFINE),
    "matmul_backward": Loan("05", _AFFINE),
    "unbroadcast": Loan("05", ("ch04.unbroadcast", *_AFFINE)),
    "softmax": Loan("06", ("ch05.softmax",)),
    "cross_entropy": Loan("06", ("ch05.cross_entropy",)),
    "SoftmaxWithLoss": Loan(
        "06", ("ch05.SoftmaxWithLoss", "ch05.softmax_backward", "ch05.batch_fix")
    ),
    "binary_cross_entropy": Loan("06", ("ch05.binary_cross_entropy",)),
    "SigmoidWithLoss": Loan("06", ("ch05.SigmoidWithLoss",)),
    "mean_squared_error": Loan("06", ("ch05.mean_squared_error",)),
    "numerical_gradient": Loan(
        "07", (*_SLOPES, "ch03.relu_fix", "ch06.numerical_gradient", "ch06.TwoLayerNet")
    ),
    "relative_error": Loan("07", ("ch06.relative_error",), also=("03", "04", "05")),
    "check_layer": Loan("07", ("ch03.check_layer", "ch06.numerical_gradient")),
    "gradient_check": Loan("07", ("ch06.gradient_check",)),
    "fast_gradient_check": Loan("07", ("ch06.gradient_check",)),
    "TwoLayerNet": Loan("07", ("ch06.TwoLayerNet", "ch06.network_fix", *_OWN_TRAINING)),
    "accuracy": Loan("07", ("ch06.TwoLayerNet",)),
    "minibatches": Loan("07", ("ch06.minibatches", *_OWN_TRAINING)),
    "train": Loan("07", ("ch06.train", *_OWN_TRAINING)),
    "SGD": Loan("07", ("ch06.sgd_step", *_OWN_TRAINING)),
    "columns.init_params": Loan("08", ("ch07.init_params",)),
    "columns.one_layer_forward": Loan("08", ("ch07.one_layer_forward",)),
    "columns.forward_pass": Loan("08", ("ch07.forward_pass",)),
    "columns.loss_and_accuracy": Loan("08", ("ch07.train_epoch",)),
    "columns.one_layer_backward": Loan("08", ("ch07.backward_pass",)),
    "columns.backward_pass": Loan("08", ("ch07.backward_pass",)),
    "columns.update": Loan("08", ("ch07.train_epoch",)),
    "columns.split": Loan("08", ("ch07.split",)),
    "Momentum": Loan("10", ("ch09.Momentum",)),
    "AdaGrad": Loan("10", ("ch09.AdaGrad",)),
    "RMSProp": Loan("10", ("ch09.RMSProp",)),
    "Adam": Loan("10", ("ch09.Adam", "ch09.adam_fix")),
    "clip": Loan("10", ("ch09.clip",)),
    "xavier": Loan("10", ("ch09.start",)),
    "he": Loan("10", ("ch09.start",)),
    "weight_decay": Loan("10", ("ch09.weight_decay",)),
    "Dropout": Loan("10", ("ch09.Dropout",)),
    "BatchNorm": Loan("10", ("ch09.batch_norm_graph", "ch09.batch_norm_short", "ch09.BatchNorm")),
    "LayerNorm": Loan("10", ("ch09.LayerNorm",)),
    "DeepNet": Loan("10", ("ch09.start", "ch09.DeepNet", "ch09.reach_deep")),
    "Value": Loan("11", _SCALARS),
    "maximum": Loan("11", _SCALARS),
    "topological_order": Loan("11", _SWEEP),
    "parents_first": Loan("11", _SWEEP),
    "Tensor": Loan("11", _ARRAYS),
    "log_softmax": Loan("11", _ARRAYS),
    "tensor_cross_entropy": Loan("11", _ARRAYS),
    "tensor_batch_norm": Loan("11", _ARRAYS),
    "where": Loan("11", _ARRAYS),
    "no_grad": Loan("11", _ARRAYS),
}
"""Every name of `exercises_lib.nn`. One that is missing here is never lent."""


def lent_names(chapter: str, judged: Iterable[str]) -> frozenset[str]:
    """Return what of `LOANS` a kernel may have, each with the file of `nn` that defines it.

    What is made of something that it may not have, it may not have either.

    Args:
        chapter: what it grades.
        judged: exercises of the chapter that have been judged for good.
    """
    done = set(judged)
    loans = {place: LOANS[name] for name, place in _places().items() if name in LOANS}
    return frozenset(
        place
        for place in loans
        if all(loans[part].lent(chapter, done) for part in _parts(place) if part in loans)
    )


@dataclass
class Lender:
    """Gives one kernel of the library what it may have, as its grading goes on.

    Args:
        chapter: what it grades.
        probes: the modules with the chapter's probes, such as ``"ch06"``.
        judged: exercises that have been judged for good.
    """

    chapter: str
    probes: tuple[str, ...] = ()
    judged: set[str] = field(default_factory=set)
    _sent: set[str] = field(default_factory=set)

    def opening(self) -> dict[str, Any]:
        """Return what a fresh kernel is sent before anything runs in it."""
        self._sent = set()
        parcel = self._parcel()
        parcel["names"] = _public_names()
        parcel["code"] += [_whole(module) for module in self.probes]
        return parcel

    def judge(self, exercise_id: str) -> dict[str, Any] | None:
        """Write down that an exercise has been judged; return what the kernel gets for it."""
        self.judged.add(exercise_id)
        parcel = self._parcel()
        return parcel if parcel["code"] else None

    def _parcel(self) -> dict[str, Any]:
        wanted = {part for name in lent_names(self.chapter, self.judged) for part in _parts(name)}
        new = frozenset(wanted - self._sent)
        self._sent |= new
        return {"code": list(_pieces(new))}


# --- cutting names out of files -----------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    """One file of `nn`: what it defines, and what its imports call."""

    defined: Mapping[str, ast.stmt]
    own_imports: Mapping[str, str]
    """Name → the name of `nn` that it stands for."""
    imports: Mapping[str, ast.stmt]
    """Name → the import that makes it, of what is not ours."""


@cache
def _file(module: str) -> _File:
    tree = ast.parse((PACKAGE / "nn" / f"{module}.py").read_text(encoding="utf-8"))
    defined: dict[str, ast.stmt] = {}
    own: dict[str, str] = {}
    imports: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            defined[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            defined[node.targets[0].id] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            defined[node.target.id] = node
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{NN}."):
            where = str(node.module).removeprefix(f"{NN}.")
            own |= {one.asname or one.name: f"{where}.{one.name}" for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            for one in node.names:
                imports[one.asname or one.name] = ast.ImportFrom(node.module, [one], node.level)
        elif isinstance(node, ast.Import):
            imports |= {(one.asname or one.name): ast.Import([one]) for one in node.names}
    return _File(defined, own, imports)


def _used(node: ast.AST) -> Iterator[str]:
    """Yield the names that running a definition needs: all but those of its annotations."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.Name):
                yield child.id
            elif isinstance(child, ast.AST):
                yield from _used(child)


@cache
def _places() -> dict[str, str]:
    """Return where each public name is defined: ``"Relu"`` in ``"activations.Relu"``."""
    found = {}
    for module in _order():
        for name in _file(module).defined:
            if not name.startswith("_"):
                found[f"columns.{name}" if module == "columns" else name] = f"{module}.{name}"
    return found


@cache
def _parts(name: str) -> frozenset[str]:
    """Return a name and all definitions of `nn` that it is made of."""
    found: set[str] = set()
    todo = [name]
    while todo:
        one = todo.pop()
        if one in found:
            continue
        found.add(one)
        module, _, what = one.partition(".")
        file = _file(module)
        for used in _used(file.defined[what]):
            if used in file.defined:
                todo.append(f"{module}.{used}")
            elif used in file.own_imports:
                todo.append(file.own_imports[used])
    return frozenset(found)


@cache
def _order() -> tuple[str, ...]:
    """Return the files of `nn`, each behind those that it imports from."""
    done: list[str] = []

    def visit(module: str) -> None:
        if module in done:
            return
        for name in _file(module).own_imports.values():
            visit(name.partition(".")[0])
        done.append(module)

    for path in sorted((PACKAGE / "nn").glob("[a-z]*.py")):
        visit(path.stem)
    return tuple(done)


@cache
def _pieces(names: frozenset[str]) -> tuple[dict[str, Any], ...]:
    """Compile some definitions, file by file."""
    found = []
    for module in _order():
        mine = [name.partition(".")[2] for name in names if name.startswith(f"{module}.")]
        if not mine:
            continue
        file = _file(module)
        nodes = [node for name, node in file.defined.items() if name in mine]
        used = {name for node in nodes for name in _used(node)}
        body: list[ast.stmt] = [node for name, node in file.imports.items() if name in used]
        for name in sorted(used & file.own_imports.keys()):
            where, _, what = file.own_imports[name].partition(".")
            alias = ast.alias(what, None if what == name else name)
            body.append(ast.ImportFrom(f"{NN}.{where}", [alias], 0))
        tree = ast.fix_missing_locations(ast.Module([*body, *nodes], []))
        found.append(_compiled(f"{NN}.{module}", tree, PACKAGE / "nn" / f"{module}.py"))
    return tuple(found)


@cache
def _whole(module: str) -> dict[str, Any]:
    path = PACKAGE / "probes" / f"{module}.py"
    return _compiled(f"{PROBES}.{module}", ast.parse(path.read_text(encoding="utf-8")), path)


def _compiled(name: str, tree: ast.Module, path: Path) -> dict[str, Any]:
    annotations = __future__.annotations.compiler_flag
    code = compile(tree, str(path), "exec", flags=annotations, dont_inherit=True)
    return {"module": name, "data": np.frombuffer(marshal.dumps(code), np.uint8)}


@cache
def _public_names() -> dict[str, list[str]]:
    """Say which names there are: in the package as a whole, and in each of its files."""
    found: dict[str, list[str]] = {NN: []}
    for module in _order():
        places = [place for name, place in _places().items() if name in LOANS]
        mine = [place for place in places if place.startswith(f"{module}.")]
        found[f"{NN}.{module}"] = [place.partition(".")[2] for place in mine]
    tree = ast.parse((PACKAGE / "nn" / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{NN}."):
            found[NN] += [one.name for one in node.names]
    return found


__all__ = ["LOANS", "Lender", "Loan", "lent_names"]
