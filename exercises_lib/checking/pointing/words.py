"""What a student is told of a repair: where to look and at what, never what to put there."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from exercises_lib.checking.place import Place
from exercises_lib.checking.pointing.found import Change, Found, Repair
from exercises_lib.checking.pointing.source import Source
from exercises_lib.checking.pointing.tree import is_own_attribute
from exercises_lib.checking.wording import listed

LOOK = {
    "sign": "look at the sign of {code}",
    "operator": "look at what {code} does with its two sides",
    "operands": "look at the order of the two sides of {code}",
    "matrix product": "look at {code}: which factor stands left, and which is transposed?",
    "transpose": "look at the shape of {code}: is each axis where it belongs?",
    "brackets": "look at what Python computes first in {code}",
    "extra factor": "not everything in {code} belongs there",
    "extra term": "not everything in {code} belongs there",
    "missing factor": "something is not taken into account in {code}",
    "missing term": "something is not taken into account in {code}",
    "missing count": "ask whether {code} is a sum or a mean",
    "missing step": "{code} is not the last step yet",
    "arithmetic": "{code} is not quite the number that is wanted",
    "count": "{code} counts something: is it the right thing?",
    "axis": "look at the axis along which {code} goes",
    "keepdims": "look at the shape of {code}, axes of length 1 included",
    "not summed": "ask how many numbers {code} has, and how many it should have",
    "function": "look at the function in {code}",
    "extra call": "ask what {code} does beyond what is wanted",
    "argument": "look at the arguments in {code}",
    "arguments": "look at the order of the arguments in {code}",
    "name": "is {code} the value that belongs there?",
    "other expression": "is {code} the value that belongs there?",
    "constant": "look at the number {code}",
    "index": "look at what is picked out in {code}",
    "bounds": "look at where {code} begins and ends",
    "iteration": "ask what each step of the loop over {code} brings",
    "direction": "look at the direction in which {code} is gone through",
    "order": "look at the order of the values in {code}",
    "comparison": "look at the comparison {code}, also where both sides are equal",
    "condition": "look at the condition: which case goes which way?",
    "key": "look at the name {code}",
    "form": "look at the form of {code}: its type and its axes",
    "container": "look at what kind of thing {code} is",
    "copy": "ask who else holds the array {code}",
    "in place": "ask whether this makes a new array or changes one that others hold",
    "= or +=": "ask whether this should replace what was there or add to it",
    "target": "look at where the result is stored",
    "not all": "count what stands in {code}",
    "return": "look at what is returned, and when",
    "once more": "ask how often this has to happen",
    "extra statement": "ask what would happen without this line",
    "missing line": "something has to happen there",
    "order of lines": "ask whether this happens too early or too late",
    "indent": "ask whether this belongs inside of the block or outside",
    "not kept": "something that is needed later is not kept",
    "not reset": "something that an earlier call left behind is still there",
    "result unused": "the result of this call is not used",
    "default": "look at what can be left out when this is called",
}
"""For each kind of edit what is said; ``{code}`` is the student's own expression."""
LACKING = ("not kept", "missing line", "not reset")
"""Kinds of edits that put in a line."""
TELLING = (
    "sign", "operator", "operands", "matrix product", "transpose", "brackets", "extra factor",
    "extra term", "missing factor", "missing term", "missing count", "count", "axis", "keepdims",
    "not summed", "function", "constant", "comparison", "= or +=", "copy",
)  # fmt: skip
"""Kinds of edits that are believed where they make some of the wrong outputs right, not all."""
SAID = {"flow": "what is made of it there is not", "stops": "the answer stops there"}
SHORT = 40
"""Longest expression, in characters, that is quoted."""


def place_of(found: Found, source: Source | None) -> Place:
    """Put into words where an answer is to be changed; an empty place if that is not known.

    A line is named only if all the smallest repairs stand in it.
    """
    best = found.smallest
    if source is None:
        return Place()
    if not best:
        return _of_some_outputs(found, source) or _of_values(found, source)
    if len(best[0].changes) == 1:
        one = _one_change(best, source)
        values = Place() if one.lines else _of_values(found, source)
        return values if values.lines else one
    changes = sorted(set(best[0].changes), key=lambda change: (change.piece, change.line))
    spots = list(dict.fromkeys((change.piece, change.line) for change in changes))
    if len(spots) == 1:
        where = _where(changes[:1], source)
        text = f"Two changes make this right, and both are in {where}."
    else:
        parts = "; ".join(f"{_where([change], source)}, {_look(change)}" for change in changes)
        text = _ended(f"{len(spots)} changes make this right: {parts}")
    return _place(text, changes, source)


