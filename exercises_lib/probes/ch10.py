"""Probes of chapter 10: engines made of a student's own class, and sweeps over recorded graphs."""

from __future__ import annotations

import operator
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from exercises_lib.checking import MisfitError
from exercises_lib.checking.serialize import describe, is_number, serialize
from exercises_lib.probes import Steps, name_of, need_class, need_function, unpack

# --- scalars ------------------------------------------------------------------------------------

SCALARS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], str]] = {
    "x + y": (operator.add, ("x", "y"), ""),
    "x + 1": (operator.add, ("x", 1), ""),
    "1 + x": (operator.add, (1, "x"), ""),
    "x + x": (operator.add, ("x", "x"), ""),
    "x * y": (operator.mul, ("x", "y"), ""),
    "x * 3": (operator.mul, ("x", 3), ""),
    "2 * x": (operator.mul, (2, "x"), ""),
    "x * x": (operator.mul, ("x", "x"), ""),
    "x ** 3": (operator.pow, ("x", 3), ""),
    "x ** -1": (operator.pow, ("x", -1), ""),
    "x.exp()": (operator.methodcaller("exp"), ("x",), "exp"),
    "x.log()": (operator.methodcaller("log"), ("x",), "log"),
    "x.relu()": (operator.methodcaller("relu"), ("x",), "relu"),
    "x.tanh()": (operator.methodcaller("tanh"), ("x",), "tanh"),
}
"""One operation each: what computes it, its operands, and the method that the class needs."""


