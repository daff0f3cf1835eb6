"""How much wrong code the checks let pass, measured with mistakes that nobody chose.

Every right answer that is written as Python code is changed in one place in all the ways that the
rules below know: an operator exchanged, an operand or a statement dropped, an axis or a constant
changed, a transpose forgotten, and so on. Each such mutant is checked as a student's answer. A
mutant that passes is either as right as the original (a copy left out, a limit moved where no case
can tell) or shows a gap in a check; those that pass are listed, to be read by a person.

    python benchmarks/mutants.py [chapter ...]
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["BACKPROP_PROGRESS"] = "off"

import argparse
import ast
import copy
import dataclasses
import inspect
import sys
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from exercises_lib import exercises
from exercises_lib.checking import Exercise, check, missing_modules

SWAPS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,),
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Gt: (ast.Lt, ast.GtE),
    ast.GtE: (ast.Lt, ast.Gt),
    ast.Lt: (ast.Gt, ast.LtE),
    ast.LtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}


def variants(node: ast.AST) -> Iterator[ast.AST | None]:
    """Give the ways in which one node can be changed; None drops a statement."""
    if isinstance(node, ast.BinOp):
        for other in SWAPS.get(type(node.op), ()):
            yield ast.BinOp(node.left, other(), node.right)
        yield node.left
        yield node.right
        if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult):
            yield ast.BinOp(node.right, node.op, node.left)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for relation in COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [relation()], node.comparators)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield ast.Constant(not node.value)
        elif isinstance(node.value, int):
            yield ast.Constant(node.value + 1)
            yield ast.Constant(node.value - 1)
        elif isinstance(node.value, float) and node.value:
            yield ast.Constant(node.value * 2)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, ast.Call):
        for index in range(len(node.keywords)):
            rest = node.keywords[:index] + node.keywords[index + 1 :]
            yield ast.Call(node.func, node.args, rest)
        if len(node.args) == 1:
            yield node.args[0]
        if not node.args and isinstance(node.func, ast.Attribute):
            yield node.func.value
    elif isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value)
        for other in SWAPS.get(type(node.op), ()):
            yield ast.AugAssign(node.target, other(), node.value)
        yield None
    elif isinstance(node, ast.Assign | ast.Expr):
        yield None
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) == 2:
        yield ast.Tuple(node.elts[::-1], ast.Load())
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse


def mutants(tree: ast.Module) -> Iterator[tuple[ast.Module, str]]:
    """Give every mutant of a piece of code, with the line that was changed and what it became."""
    nodes = [node for node in ast.walk(tree) if not _is_text(node)]
    for index, node in enumerate(nodes):
        for number, _ in enumerate(variants(node)):
            other = copy.deepcopy(tree)
            twin = [n for n in ast.walk(other) if not _is_text(n)][index]
            changed = list(variants(twin))[number]
            if _replace(other, twin, changed):
                ast.fix_missing_locations(other)
                after = "(dropped)" if changed is None else ast.unparse(changed)
                yield other, f"{ast.unparse(node)}  →  {after}"


def _is_text(node: ast.AST) -> bool:
    return (isinstance(node, ast.Expr) and _is_text(node.value)) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST | None) -> bool:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old and new is not None:
                setattr(parent, field, new)
                return True
            if isinstance(value, list) and any(item is old for item in value):
                at = next(i for i, item in enumerate(value) if item is old)
                value[at] = ast.Pass() if new is None else new
                return True
    return False


def sources(exercise: Exercise) -> Iterator[tuple[ast.Module, str, dict[str, Any]]]:
    """Give the right answers of an exercise that are functions or classes of their own.

    Answers that are part of the library are left out: they can do more than was asked, and what was
    not asked is not checked.
    """
    for answer in (exercise.reference, *exercise.accepted):
        name = getattr(answer, "__name__", "<lambda>")
        if not callable(answer) or name == "<lambda>" or getattr(answer, "__closure__", None):
            continue
        if not str(getattr(answer, "__module__", "")).startswith("exercises_lib.exercises."):
            continue
        try:
            text = textwrap.dedent(inspect.getsource(answer))
            tree = ast.parse(text)
        except (OSError, TypeError, SyntaxError):
            continue
        body = tree.body[0]
        if isinstance(body, ast.FunctionDef | ast.ClassDef) and body.name == name:
            body.decorator_list = []
            yield tree, name, vars(sys.modules[answer.__module__])


def verdict_of(exercise: Exercise, answer: Any) -> tuple[str, str | None]:
    """Check a mutant on two seeds; it passes only if it passes on both."""
    for seed in (0, 1):
        verdict = check(exercise, answer, np.random.default_rng(seed))
        if verdict.status != "passed":
            return verdict.status, verdict.mistake
    return "passed", None


def main() -> None:
    """Mutate, check, count and list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapter", nargs="*", help="two digits; all if there is none")
    numbers = parser.parse_args().chapter or list(exercises.CHAPTERS)
    if not set(numbers) <= set(exercises.CHAPTERS):
        parser.error(f"the chapters are {', '.join(exercises.CHAPTERS)}")
    warnings.simplefilter("ignore")  # those of the mutants
    made = rejected = named = 0
    for number in numbers:
        for exercise in exercises.chapter_exercises(number):
            if exercise.kind == "target" or missing_modules(exercise):
                continue
            quick = dataclasses.replace(exercise, seconds=1.0)
            for tree, name, home in sources(exercise):
                for mutant, what in mutants(tree):
                    space = dict(home)
                    try:
                        exec(compile(mutant, "<mutant>", "exec"), space)
                    except Exception:
                        continue
                    status, mistake = verdict_of(quick, space[name])
                    made += 1
                    rejected += status != "passed"
                    named += mistake is not None
                    if status == "passed":
                        print(f"{exercise.id} {name}: {what}")
    print(f"{made} mutants, {rejected} rejected, {named} of them named; {made - rejected} passed")


if __name__ == "__main__":
    main()