def _one_change(best: Sequence[Repair], source: Source) -> Place:
    changes = _where_made([repair.changes[0] for repair in best], source)
    kinds = list(dict.fromkeys(change.kind for change in changes))
    look = f": {_look(changes[0])}" if len(kinds) <= 2 else ""
    if len({(change.piece, change.line) for change in changes}) == 1:
        what = "One line more before" if changes[0].kind in LACKING else "One change in"
        text = f"{what} {_where(changes[:1], source)} makes this right{look}"
        return _place(_ended(text), changes[:1], source)
    same = len(kinds) == 1 and len({change.before for change in changes}) == 1
    return Place(_ended(f"One change makes this right{look}")) if same else Place()


def _where_made(changes: list[Change], source: Source) -> list[Change]:
    """Leave out changes where a value is used if one stands where that value is made.

    To return ``-loss`` mends what to compute ``-loss`` mends; what is wrong is the computation.
    """
    spots = {(change.piece, change.line) for change in changes}
    made = {
        ast.unparse(target)
        for number, piece in enumerate(source.pieces)
        for node in ast.walk(piece.tree)
        if isinstance(node, ast.Assign | ast.AugAssign) and (number, node.lineno) in spots
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    rest = [change for change in changes if _names(change.before) - made or not change.before]
    return rest or changes


def _names(before: str) -> set[str]:
    """The names in an expression, without what it calls and without numbers."""
    try:
        tree = ast.parse(before)
    except SyntaxError:
        return {before}
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    every = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and node not in called
    ]
    own = {ast.unparse(node) for node in every if is_own_attribute(node)}
    return own | {node.id for node in every if isinstance(node, ast.Name)} - {"self", "np", "nn"}


def _of_some_outputs(found: Found, source: Source) -> Place | None:
    """Say which line makes which outputs right, where not all of them can be made right."""
    sentences, told = list[str](), list[Change]()
    for outputs, changes in found.partial.items():
        names = [name for name in outputs if not name.startswith("~")]
        changes = [change for change in changes if change.kind in TELLING]
        if names and len({(change.piece, change.line) for change in changes}) == 1:
            text = f"One change in {_where(changes[:1], source)} makes {listed(names)} right"
            sentences.append(_ended(f"{text}: {_look(changes[0])}"))
            told.append(changes[0])
    return _place(" ".join(sentences[:2]), told[:2], source) if told else None


def _of_values(found: Found, source: Source) -> Place:
    """Say which line makes a wrong output of right values, if there is one."""
    if not 1 <= len(found.blamed) <= 2:
        return Place()
    where = " and ".join(_where([change], source) for change in found.blamed)
    kind = found.blamed[0].kind
    if kind == "changes" and len(found.blamed) > 1:
        return Place()
    text = f"What {where} works with is right, and {SAID.get(kind, '')}."
    if kind == "changes":
        text = f"What changes an array of the caller's is {where}."
    return _place(text, found.blamed, source)


def _where(changes: Iterable[Change], source: Source) -> str:
    change = next(iter(changes))
    if not source.in_cell:
        return f"line {change.line}"
    if len({piece.file for piece in source.pieces}) == 1:
        return f"line {change.line} of your cell"
    return f"line {change.line} of the cell with `{source.pieces[change.piece].name}`"


def _place(text: str, changes: Sequence[Change], source: Source) -> Place:
    code = {change.line: source.line(change.line, change.piece) for change in changes}
    return Place(text, tuple(code), tuple(code.items()))


def _ended(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def _look(change: Change) -> str:
    look = LOOK.get(change.kind, "look at it again")
    code = " ".join(change.before.split())
    if not 0 < len(code) <= SHORT:
        bare = look.startswith(("look at the number", "look at the comparison", "look at the name"))
        return look.replace(" {code}", "") if bare else look.format(code="this expression")
    if change.kind == "axis" and code.lstrip("-").isdigit():
        return f"look at the axis `{code}`"
    return look.format(code=f"`{code}`")