def scalar(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Do one operation with a scalar class; say its value and its recorded local derivatives.

    Args:
        answer: a class made from a number, with ``data``, ``parents`` and ``local``.
        inputs: ``program``, a key of `SCALARS`, and the numbers ``x`` and, if it occurs, ``y``.
    """
    need_class(answer, ())
    program = inputs["program"]
    compute, operands, method = SCALARS[program]
    name = name_of(answer)
    given = {key: inputs[key] for key in ("x", "y") if key in inputs}
    nodes: dict[str, Any] = {}
    for letter, number in given.items():
        yield f"{name}({number:g})"
        nodes[letter] = answer(number)
    if method and not callable(getattr(answer, method, None)):
        raise MisfitError(f"Your class {name} has no method {method}.")
    yield program
    result = _computed(program, compute, [nodes[o] if isinstance(o, str) else o for o in operands])
    if not isinstance(result, answer):
        raise MisfitError(f"{program} gives {_kind(result)}. Expected a node of your own class.")
    yield program, _attribute(result, "data", program)
    for key, node in nodes.items():
        yield f"d({program})/d{key}", _recorded(result, node, program)
    for key, node in nodes.items():
        yield f"{key} after {program}", _attribute(node, "data", key)


def _computed(program: str, compute: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """Compute, and say it in plain words when Python finds no rule for the operands."""
    try:
        return compute(*operands)
    except TypeError as error:
        own = traceback.extract_tb(error.__traceback__)[-1].filename != __file__
        if own or "unsupported operand" not in str(error):
            raise
        raise MisfitError(f"Python does not know how to compute {program}.") from None


def _attribute(node: Any, attribute: str, what: str) -> Any:
    if not hasattr(node, attribute):
        raise MisfitError(f"{what} has no attribute {attribute}.")
    return getattr(node, attribute)


def _kind(value: Any) -> str:
    if isinstance(value, np.generic):
        return "a NumPy number"
    return describe(serialize(value))


def _recorded(result: Any, operand: Any, program: str) -> float:
    """Add up the local derivatives of a result that belong to one operand."""
    parents = _attribute(result, "parents", program)
    local = _attribute(result, "local", program)
    for attribute, entries in (("parents", parents), ("local", local)):
        if type(entries) not in (tuple, list):
            kind = type(entries).__name__
            comma = "" if hasattr(entries, "__len__") else " A tuple of one has a comma: `(a,)`."
            raise MisfitError(f"{attribute} of {program} is a {kind}, expected a tuple.{comma}")
    if len(parents) != len(local):
        raise MisfitError(
            f"{program} has {len(parents)} parents and {len(local)} local derivatives; "
            "there is one derivative for each parent."
        )
    total = 0.0
    for parent, derivative in zip(parents, local, strict=True):
        if isinstance(parent, (int, float, np.generic)):
            raise MisfitError(f"A parent of {program} is a plain number, expected a node.")
        if not (is_number(serialize(derivative)) or isinstance(derivative, (bool, np.bool_))):
            raise MisfitError(f"A local derivative of {program} is not a plain number.")
        if parent is operand:
            total += float(derivative)
    return total


# --- the sweep ----------------------------------------------------------------------------------

MANY = 40_000
"""Comparisons of nodes after which a sweep over 10,000 nodes is stopped."""

OFTEN = 100
"""Readings of parents for each node after which a sweep is stopped; a right one has about five."""


class _Counted:
    """How often the nodes of one graph are made, compared, and asked for their parents."""

    def __init__(self) -> None:
        self.nodes = self.compared = self.asked = 0

    def compare(self) -> None:
        self.compared += 1
        if self.compared > MANY:
            raise MisfitError(
                f"Your code compares nodes with each other more than {MANY:,} times. "
                "Case: a chain of 10,000 nodes."
            )

    def ask(self) -> None:
        self.asked += 1
        if self.asked > OFTEN * (self.nodes + 10):
            raise MisfitError(
                f"Your code goes through the parents of a node more than {self.asked - 1:,} times, "
                f"and the graph has {self.nodes:,} nodes."
            )


class _Node:
    """A recorded number. It counts how often it is compared, which a search in a list does."""

    # "__dict__" too: a sweep may leave marks on the nodes, as it may on those of the notebook.
    __slots__ = ("__dict__", "_counted", "_parents", "data", "grad", "local")

    def __init__(self, counted: _Counted, parents: Sequence[Any], local: Sequence[float]) -> None:
        self.data, self.grad = 2.0, 0.0
        self._counted, self._parents, self.local = counted, tuple(parents), tuple(local)
        counted.nodes += 1

    @property
    def parents(self) -> Any:
        self._counted.ask()
        return self._parents

    @parents.setter
    def parents(self, parents: Any) -> None:
        self._parents = parents

    def __eq__(self, other: object) -> bool:
        self._counted.compare()
        return self is other

    __hash__ = object.__hash__


def sweep(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call a backward sweep on the outputs of a recorded graph, one after the other.

    Args:
        answer: a function of the output node that fills in ``grad``.
        inputs: ``graph``, node → list of (parent, local derivative), parents first; ``calls``, the
            outputs; ``report``, the nodes whose gradients are asked after each call.
    """
    need_function(answer)
    counted = _Counted()
    nodes: dict[str, _Node] = {}
    for name, used in inputs["graph"].items():
        nodes[name] = _Node(counted, [nodes[parent] for parent, _ in used], [d for _, d in used])
    parents = {name: node.parents for name, node in nodes.items()}
    for turn, output in enumerate(inputs["calls"]):
        yield f"backward({output})" + (", the second call" if turn else "")
        answer(nodes[output])
        grads = {name: getattr(nodes[name], "grad", None) for name in inputs["report"]}
        yield ("grad after the second call" if turn else "grad"), grads
        kept = all(node.parents is parents[name] for name, node in nodes.items())
        yield "recording", "kept" if kept else "changed"


def chain(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call a backward sweep on f = skip · x + (a long chain that begins at x).

    Args:
        answer: a function of the output node that fills in ``grad``.
        inputs: ``length`` of the chain; ``local``, the derivatives of its first and last link;
            ``skip``, the local derivative of the direct way.
    """
    need_function(answer)
    counted = _Counted()
    x = _Node(counted, (), ())
    link = _Node(counted, (x,), inputs["local"][:1])
    for _ in range(inputs["length"] - 2):
        link = _Node(counted, (link,), (1.0,))
    yield "backward(f), f at the end of a long chain"
    with _usual_depth():
        answer(_Node(counted, (x, link), (inputs["skip"], inputs["local"][1])))
    yield "grad", {"x": getattr(x, "grad", None)}


DEPTH = 3_000
"""Calls that may stand inside each other on the long chain, also where more are allowed."""


@contextmanager
def _usual_depth() -> Iterator[None]:
    """Allow no more calls inside each other than usual, whatever has been set before or is now."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(min(before, DEPTH))
    try:
        yield
        raised = sys.getrecursionlimit() > DEPTH
    finally:
        sys.setrecursionlimit(before)
    if raised:
        raise MisfitError(
            "Your code raises the number of calls that Python allows inside each other. There is "
            "always a longer chain: the nodes that wait belong into a list of your own."
        )


def backward(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Call a backward sweep on a graph, or on a chain: whichever the inputs describe."""
    return (sweep if "graph" in inputs else chain)(answer, inputs)


# --- arrays -------------------------------------------------------------------------------------


def _ladder(x: Any) -> Any:
    h = x
    for _ in range(30):
        h = h + h
    return h.mean()


def _detour(x: Any, W: Any) -> Any:
    h = x @ W
    return (h + h * h).mean()


def _inner_fork(x: Any, y: Any) -> Any:
    h = x * y
    return (h * x + h * 3).sum()


ARRAYS: dict[str, Callable[..., Any]] = {
    "x.sum()": lambda x: x.sum(),
    "(x + y).sum()": lambda x, y: (x + y).sum(),
    "(x * y).sum()": lambda x, y: (x * y).sum(),
    "(x * c).sum()": lambda x, c: (x * c).sum(),
    "(2 * x + 1).sum()": lambda x: (2 * x + 1).sum(),
    "(c * (1 + x)).sum()": lambda x, c: (c * (1 + x)).sum(),
    "x.mean()": lambda x: x.mean(),
    "((x @ W) * c).sum()": lambda x, W, c: ((x @ W) * c).sum(),
    "((x + b) * c).sum()": lambda x, b, c: ((x + b) * c).sum(),
    "((x * k) * c).sum()": lambda x, k, c: ((x * k) * c).sum(),
    "(x * s).mean()": lambda x, s: (x * s).mean(),
    "(x * x + x).sum()": lambda x: (x * x + x).sum(),
    "h = x * y; (h * x + h * 3).sum()": _inner_fork,
    "h = x @ W; (h + h * h).mean()": _detour,
    "(x + y).sum(), then (x * 3).sum()": lambda x, y: [(x + y).sum(), (x * 3).sum()],
    "(x * x.sum()).sum()": lambda x: (x * x.sum()).sum(),
    "h = x, 30 times h = h + h; h.mean()": _ladder,
}
"""Expressions of arrays that end in one number; c is a constant. A list: one after the other."""


def arrays(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Build an expression with an array class, go back through it, and read data and gradients.

    Args:
        answer: a class made from an array, with + * @, ``sum``, ``mean`` and ``backward``.
        inputs: ``program``, a key of `ARRAYS`; its arrays by name; ``calls``, how often
            ``backward`` is called.
    """
    need_class(answer, ())
    program = inputs["program"]
    nodes, known = {}, {}
    for key, array in inputs.items():
        if isinstance(array, np.ndarray):
            yield f"{name_of(answer)}({key})"
            known[key] = array if key == "c" else answer(array)
            if key != "c":
                nodes[key] = known[key]
    yield program
    losses = _computed(program, lambda: ARRAYS[program](**known), ())
    for loss in losses if isinstance(losses, list) else [losses]:
        if not isinstance(loss, answer):
            raise MisfitError(
                f"{program} gives {_kind(loss)}. Expected a tensor of your own class."
            )
        if not isinstance(losses, list):
            yield program, _attribute(loss, "data", program)
        if not callable(getattr(loss, "backward", None)):
            raise MisfitError(f"Your class {name_of(answer)} has no method backward.")
        for turn in range(inputs["calls"]):
            yield f"backward of {program}" + (", the second call" if turn else "")
            loss.backward()
    twice = " (backward called twice)" if inputs["calls"] == 2 else ""
    for key, node in nodes.items():
        yield f"d{key} of {program}{twice}", _attribute(node, "grad", key)


class _Array:
    """What the operations of an exercise are mixed into: an array, its parents, the ways back."""

    __array_ufunc__ = None

    def __init__(self, data: Any, parents: Sequence[Any] = (), pulls: Sequence[Any] = ()) -> None:
        self.data = np.asarray(data)
        self.grad = None
        self.parents, self.pulls = tuple(parents), tuple(pulls)

    def __mul__(self, number: float) -> Any:
        return type(self)(self.data * number, (self,), (lambda g: g * number,))

    __rmul__ = __mul__

    def __truediv__(self, number: float) -> Any:
        return self * (1 / number)


def _mixed(answer: Any) -> Any:
    """Give an answer's methods the class that they need."""
    return type("Tensor", (answer, _Array), {})


def _pulled_back(result: Any, inputs: Sequence[Any], g: Any) -> list[Any]:
    """Return what arrives at each input when g arrives at the result; zeros where nothing does."""
    arrived: dict[int, Any] = {id(node): np.zeros(node.data.shape) for node in inputs}
    wanted = set(arrived)

    def visit(node: Any, g: Any) -> None:
        if id(node) in wanted:
            g = np.asarray(g)
            here = arrived[id(node)]
            arrived[id(node)] = g if not here.any() and here.shape != g.shape else here + g
            return
        for parent, pull in zip(node.parents, node.pulls, strict=True):
            if not callable(pull):
                raise MisfitError("One of your pulls is no function of g.")
            visit(parent, pull(g))

    visit(result, g)
    return [arrived[id(node)] for node in inputs]


def _result_of(result: Any, what: str) -> Any:
    if not isinstance(result, _Array):
        raise MisfitError(
            f"{what} gives {_kind(result)}, expected type(self)(data, parents, pulls)."
        )
    return result


def reductions(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Reduce an array and ask for the gradient that comes back.

    Args:
        answer: a class with ``sum``, ``mean`` and ``max``, mixed into a class of arrays.
        inputs: ``method``; ``x``; ``axis``, a number, a list of them or None; ``keepdims``; ``g``;
            ``ties``, where several entries are the largest.
    """
    need_class(answer, ())
    _need_method(answer, inputs["method"])
    axis = tuple(inputs["axis"]) if isinstance(inputs["axis"], list) else inputs["axis"]
    words = [] if axis is None else [f"axis={axis}"]
    words += ["keepdims=True"] if inputs["keepdims"] else []
    asked = {} if axis is None else {"axis": axis}
    asked |= {"keepdims": True} if inputs["keepdims"] else {}
    program = f"x.{inputs['method']}({', '.join(words)})"
    node = _mixed(answer)(inputs["x"])
    yield program
    result = _result_of(getattr(node, inputs["method"])(**asked), program)
    if result.data.shape != inputs["g"].shape:
        raise MisfitError(
            f"{program} has shape {result.data.shape}, expected {inputs['g'].shape}; x has shape "
            f"{inputs['x'].shape}."
        )
    yield program, result.data
    for sweep in ("", ", the second time"):
        yield f"the way back through {program}{sweep}"
        dx = _pulled_back(result, [node], inputs["g"])[0]
        if not inputs.get("ties"):
            yield "dx", dx.copy()
            continue
        # How the largest share what belongs to them is open, so they are looked at together.
        x = inputs["x"]
        largest = x == x.max(axis=axis, keepdims=True)
        if np.shape(dx) != x.shape:
            raise MisfitError(f"dx has shape {np.shape(dx)}, expected {x.shape}: that of x.")
        yield "dx of the largest together", (dx * largest).sum(axis=axis)
        yield "dx of the others", dx[~largest]


def indexing(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Take entries of an array and ask for the gradient that comes back.

    Args:
        answer: a class with ``__getitem__``, mixed into a class of arrays.
        inputs: ``x``; ``index``, or ``slice``, the three numbers of one; ``dout``.
    """
    need_class(answer, ("__getitem__",))
    index = slice(*inputs["slice"]) if "slice" in inputs else inputs["index"]
    node = _mixed(answer)(inputs["x"])
    yield "x[index]"
    result = _result_of(node[index], "x[index]")
    yield "x[index]", result.data
    for sweep in ("", ", the second time"):
        yield f"the way back through x[index]{sweep}"
        yield "dx", _pulled_back(result, [node], inputs["dout"])[0].copy()


SAVED: dict[str, Callable[[Any, Any], Any]] = {
    "x * y": lambda x, y: x * y,
    "x @ y": lambda x, y: x @ y,
    "x.exp()": lambda x, y: x.exp(),
}


SAVED_METHODS = {"x * y": "__mul__", "x @ y": "__matmul__", "x.exp()": "exp"}
"""The method that each needs."""


def _need_method(answer: Any, name: str) -> None:
    """Miss a method where it is used: a class whose first method is not written is unanswered."""
    if not callable(getattr(answer, name, None)):
        raise MisfitError(f"Your class {name_of(answer)} has no method {name}.")


def saved(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Do an operation, change numbers that it has used or made, and go back.

    Args:
        answer: a class with ``__mul__``, ``__matmul__`` and ``exp``, mixed into one of arrays.
        inputs: ``program``, a key of `SAVED`; ``x``, ``y``; ``change``: ``"replaced"`` or
            ``"in place"``; ``changed``: of which tensors, ``"x"``, ``"y"`` or ``"result"``; ``g``.
    """
    need_class(answer, ())
    _need_method(answer, SAVED_METHODS[inputs["program"]])
    program, changed = inputs["program"], inputs["changed"]
    made = _mixed(answer)
    x, y = made(inputs["x"].copy()), made(inputs["y"].copy())
    yield program
    result = _result_of(SAVED[program](x, y), program)
    yield program, result.data.copy()
    nodes = [x] if "y" not in program else [x, y]
    names = ["dx", "dy"][: len(nodes)]
    refused = False
    found = [None] * len(nodes)
    after = f", after a change of {' and '.join(changed)}" if changed else ""
    yield f"the way back through {program}{after}"
    try:
        for name in changed:
            node = {"x": x, "y": y, "result": result}[name]
            if inputs["change"] == "in place":
                node.data[...] = node.data * 3 + 1
            else:
                node.data = node.data * 3 + 1
        found = _pulled_back(result, nodes, inputs["g"])
    except (RuntimeError, ValueError) as error:
        if not changed or not str(error) or isinstance(error, NotImplementedError):
            raise
        refused = True
    for name, value in zip(names, found, strict=True):
        yield name, "refused" if refused else value


def switch(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Use a context manager that stops an engine's recording, in many ways.

    Args:
        answer: called with a class that has an attribute ``recording``; gives a context manager.
        inputs: ``way``: how it is used; if that is ``"drawn"``, ``blocks`` inside blocks, what
            ``recording`` is ``before`` each of the outermost, and which of them ``fails``.
    """
    if not callable(answer):
        raise MisfitError("Expected a class or function that makes a context manager.")

    class Engine:
        recording = True

    way = inputs["way"]
    seen: list[bool] = []

    def walk(blocks: list[Any]) -> None:
        for inside in blocks:
            with answer(Engine):
                seen.append(Engine.recording)
                walk(inside)
            seen.append(Engine.recording)

    yield f"with {name_of(answer)}(Engine): …"
    manager = answer(Engine)
    if hasattr(manager, "__enter__") and not hasattr(manager, "__exit__"):
        manager.__enter__()  # not written yet, perhaps
    if not (hasattr(manager, "__enter__") and hasattr(manager, "__exit__")):
        raise MisfitError(
            f"{name_of(answer)}(Engine) gives {_kind(manager)}, expected an object for `with`: one "
            "with __enter__ and __exit__."
        )
    seen.append(Engine.recording)
    if way == "an error inside":
        came_through = False
        try:
            with manager:
                seen.append(Engine.recording)
                raise KeyError("an error of the student's own")
        except KeyError:
            came_through = True
        seen.append(Engine.recording)
        yield "the error comes through", came_through
    elif way == "drawn":
        drawn = zip(inputs["before"], inputs["blocks"], inputs["fails"], strict=True)
        for before, blocks, fails in drawn:
            block = answer(Engine)
            Engine.recording = before
            try:
                with block:
                    walk(blocks)
                    if fails:
                        raise KeyError("an error of the student's own")
            except KeyError:
                seen.append(True)
            seen.append(Engine.recording)
    elif way == "one inside the other":
        with manager:
            seen.append(Engine.recording)
            with answer(Engine):
                seen.append(Engine.recording)
            seen.append(Engine.recording)
        seen.append(Engine.recording)
    elif way == "made before, used inside another":
        with answer(Engine):
            with manager:
                seen.append(Engine.recording)
            seen.append(Engine.recording)
        seen.append(Engine.recording)
    else:
        for _ in range(2 if way == "twice, one after the other" else 1):
            with manager:
                seen.append(Engine.recording)
            seen.append(Engine.recording)
            manager = answer(Engine)
    yield "recording", [bool(one) for one in seen]


# --- training -----------------------------------------------------------------------------------


def digits(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Let an engine train on the digits; take the network that came of it, and its gradient.

    What the network reads, and whether the gradient is right, the judge finds out by itself.

    Args:
        answer: a function of ``(x, t, rng)`` that returns ``(params, scores)``.
        inputs: ``x_train``, ``t_train``, ``seed`` of the generator; ``x``, a few pictures, and
            ``c``, as many rows of numbers: the gradient is that of ``(scores(x) * c).sum()``.
    """
    need_function(answer)
    rng = np.random.default_rng(inputs["seed"])
    during = f"{name_of(answer)}(x, t, rng)"
    yield during
    pairs = unpack(answer(inputs["x_train"], inputs["t_train"], rng), ("params", "scores"), during)
    found = dict(pair for pair in pairs if isinstance(pair, tuple))
    params, scores = found["params"], found["scores"]
    if type(params) not in (list, tuple) or not params:
        raise MisfitError(f"params is {_kind(params)}, expected a list of your tensors.")
    for place, param in enumerate(params):
        _float64(param, f"params[{place}]")
    if not callable(scores):
        raise MisfitError(f"scores is {_kind(scores)}, expected a function of x.")
    yield (
        "parameters",
        {
            "finite": all(bool(np.isfinite(param.data).all()) for param in params),
            "all moved": all(bool(np.any(param.data)) for param in params),
            "units alike": _alike(params),
            "gradient left": max(float(np.abs(_gradient(param)).max()) for param in params),
        },
    )
    yield "scores(x)"
    table = _float64(scores(inputs["x"]), "scores(x)")
    if table.data.shape != inputs["c"].shape:
        raise MisfitError(f"scores(x) has shape {table.data.shape}, expected {inputs['c'].shape}.")
    before = [_gradient(param) for param in params]
    yield "backward() of (scores(x) * c).sum()"
    (table * inputs["c"]).sum().backward()
    gradients = [_gradient(param) - old for param, old in zip(params, before, strict=True)]
    data = [param.data for param in params]
    yield "network", {"params": data, "scores": table.data, "gradients": gradients}


def _float64(node: Any, what: str) -> Any:
    """Return a tensor unchanged; raise `MisfitError` if it is not one with float64 data."""
    if isinstance(node, np.ndarray) or not callable(getattr(node, "backward", None)):
        raise MisfitError(
            f"{what} is {_kind(node)}, expected a tensor with data, grad and backward."
        )
    array = serialize(_attribute(node, "data", what))
    if not isinstance(array, np.ndarray) or array.dtype != np.float64:
        raise MisfitError(f"{what}.data is {describe(array)}, expected a float64 array.")
    return node


def _alike(params: Sequence[Any]) -> bool:
    """Tell whether all columns of the first weight matrix are the same."""
    W = params[0].data
    return bool(W.ndim == 2 and W.shape[1] > 1 and np.allclose(W, W[:, :1]))


def _gradient(param: Any) -> Any:
    """Return a parameter's gradient as an array of its own; None counts as zero."""
    grad = serialize(_attribute(param, "grad", "a parameter"))
    if grad is None or is_number(grad):
        return np.full(param.data.shape, float(grad or 0.0))
    if not isinstance(grad, np.ndarray) or grad.shape != param.data.shape:
        raise MisfitError(
            f"The gradient of a parameter is {describe(grad)}; the parameter has shape "
            f"{param.data.shape}."
        )
    return grad


# --- second derivatives -------------------------------------------------------------------------

SURFACES: dict[str, Callable[[Any], Any]] = {
    "x0² x1": lambda x: x[0] * x[0] * x[1],
    "Σ x³ + (Σ x)²": lambda x: (x * x * x).sum() + x.sum() * x.sum(),
    "Σ tanh(x) · Σ x²": lambda x: x.tanh().sum() * (x * x).sum(),
    "log Σ exp(x)": lambda x: x.exp().sum().log(),
}
"""Functions of a tensor, with one number as the result."""


def second_derivative(answer: Any, inputs: dict[str, Any]) -> Steps:
    """Ask for the Hessian of one of the `SURFACES` times a vector.

    Args:
        answer: the function ``(f, x, v)``.
        inputs: ``surface``, a key of `SURFACES`; ``x``; ``v``.
    """
    need_function(answer)
    yield f"{name_of(answer)}(f, x, v)"
    yield "H·v", answer(SURFACES[inputs["surface"]], inputs["x"], inputs["v"])
