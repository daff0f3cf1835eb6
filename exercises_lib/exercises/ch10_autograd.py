"""Exercises of chapter 10: an engine for scalars, one for arrays, and a network trained by it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any, ClassVar

import numpy as np

from exercises_lib import nn
from exercises_lib.checking import Case, Exercise, Mistake, Observation, Output, Probe
from exercises_lib.checking.observe import observe
from exercises_lib.checking.serialize import same
from exercises_lib.data import load_digits
from exercises_lib.nn.tensor import parents_first as tensors_first
from exercises_lib.probes import call
from exercises_lib.probes import ch10 as probes

# --- ch10.scalar_ops ----------------------------------------------------------------------------


class Node:
    """A number, the nodes it was made from, and the local derivative for each of them."""

    def __init__(self, data, parents=(), local=()):
        self.data, self.parents, self.local = data, parents, local
        self.grad = 0.0

    def wrap(self, other):
        return other if isinstance(other, Node) else type(self)(other)


class Value(Node):
    def __add__(self, other):
        other = self.wrap(other)
        return type(self)(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = self.wrap(other)
        return type(self)(self.data * other.data, (self, other), (other.data, self.data))

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, n):
        return type(self)(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self):
        y = math.exp(self.data)
        return type(self)(y, (self,), (y,))

    def log(self):
        return type(self)(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return type(self)(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def tanh(self):
        y = math.tanh(self.data)
        return type(self)(y, (self,), (1 - y**2,))


class ValueOfItsOwn:
    """Constants are not recorded at all; what reads them records one parent only."""

    def __init__(self, data):
        self.data = data
        self.parents = []
        self.local = []

    def _from(self, data, **slopes):
        out = ValueOfItsOwn(data)
        for node, slope in slopes.values():
            out.parents.append(node)
            out.local.append(slope)
        return out

    def __add__(self, other):
        if isinstance(other, (int, float)):
            return self._from(self.data + other, x=(self, 1))
        if other is self:
            return self._from(2 * self.data, x=(self, 2))
        return self._from(self.data + other.data, x=(self, 1), y=(other, 1))

    def __radd__(self, number):
        return self + number

    def __mul__(self, other):
        if isinstance(other, (int, float)):
            return self._from(self.data * other, x=(self, other))
        if other is self:
            return self**2
        return self._from(self.data * other.data, x=(self, other.data), y=(other, self.data))

    def __rmul__(self, number):
        return self * number

    def __pow__(self, n):
        y = self.data**n
        return self._from(y, x=(self, n * y / self.data))

    def exp(self):
        return self._from(np.exp(self.data), x=(self, np.exp(self.data)))

    def log(self):
        return self._from(np.log(self.data), x=(self, self.data**-1))

    def relu(self):
        return self._from(self.data, x=(self, 1)) if self.data > 0 else self._from(0, x=(self, 0))

    def tanh(self):
        return self._from(np.tanh(self.data), x=(self, 1 / np.cosh(self.data) ** 2))


def draw_scalars(rng: np.random.Generator) -> Iterator[Case]:
    def number(low: float = 1.3, high: float = 2.7, sign: int = 0) -> float:
        return round(float(rng.uniform(low, high)) * (sign or int(rng.choice((-1, 1)))), 3)

    for program, (_, operands, method) in probes.SCALARS.items():
        sign = 1 if method == "log" else 0
        if method == "relu":
            yield Case({"program": program, "x": number(sign=1)}, "x is positive")
            yield Case({"program": program, "x": number(sign=-1)}, "x is negative")
            yield Case({"program": program, "x": number(0.1, 0.6, 1)}, "x is a little above 0")
            yield Case({"program": program, "x": number(0.1, 0.6, -1)}, "x is a little below 0")
            continue
        scale = (0.3, 1.1) if method == "tanh" else (1.3, 2.7)
        inputs = {"program": program, "x": number(*scale, sign=sign)}
        if "y" in operands:
            inputs["y"] = number(3.1, 4.5)
        yield Case(inputs)


def with_methods(base: type, **methods: Any) -> type:
    """Make a class with the same name as its base and some methods replaced."""
    return type(base.__name__, (base,), methods)


def without(base: type, *names: str) -> type:
    """Make a class of the same name that lacks some methods."""
    kept = {name: method for name, method in vars(base).items() if name not in names}
    return type(base.__name__, base.__bases__, kept)


def wrong_add(make: Callable[[Any, Any], Any]) -> type:
    return with_methods(Value, __add__=make, __radd__=make)


def wrong_mul(local: Callable[[Any, Any], tuple[Any, ...]]) -> type:
    def mul(self, other):
        other = self.wrap(other)
        return type(self)(self.data * other.data, (self, other), local(self, other))

    return with_methods(Value, __mul__=mul, __rmul__=mul)


def wrong_pow(slope: Callable[[float, float], float]) -> type:
    def power(self, n):
        return type(self)(self.data**n, (self,), (slope(self.data, n),))

    return with_methods(Value, __pow__=power)


def wrong_unary(name: str, value: Callable[[float], Any], slope: Callable[[float], Any]) -> type:
    def method(self):
        return type(self)(value(self.data), (self,), (slope(self.data),))

    return with_methods(Value, **{name: method})


def remakes(record: Callable[[Any, tuple[Any, ...], tuple[Any, ...]], Any]) -> type:
    """A class that does the right arithmetic and records it in its own way."""

    class Remade(Value):
        def __init__(self, data, parents=(), local=()):
            super().__init__(data, parents, local)
            if parents:
                record(self, parents, local)

    Remade.__name__ = "Value"
    return Remade


def record_nothing(node, parents, local):
    node.parents, node.local = (), ()


def record_numbers(node, parents, local):
    node.parents = tuple(parent.data for parent in parents)


def record_a_set(node, parents, local):
    node.parents = set(parents)


def no_wrapping_add(self, other):
    return type(self)(self.data + other.data, (self, other), (1.0, 1.0))


def no_wrapping_mul(self, other):
    return type(self)(self.data * other.data, (self, other), (other.data, self.data))


def added_like_multiplied(self, other):
    other = self.wrap(other)
    return type(self)(self.data + other.data, (self, other), (self.data, other.data))


def add_in_place(self, other):
    other = self.wrap(other)
    self.data += other.data
    self.parents, self.local = (self, other), (1.0, 1.0)
    return self


ON_THE_RIGHT = (
    "For `2 * x` Python first asks the number 2, which knows nothing of your class. Then it asks "
    "`x`, but for another method than `__mul__`: one for standing on the right. Every sign has its "
    "own."
)
NOT_WRAPPED = (
    "You read `other.data`, but in `x + 1` the other operand is a plain number and has no `data`. "
    "Make a node of it first."
)


SCALAR_OPS = Exercise(
    id="ch10.scalar_ops",
    title="A number that records its operations",
    kind="class",
    points=4,
    reference=Value,
    accepted=(ValueOfItsOwn, nn.Value),
    mistakes=(
        Mistake(
            "no number on the left",
            without(Value, "__radd__", "__rmul__"),
            ON_THE_RIGHT,
        ),
        Mistake("no number left of +", without(Value, "__radd__"), ON_THE_RIGHT),
        Mistake("no number left of *", without(Value, "__rmul__"), ON_THE_RIGHT),
        Mistake(
            "plain numbers not made into nodes",
            with_methods(
                Value,
                __add__=no_wrapping_add,
                __radd__=no_wrapping_add,
                __mul__=no_wrapping_mul,
                __rmul__=no_wrapping_mul,
            ),
            NOT_WRAPPED,
        ),
        Mistake(
            "plain numbers not made into nodes by +",
            with_methods(Value, __add__=no_wrapping_add, __radd__=no_wrapping_add),
            NOT_WRAPPED,
        ),
        Mistake(
            "plain numbers not made into nodes by *",
            with_methods(Value, __mul__=no_wrapping_mul, __rmul__=no_wrapping_mul),
            NOT_WRAPPED,
        ),
        Mistake(
            "nothing recorded",
            remakes(record_nothing),
            "The number is right, but the result does not know its operands: `x` itself, that very "
            "object, has to be among its `parents`. Without that there is no way back.",
        ),
        Mistake(
            "parents in a set",
            remakes(record_a_set),
            "A set has no order, so nobody can tell which derivative belongs to which parent; and in "
            "`x + x` it keeps one of two.",
        ),
        Mistake(
            "adds in place",
            wrong_add(add_in_place),
            "Your addition changes `x` itself. A sum is a new node; `x` may be used elsewhere.",
        ),
        Mistake(
            "numbers as parents",
            remakes(record_numbers),
            "Your `parents` are the numbers that were in the operands. Numbers cannot take in a "
            "gradient: the operands themselves have to stand there.",
        ),
        Mistake(
            "add like multiply",
            wrong_add(added_like_multiplied),
            "Your addition records the operands' values. If `x` rises by one, the sum rises by one, "
            "whatever the values are.",
        ),
        Mistake(
            "multiply not swapped",
            wrong_mul(lambda x, y: (x.data, y.data)),
            "At a multiplication you give each operand its own value as local derivative. If `x` "
            "rises by one, the product rises by the *other* factor.",
        ),
        Mistake(
            "multiply like add",
            wrong_mul(lambda x, y: (1.0, 1.0)),
            "Your multiplication records 1 and 1, the local derivatives of an addition.",
        ),
        Mistake(
            "nodes as local derivatives",
            wrong_mul(lambda x, y: (y, x)),
            "Your multiplication records whole nodes where the numbers in them are wanted. A local "
            "derivative is a number: `data` of the other operand.",
        ),
        Mistake(
            "only the first factor recorded",
            wrong_mul(lambda x, y: (y.data, 0.0)),
            "Your multiplication has no derivative for its second operand. Both factors can change "
            "the product.",
        ),
        Mistake(
            "exponent not lowered",
            wrong_pow(lambda x, n: n * x**n),
            "In the derivative of the power the exponent stays as it was. It goes down by one.",
        ),
        Mistake(
            "coefficient lost",
            wrong_pow(lambda x, n: x ** (n - 1)),
            "In the derivative of the power the factor in front is missing.",
        ),
        Mistake(
            "coefficient lowered too",
            wrong_pow(lambda x, n: (n - 1) * x ** (n - 1)),
            "In the derivative of the power you lower the factor in front as well as the exponent. "
            "The factor is the old exponent.",
        ),
        Mistake(
            "brackets missing in the exponent",
            wrong_pow(lambda x, n: n * x**n - 1),
            "Python takes `x ** n - 1` as (x to the power n) minus 1. Put brackets around the new "
            "exponent.",
        ),
        Mistake(
            "every power a square",
            wrong_pow(lambda x, n: 2 * x),
            "2x is the derivative of the square. Yours has to hold for every n.",
        ),
        Mistake(
            "exp with slope 1",
            wrong_unary("exp", math.exp, lambda x: 1.0),
            "The slope of your `exp` is 1. That is true at x = 0 only; the curve gets steeper.",
        ),
        Mistake(
            "exp differentiated like a power",
            wrong_unary("exp", math.exp, lambda x: x * math.exp(x - 1)),
            "You differentiate `exp` with the rule for powers. There the base varies; here it is the "
            "exponent.",
        ),
        Mistake(
            "exp with its input",
            wrong_unary("exp", math.exp, lambda x: x),
            "As local derivative of `exp` you record its input. Its slope equals its *output*.",
        ),
        Mistake(
            "log to base 10",
            wrong_unary("log", lambda x: math.log10(abs(x)), lambda x: 1 / x),
            "`math.log10` is the logarithm to base 10. The natural logarithm is asked for.",
        ),
        Mistake(
            "log not inverted",
            wrong_unary("log", lambda x: math.log(abs(x)), lambda x: x),
            "As local derivative of `log` you record x. The larger x is, the *flatter* the "
            "logarithm gets.",
        ),
        Mistake(
            "log with its output",
            wrong_unary("log", lambda x: math.log(abs(x)), lambda x: math.log(abs(x))),
            "As local derivative of `log` you record the logarithm itself. Only `exp` is its own "
            "derivative.",
        ),
        Mistake(
            "1 over the logarithm",
            wrong_unary("log", lambda x: math.log(abs(x)), lambda x: 1 / math.log(abs(x))),
            "As local derivative of `log` you record 1 over its *output*. The formula is about x.",
        ),
        Mistake(
            "log differentiated once too often",
            wrong_unary("log", lambda x: math.log(abs(x)), lambda x: -1 / x**2),
            "−1/x² is the derivative of 1/x, so you have differentiated the logarithm twice.",
        ),
        Mistake(
            "relu lets everything back",
            wrong_unary("relu", lambda x: max(x, 0.0), lambda x: 1.0),
            "Your `relu` lets the gradient through for a negative x as well. There the output is 0 "
            "and stays 0 when x moves a little.",
        ),
        Mistake(
            "relu with its output",
            wrong_unary("relu", lambda x: max(x, 0.0), lambda x: max(x, 0.0)),
            "You record the output of `relu` as its slope. Where x is positive the output rises "
            "exactly as fast as x.",
        ),
        Mistake(
            "relu with its input",
            wrong_unary("relu", lambda x: max(x, 0.0), lambda x: x),
            "You record x as the slope of `relu`. Where x is positive the output rises exactly as "
            "fast as x, and elsewhere not at all.",
        ),
        Mistake(
            "relu with a sign",
            wrong_unary("relu", lambda x: max(x, 0.0), lambda x: 1.0 if x > 0 else -1.0),
            "For a negative x the slope of your `relu` is −1, as that of the absolute value. There "
            "the output is 0 and stays 0.",
        ),
        Mistake(
            "leaky relu",
            wrong_unary("relu", lambda x: max(x, 0.0), lambda x: 1.0 if x > 0 else 0.01),
            "Your slope for a negative x is that of the *leaky* ReLU. Here nothing leaks.",
        ),
        Mistake(
            "absolute value",
            wrong_unary("relu", abs, lambda x: 1.0 if x > 0 else 0.0),
            "Your `relu` gives the absolute value. For a negative x it should give 0.",
        ),
        Mistake(
            "relu turned round",
            wrong_unary("relu", lambda x: max(x, 0.0), lambda x: float(x <= 0)),
            "The slope of your `relu` is 1 where it should be 0 and 0 where it should be 1.",
        ),
        Mistake(
            "tanh with its input",
            wrong_unary("tanh", math.tanh, lambda x: 1 - x**2),
            "You take 1 − x² with the *input* of `tanh`. The formula is about the output.",
        ),
        Mistake(
            "tanh not squared",
            wrong_unary("tanh", math.tanh, lambda x: 1 - math.tanh(x)),
            "In the derivative of `tanh` the square is missing.",
        ),
        Mistake(
            "tanh like sigmoid",
            wrong_unary("tanh", math.tanh, lambda x: math.tanh(x) * (1 - math.tanh(x))),
            "y·(1 − y) is the slope of the sigmoid. That of `tanh` has another formula.",
        ),
        Mistake(
            "tanh twice",
            wrong_unary("tanh", math.tanh, lambda x: 1 - math.tanh(math.tanh(x)) ** 2),
            "In the slope you apply `tanh` to its own output. Its output is squared, as it is.",
        ),
    ),
    hints=(
        "Do one operation first, the addition: which number comes out, from which two nodes, and how "
        "fast does it rise with each of them? Then every other method is the same three answers.",
        "Every method ends with a new node made of three things: the number, the tuple of operands, "
        "and the tuple of local derivatives, which are plain numbers. `2 * x` calls `x.__rmul__(2)`.",
        "The skeleton:\n"
        "    def __mul__(self, other):\n"
        "        other = … a node, if it is a plain number\n"
        "        return Value(self.data * …, (self, …), (…, …))\n"
        "    __rmul__ = …\n"
        "    def tanh(self):\n"
        "        y = math.tanh(…)\n"
        "        return Value(y, (…,), (1 - …,))",
    ),
    probe=Probe(probes.scalar),
    draw=draw_scalars,
    remark="Every result knows its operands and its slopes. Nothing has gone backward yet, but now "
    "everything is written down.",
)

# --- ch10.backward ------------------------------------------------------------------------------


def parents_first(output):
    order, seen, stack = [], {output}, [output]
    while stack:
        for parent in stack[-1].parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
                break
        else:
            order.append(stack.pop())
    return order


def backward(output):
    order = parents_first(output)
    for node in order:
        node.grad = 0.0 if node.parents else node.grad
    output.grad += 1.0
    for node in reversed(order):
        hand_down(node)


def hand_down(node):
    for parent, local in zip(node.parents, node.local, strict=True):
        parent.grad += local * node.grad


def backward_by_counting_uses(output):
    """A node has its turn when everything that uses it has had one."""
    uses, reached = {}, [output]
    for node in reached:
        for parent in node.parents:
            if parent not in uses:
                uses[parent] = 0
                reached.append(parent)
            uses[parent] += 1
    gradient = {output: 1.0}
    ready = [output]
    while ready:
        node = ready.pop()
        node.grad = gradient[node] if node.parents else node.grad + gradient[node]
        for parent, local in zip(node.parents, node.local, strict=True):
            gradient[parent] = gradient.get(parent, 0.0) + gradient[node] * local
            uses[parent] -= 1
            if uses[parent] == 0:
                ready.append(parent)


def backward_with_marks(output):
    """Depth first with two visits: on the second one all parents have been listed."""
    order, seen, stack = [], set(), [(output, False)]
    while stack:
        node, left = stack.pop()
        if left:
            order.append(node)
            if node.parents:
                node.grad = 0.0
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    output.grad = output.grad + 1
    while order:
        hand_down(order.pop())


def marked_order(output):
    order, stack = [], [output]
    while stack:
        new = [p for p in stack[-1].parents if not getattr(p, "listed", False)]
        if new:
            new[0].listed = True
            stack.append(new[0])
        else:
            order.append(stack.pop())
    return order


def backward_with_marks_on_the_nodes(output):
    order = parents_first_by_marks(output)
    for node in order:
        node.grad *= not node.parents
    output.grad += 1.0
    while order:
        hand_down(order.pop())


def parents_first_by_marks(output):
    order = marked_order(output)
    for node in order[:-1]:
        del node.listed
    return order


def backward_by_graphlib(output):
    graph, waiting = {}, [output]
    while waiting:
        node = waiting.pop()
        if node not in graph:
            graph[node] = set(node.parents)
            waiting += node.parents
    order = list(TopologicalSorter(graph).static_order())
    for node in order:
        if node.parents:
            node.grad = 0
    output.grad += 1
    for node in order[::-1]:
        hand_down(node)


def draw_sweeps(rng: np.random.Generator) -> Iterator[Case]:
    def recorded(parents: Mapping[str, str]) -> dict[str, list[tuple[str, float]]]:
        def local() -> float:
            return round(float(rng.choice((-1, 1)) * rng.uniform(1.2, 3.5)), 2)

        return {node: [(parent, local()) for parent in parents[node]] for node in parents}

    def case(parents: Mapping[str, str], note: str, calls: str = "f") -> Case:
        report = [name for name in parents if name == "f" or name not in calls]
        if calls == "fg":
            report = [name for name in parents if name in "xyhg"]
        inputs = {"graph": recorded(parents), "calls": list(calls), "report": report}
        return Case(inputs, note)

    leaf = {"x": "", "y": "", "q": "xy", "f": "qx"}
    inner = {"x": "", "y": "", "h": "xy", "u": "h", "v": "h", "f": "uv"}
    yield case(leaf, "a leaf fork: the input x is used twice")
    yield case(inner, "an inner fork: u and v both use h")
    yield case(
        {"x": "", "h": "x", "k": "h", "f": "hk"}, "a short skew: f uses h directly and through k"
    )
    yield case(
        {"x": "", "h": "x", "k": "h", "l": "k", "m": "l", "f": "mh"},
        "a long skew: f uses h directly and at the end of a chain",
    )
    yield case({"x": "", "h": "xx", "f": "hh"}, "the same parent twice, as in h * h")
    yield case(inner, "backward(f) called twice: the inputs add up", "ff")
    yield case(
        {"x": "", "y": "", "h": "xy", "f": "hx", "g": "hy"},
        "backward(f), then backward(g), which uses the same h",
        "fg",
    )
    length, numbers = 10_000, rng.uniform(1.2, 3.5, size=3).round(2).tolist()
    yield Case(
        {"length": length, "local": numbers[:2], "skip": numbers[2]},
        f"a chain of {length:,} nodes",
    )


def sweep_with(
    *,
    order: Callable[[Any], Sequence[Any]] = parents_first,
    reset: Callable[[Any], bool] = lambda node: bool(node.parents),
    seed: float = 1.0,
    hand: Callable[[Any], None] = hand_down,
) -> Callable[[Any], None]:
    """Make a backward sweep that differs from the right one in one place."""

    def backward(output):
        nodes = order(output)
        for node in nodes:
            if reset(node):
                node.grad = 0.0
        output.grad += seed
        for node in reversed(nodes):
            hand(node)

    return backward


def recursive_order(output):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(output)
    return order


def listed_order(output):
    order, stack = [], [output]
    while stack:
        new = next((parent for parent in stack[-1].parents if parent not in order), None)
        if new is None:
            order.append(stack.pop())
        else:
            stack.append(new)
    return order


def breadth_first_order(output):
    order, seen, queue = [], {output}, deque([output])
    while queue:
        node = queue.popleft()
        order.append(node)
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)
    return order[::-1]


def discovery_order(output):
    order, seen, stack = [], set(), [output]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            stack += reversed(node.parents)
    return order[::-1]


def hand_assign(node):
    for parent, local in zip(node.parents, node.local, strict=True):
        parent.grad = local * node.grad


def hand_local(node):
    for parent, local in zip(node.parents, node.local, strict=True):
        parent.grad += local


def hand_upstream(node):
    for parent in node.parents:
        parent.grad += node.grad


def hand_and_forget(node):
    hand_down(node)
    node.parents, node.local = (), ()


def hands_down_again(output):
    output.grad = 1.0

    def back(node):
        for parent, local in zip(node.parents, node.local, strict=True):
            parent.grad += local * node.grad
            back(parent)

    back(output)


def hand_to_the_first(node):
    for parent, local in zip(node.parents[:1], node.local[:1], strict=True):
        parent.grad += local * node.grad


def hand_to_the_last_of_equals(node):
    for parent, local in dict(zip(node.parents, node.local, strict=True)).items():
        parent.grad += local * node.grad


def hand_to_the_first_of_equals(node):
    for parent in dict.fromkeys(node.parents):
        parent.grad += node.local[node.parents.index(parent)] * node.grad


def hand_by_position(node):
    for parent in node.parents:
        parent.grad += node.local[node.parents.index(parent)] * node.grad


def hand_with_value(node):
    for parent, local in zip(node.parents, node.local, strict=True):
        parent.grad += local * node.grad * node.data


def early_marked_order(output):
    order, seen, stack = [], {output}, [output]
    while stack:
        node = stack.pop()
        order.append(node)
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return order[::-1]


def all_marked_order(output):
    order, seen, stack = [], {output}, [output]
    while stack:
        new = [parent for parent in stack[-1].parents if parent not in seen]
        if new:
            seen.update(new)
            stack += new
        else:
            order.append(stack.pop())
    return order


def doubled_order(output):
    order, seen, stack = [], set(), [output]
    while stack:
        seen.add(stack[-1])
        new = [parent for parent in stack[-1].parents if parent not in seen]
        if new:
            stack += new
        else:
            order.append(stack.pop())
    return order


def order_of_all_ways(output):
    order, stack = [], [output]
    while stack:
        node = stack.pop()
        order.append(node)
        stack += node.parents
    return order[::-1]


def order_by_values(output):
    order, seen, stack = [], {output.data}, [output]
    while stack:
        for parent in stack[-1].parents:
            if parent.data not in seen:
                seen.add(parent.data)
                stack.append(parent)
                break
        else:
            order.append(stack.pop())
    return order


def hands_down_again_from_a_queue(output):
    for node in parents_first(output):
        node.grad = 0.0 if node.parents else node.grad
    output.grad = 1.0
    queue = deque([output])
    while queue:
        node = queue.popleft()
        hand_down(node)
        queue.extend(node.parents)


def begins_with_value(output):
    order = parents_first(output)
    for node in order:
        node.grad = 0.0 if node.parents else node.grad
    output.grad = output.data
    for node in reversed(order):
        hand_down(node)


def keeps_its_one(output):
    order = parents_first(output)
    for node in order:
        if node.parents and node is not output:
            node.grad = 0.0
    output.grad += 1.0
    for node in reversed(order):
        hand_down(node)


def keeps_the_middle(output):
    output.grad = 1.0
    for node in reversed(parents_first(output)):
        hand_down(node)


EQUAL_PARENTS = (
    "In `h * h` the same node stands twice among the parents, and each place has a derivative of its "
    "own. Both count; yours does not keep the two places apart."
)
DISCOVERY = (
    "You list a node when you first meet it. A node may be listed only when all its parents are "
    "listed; read from the back, that makes it wait for everything that uses it."
)
STALE = (
    "A node in the middle still holds its gradient from the first call, and hands it down once more. "
    "Only inputs add up over several calls."
)
AGAIN = (
    "Each time something arrives at a node you hand down *everything* it holds by then. What was "
    "passed on before is passed on a second time."
)


def right_but_for_the_chain(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Recognise an answer that is right on the small graphs and too deep on the chain."""
    for case, one in zip(cases, seen, strict=False):
        if "graph" not in case.inputs:
            return one.failure is not None and one.failure.type == "RecursionError"
        wanted = observe(BACKWARD.probe, backward, case.inputs, repeat=False).values
        if one.failure is not None or not same(one.values, wanted, rtol=1e-6, atol=1e-8):
            return False
    return False


BACKWARD = Exercise(
    id="ch10.backward",
    title="A sweep for any graph",
    kind="function",
    points=4,
    reference=backward,
    accepted=(
        backward_by_counting_uses,
        backward_with_marks,
        backward_with_marks_on_the_nodes,
        backward_by_graphlib,
    ),
    mistakes=(
        Mistake(
            "recursive",
            sweep_with(order=recursive_order),
            "On the small graphs you are right. But your function calls itself once for every node of "
            "a chain, and Python allows about a thousand calls inside each other. Keep the nodes that "
            "still wait in a list of your own.",
            recognise=right_but_for_the_chain,
        ),
        Mistake(
            "searches a list",
            sweep_with(order=listed_order),
            "You look for nodes in a list, which compares them one by one: for 10,000 nodes that is 50 "
            "million comparisons. A set finds a node at once.",
        ),
        Mistake(
            "overwritten at a fork",
            sweep_with(hand=hand_assign),
            "`=` puts the new part in the place of what has arrived before. Where a node is used "
            "twice, both parts count.",
        ),
        Mistake(
            "breadth first",
            sweep_with(order=breadth_first_order),
            "You go back in rings around the output. If `h` is near it by one way and far by another, "
            "`h` hands down before the longer way has delivered.",
        ),
        Mistake(
            "in the order of discovery",
            sweep_with(order=discovery_order),
            DISCOVERY,
        ),
        Mistake(
            "in the order of discovery, marked at once",
            sweep_with(order=early_marked_order),
            DISCOVERY,
        ),
        Mistake(
            "all parents marked at once",
            sweep_with(order=all_marked_order),
            "You mark all parents of a node as soon as you put them on the stack. One that can also "
            "be reached by a longer way then counts as dealt with, and is listed too late.",
        ),
        Mistake(
            "a node twice in the list",
            sweep_with(order=doubled_order),
            "Two nodes can put the same parent on the stack before its turn comes. Then it stands "
            "twice in your list, and hands down twice.",
        ),
        Mistake(
            "every way by itself",
            sweep_with(order=order_of_all_ways),
            "You do not remember which nodes you have met. A node that is used twice is in your list "
            "twice, with all that lies behind it.",
        ),
        Mistake(
            "values compared instead of nodes",
            sweep_with(order=order_by_values),
            "You remember values. Two different nodes may hold the same number; remember the nodes "
            "themselves.",
        ),
        Mistake(
            "handed down again",
            hands_down_again,
            AGAIN,
        ),
        Mistake("handed down again, from a queue", hands_down_again_from_a_queue, AGAIN),
        Mistake(
            "only the first parent",
            sweep_with(hand=hand_to_the_first),
            "Only the first parent of each node receives something. Every parent gets its part.",
        ),
        Mistake(
            "last of equal parents", sweep_with(hand=hand_to_the_last_of_equals), EQUAL_PARENTS
        ),
        Mistake(
            "first of equal parents", sweep_with(hand=hand_to_the_first_of_equals), EQUAL_PARENTS
        ),
        Mistake("first of equal parents twice", sweep_with(hand=hand_by_position), EQUAL_PARENTS),
        Mistake(
            "value multiplied in",
            sweep_with(hand=hand_with_value),
            "You multiply by the node's value as well. What the values have to do with it is already "
            "in the local derivatives.",
        ),
        Mistake(
            "begins with its value",
            begins_with_value,
            "You begin with the output's value. What is the derivative of the output with respect to "
            "itself?",
        ),
        Mistake(
            "order not turned round",
            sweep_with(order=lambda output: parents_first(output)[::-1]),
            "The order is right, but you walk it from the inputs to the output: when a node has its "
            "turn, nothing has arrived there yet.",
        ),
        Mistake(
            "nothing to begin with",
            sweep_with(seed=0.0),
            "All gradients are zero after your call. Either nothing begins to flow (what is the "
            "derivative of the output with respect to itself?), or what you find out is not stored "
            "in `grad`.",
        ),
        Mistake(
            "stale gradients in between",
            sweep_with(reset=lambda node: False),
            STALE,
        ),
        Mistake("stale gradients below the output", keeps_the_middle, STALE),
        Mistake(
            "marks left on the nodes",
            sweep_with(order=marked_order),
            "You mark the nodes that you have seen and leave the marks there. A second sweep then "
            "finds everything seen already.",
        ),
        Mistake(
            "the output keeps its 1",
            keeps_its_one,
            "The output still holds the 1 of the first call, and you add another: the second sweep "
            "begins with 2.",
        ),
        Mistake(
            "inputs start afresh, the middle does not",
            sweep_with(reset=lambda node: not node.parents),
            "You clear the inputs and keep the nodes in between. It has to be the other way round: "
            "what lies in between belongs to one sweep, what the inputs hold is a sum over sweeps.",
        ),
        Mistake(
            "everything starts afresh",
            sweep_with(reset=lambda node: True),
            "You clear the inputs as well, so a second loss wipes out the gradient of the first. The "
            "inputs keep what they hold and add to it; whoever wants zero there clears it on purpose.",
        ),
        Mistake(
            "upstream dropped",
            sweep_with(hand=hand_local),
            "You add up local derivatives and leave out what arrived from the output.",
        ),
        Mistake(
            "local derivative dropped",
            sweep_with(hand=hand_upstream),
            "Each node hands down its gradient unchanged. That is the rule for additions only.",
        ),
        Mistake(
            "takes the graph apart",
            sweep_with(hand=hand_and_forget),
            "You remove the parents of a node when it has had its turn, so the second sweep finds "
            "nothing. The recording must stay as it is.",
        ),
    ),
    hints=(
        "Two questions. In which order may nodes hand down, so that each has received everything "
        "first? And what does a node hold from an earlier call?",
        "First list all nodes, parents before children, without recursion: keep a stack; while its "
        "top node has a parent that you have not seen, put that parent on top, else move the node "
        "to the list. Then clear, seed, and walk the list from the back.",
        "The skeleton:\n"
        "    order, seen, stack = [], {output}, [output]\n"
        "    while stack:\n"
        "        … a parent of stack[-1] that is not in seen …\n"
        "        … none: move stack[-1] to order; one: see it, put it on top\n"
        "    for node in order: … 0.0, unless it is an input\n"
        "    output.grad += …\n"
        "    for node in … from the back: … each parent receives local times …",
    ),
    probe=Probe(probes.backward),
    draw=draw_sweeps,
    outputs=(Output("grad"), Output("grad after the second call")),
    remark="Forks, skews, a second call, and a chain of 10,000 nodes: this sweep can be trusted.",
    repeat=False,  # the second calls are among the cases, and the chain is long
)

# --- ch10.array_ops -----------------------------------------------------------------------------


class Recorded:
    """An array, the tensors it was made from, and for each of them the way back."""

    __array_ufunc__ = None

    def __init__(self, data, parents=(), pulls=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = None
        self.parents, self.pulls = parents, pulls

    def wrap(self, other):
        return other if isinstance(other, Recorded) else type(self)(other)

    def made(self, data, *ways):
        parents, pulls = zip(*ways, strict=True)
        return type(self)(data, parents, pulls)


class Tensor(Recorded):
    def __add__(self, other):
        other = self.wrap(other)
        return self.made(self.data + other.data, (self, lambda g: g), (other, lambda g: g))

    def __mul__(self, other):
        a, b = self, self.wrap(other)
        return self.made(a.data * b.data, (a, lambda g: g * b.data), (b, lambda g: g * a.data))

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __matmul__(self, other):
        a, b = self, self.wrap(other)
        return self.made(a.data @ b.data, (a, lambda g: g @ b.data.T), (b, lambda g: a.data.T @ g))

    def sum(self):
        return self.made(self.data.sum(), (self, lambda g: g * np.ones_like(self.data)))

    def mean(self):
        return self.sum() * (1 / self.data.size)

    def order(self):
        return tensors_first(self)

    def reset(self, node):
        return bool(node.parents)

    def fit(self, g, shape):
        return nn.unbroadcast(g, shape)

    def backward(self):
        order = self.order()
        for node in order:
            if node.grad is None or self.reset(node):
                node.grad = np.zeros_like(node.data)
        self.grad = self.grad + 1
        for node in reversed(order):
            self.hand_down(node)

    def hand_down(self, node):
        for parent, pull in zip(node.parents, node.pulls, strict=True):
            parent.grad = parent.grad + self.fit(pull(node.grad), parent.data.shape)


class TapedTensor:
    """Another right engine: a tape in the order of computing, and a rule by name for each entry."""

    __array_ufunc__ = None
    tape: ClassVar[list[TapedTensor]] = []

    def __init__(self, data, rule="", *operands):
        self.data = np.array(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self.rule, self.operands = rule, operands
        if rule:
            TapedTensor.tape.append(self)
        else:
            TapedTensor.tape = [entry for entry in TapedTensor.tape if entry.rule][-100:]

    @staticmethod
    def of(x):
        return x if isinstance(x, TapedTensor) else TapedTensor(x)

    def __add__(self, other):
        other = self.of(other)
        return TapedTensor(self.data + other.data, "add", self, other)

    def __mul__(self, other):
        other = self.of(other)
        return TapedTensor(self.data * other.data, "mul", self, other)

    __radd__ = __add__
    __rmul__ = __mul__

    def __matmul__(self, other):
        return TapedTensor(self.data @ other.data, "matmul", self, other)

    def sum(self):
        return TapedTensor(np.sum(self.data), "sum", self)

    def mean(self):
        return TapedTensor(np.mean(self.data), "mean", self)

    def backward(self):
        for entry in TapedTensor.tape:
            entry.grad[...] = 0
        self.grad += 1
        for entry in TapedTensor.tape[::-1]:
            g, values = entry.grad, [operand.data for operand in entry.operands]
            parts = {
                "add": lambda g=g: (g, g),
                "mul": lambda g=g, v=values: (g * v[1], g * v[0]),
                "matmul": lambda g=g, v=values: (g @ v[1].T, v[0].T @ g),
                "sum": lambda g=g: (g,),
                "mean": lambda g=g, v=values: (g / v[0].size,),
            }[entry.rule]()
            for operand, part in zip(entry.operands, parts, strict=True):
                part = np.broadcast_to(part, np.broadcast_shapes(part.shape, operand.data.shape))
                while part.ndim > operand.data.ndim:
                    part = part.sum(axis=0)
                for axis, size in enumerate(operand.data.shape):
                    if size == 1:
                        part = part.sum(axis=axis, keepdims=True)
                operand.grad += part


def draw_arrays(rng: np.random.Generator) -> Iterator[Case]:
    N, D, M = rng.permutation([2, 3, 4]).tolist()
    shapes = {
        "x": (N, D),
        "y": (N, D),
        "c": (N, D),
        "W": (D, M),
        "b": (D,),
        "k": (N, 1),
        "s": (),
    }

    def case(program: str, names: str, note: str = "", calls: int = 1, **changed: Any) -> Case:
        sizes = {**shapes, **changed}
        arrays = {name: np.asarray(rng.normal(size=sizes[name])) for name in names}
        return Case({"program": program, "calls": calls, **arrays}, note)

    programs = list(probes.ARRAYS)
    yield case(programs[0], "x")
    yield case(programs[1], "xy")
    yield case(programs[2], "xy")
    yield case(programs[3], "xc", "c is a plain NumPy array")
    yield case(programs[4], "x", "plain numbers on either side")
    yield case(programs[5], "xc", "a plain NumPy array on the left")
    yield case(programs[6], "x")
    yield case(programs[7], "xWc", c=(N, M))
    yield case(programs[7], "xWc", "a batch of one", x=(1, D), c=(1, M))
    yield case(programs[8], "xbc", "b is added to every row")
    yield case(programs[9], "xkc", "k multiplies every column")
    yield case(programs[10], "xs", "s is a single number")
    yield case(programs[11], "x", "x is used three times")
    yield case(programs[12], "xy", "h and x are used twice")
    yield case(programs[13], "xW", "h is used directly and through h * h")
    yield case(programs[2], "xy", "backward called twice", 2)
    yield case(programs[13], "xW", "backward called twice", 2)
    yield case(programs[14], "xy", "two losses, one after the other")
    yield case(programs[15], "x", "what arrives at the inner sum is not 1")


def grads_of(names: str, program: int) -> list[str]:
    return [f"d{name} of {list(probes.ARRAYS)[program]}" for name in names]


def wrong_array_mul(*pulls: Callable[[Any, Any, Any], Any]) -> type:
    def mul(self, other):
        a, b = self, self.wrap(other)
        left, right = pulls
        return self.made(
            a.data * b.data,
            (a, lambda g: left(g, a.data, b.data)),
            (b, lambda g: right(g, a.data, b.data)),
        )

    return with_methods(Tensor, __mul__=mul, __rmul__=mul)


def wrong_matmul(*pulls: Callable[[Any, Any, Any], Any]) -> type:
    def matmul(self, other):
        a, b = self, self.wrap(other)
        left, right = pulls
        return self.made(
            a.data @ b.data,
            (a, lambda g: left(g, a.data, b.data)),
            (b, lambda g: right(g, a.data, b.data)),
        )

    return with_methods(Tensor, __matmul__=matmul)


def late_binding_mul(self, other):
    a, b = self, self.wrap(other)
    pulls = []
    for factor in (b.data, a.data):
        pulls.append(lambda g: g * factor)
    return type(self)(a.data * b.data, (a, b), tuple(pulls))


def unwrapped_add(self, other):
    if isinstance(other, (int, float)):
        other = type(self)(other)
    return self.made(self.data + other.data, (self, lambda g: g), (other, lambda g: g))


def unwrapped_mul(self, other):
    if isinstance(other, (int, float)):
        other = type(self)(other)
    return self.made(
        self.data * np.asarray(other.data),
        (self, lambda g: g * np.asarray(other.data)),
        (other, lambda g: g * self.data),
    )


def multiply_in_place(g, a, b):
    g *= b
    return g


def wrong_sum(pull: Callable[[Any, Any], Any]) -> type:
    def total(self):
        return self.made(self.data.sum(), (self, lambda g: pull(g, self.data)))

    return with_methods(Tensor, sum=total, fit=only_larger, backward=keep_first)


def only_larger(self, g, shape):
    return g if np.ndim(g) < len(shape) else nn.unbroadcast(g, shape)


def wrong_mean(self):
    return self.made(self.data.mean(), (self, lambda g: g * np.ones_like(self.data)))


def overwrite(self, node):
    for parent, pull in zip(node.parents, node.pulls, strict=True):
        parent.grad = self.fit(pull(node.grad), parent.data.shape)


def share(self):
    order = self.order()
    for node in order:
        if node.parents:
            node.grad = None
    self.grad = np.ones_like(self.data)
    for node in reversed(order):
        for parent, pull in zip(node.parents, node.pulls, strict=True):
            g = self.fit(pull(node.grad), parent.data.shape)
            if parent.grad is None:
                parent.grad = g
            else:
                parent.grad += g


def keep_first(self):
    order = self.order()
    for node in order:
        if node.parents:
            node.grad = None
    self.grad = np.ones_like(self.data)
    for node in reversed(order):
        for parent, pull in zip(node.parents, node.pulls, strict=True):
            g = self.fit(pull(node.grad), parent.data.shape)
            parent.grad = g if parent.grad is None else parent.grad + g


def read_only_sum(self):
    return self.made(self.data.sum(), (self, lambda g: np.broadcast_to(g, self.data.shape)))


def drop_leading(self, g, shape):
    return g.sum(axis=tuple(range(g.ndim - len(shape)))) if g.ndim > len(shape) else g


def start_from_nothing(self):
    order = self.order()
    for node in order:
        if node.grad is None or node.parents:
            node.grad = np.zeros_like(node.data)
    for node in reversed(order):
        self.hand_down(node)


def keep_the_middle(self):
    order = self.order()
    for node in order:
        if node.grad is None:
            node.grad = np.zeros_like(node.data)
    self.grad = np.ones_like(self.data)
    for node in reversed(order):
        self.hand_down(node)


def start_from_value(self):
    order = self.order()
    for node in order:
        if node.grad is None or node.parents:
            node.grad = np.zeros_like(node.data)
    self.grad = self.grad + self.data
    for node in reversed(order):
        self.hand_down(node)


def never_made(self):
    self.grad = np.ones_like(self.data)
    for node in reversed(self.order()):
        self.hand_down(node)


def averaged_fit(self, g, shape):
    part = nn.unbroadcast(g, shape)
    return part * (part.size / g.size)


def mean_of_rows(self):
    n = (*self.data.shape, 1)[0]
    return self.made(self.data.mean(), (self, lambda g: g * np.ones_like(self.data) / n))


def sum_over_rows(self):
    return self.sum() * (1 / (*self.data.shape, 1)[0])


def multiply_with_result(self, other):
    a, b = self, self.wrap(other)
    out = a.data * b.data
    return self.made(out, (a, lambda g: g * out), (b, lambda g: g * out))


def multiply_with_arrays(self, other):
    a, b = self, self.wrap(other)
    return self.made(a.data * b.data, (a, b.data), (b, a.data))


def bare_add(self, other):
    return self.made(self.data + other.data, (self, lambda g: g), (other, lambda g: g))


def bare_mul(self, other):
    a, b = self, other
    return self.made(a.data * b.data, (a, lambda g: g * b.data), (b, lambda g: g * a.data))


ARRAY_LEFT = (
    "`2 * x` and `c * x` ask the right operand for help, through a method that your class does not "
    "have. `1 + x` asks for another one."
)
ARRAY_BARE = (
    "You read `other.data`, but the other operand may be a plain number, which has no `data`. "
    "Make a tensor of it first."
)
ARRAY_STALE = (
    "Tensors between inputs and loss still hold their gradient from the first call and hand it down "
    "again."
)
ARRAY_MEAN = (
    "You divide by the number of rows. The mean is taken over all entries, in all rows and columns."
)


ARRAY_OPS = Exercise(
    id="ch10.array_ops",
    title="An engine for arrays",
    kind="class",
    points=5,
    reference=Tensor,
    accepted=(TapedTensor, nn.Tensor),
    mistakes=(
        Mistake(
            "broadcasting not undone",
            with_methods(Tensor, fit=lambda self, g, shape: g),
            "What broadcasting copied forward has to be added up on the way back. The gradient of a "
            "parent must end with the parent's own shape.",
        ),
        Mistake(
            "axes of length 1 not summed",
            with_methods(Tensor, fit=drop_leading),
            "You add up the axes that broadcasting put in front, but not those of length 1 that it "
            "stretched. A column (N, 1) was copied, too.",
        ),
        Mistake(
            "sum not spread out",
            wrong_sum(lambda g, x: g),
            "The way back through `sum` returns the one number that arrived. Every entry of `x` was a "
            "summand, so every entry receives that number: the gradient has the shape of `x`.",
        ),
        Mistake(
            "sum drops what arrives",
            wrong_sum(lambda g, x: np.ones_like(x)),
            "The way back through `sum` returns ones, whatever arrives. It is right only if the sum is "
            "the very end of the computation.",
        ),
        Mistake(
            "mean without the division",
            with_methods(Tensor, mean=wrong_mean),
            "The way back through `mean` is that of `sum`. An entry moves the mean by a share only.",
        ),
        Mistake(
            "mean divided by the rows on the way back",
            with_methods(Tensor, mean=mean_of_rows),
            ARRAY_MEAN,
        ),
        Mistake("mean divided by the rows", with_methods(Tensor, mean=sum_over_rows), ARRAY_MEAN),
        Mistake(
            "multiply not swapped",
            wrong_array_mul(lambda g, a, b: g * a, lambda g, a, b: g * b),
            "At a multiplication each operand gets its own value. It should be the other's.",
        ),
        Mistake(
            "multiply like add",
            wrong_array_mul(lambda g, a, b: g, lambda g, a, b: g),
            "The ways back through `*` hand on `g` unchanged. That is the rule for `+`.",
        ),
        Mistake(
            "multiply with the result",
            with_methods(Tensor, __mul__=multiply_with_result, __rmul__=multiply_with_result),
            "The ways back through `*` multiply by the result of the product. It should be the other "
            "operand.",
        ),
        Mistake(
            "arrays as ways back",
            with_methods(Tensor, __mul__=multiply_with_arrays, __rmul__=multiply_with_arrays),
            "Your `pulls` are arrays, as `local` was made of numbers. A way back is a *function* of "
            "`g` now.",
        ),
        Mistake(
            "late-binding closure",
            with_methods(Tensor, __mul__=late_binding_mul, __rmul__=late_binding_mul),
            "Your functions are made in a loop and look the loop's variable up when they are *called*. "
            "By then it has its last value, so both ways back multiply by the same factor.",
        ),
        Mistake(
            "multiplies in place",
            wrong_array_mul(multiply_in_place, lambda g, a, b: g * a),
            "A way back writes into the `g` that it gets (`*=`). The next parent receives the same "
            "array, and by then it is another.",
        ),
        Mistake(
            "matrices not transposed",
            wrong_matmul(lambda g, a, b: g @ b, lambda g, a, b: a @ g),
            "On the way back through `@` each factor has to be transposed. Write the shapes down.",
        ),
        Mistake(
            "g on the wrong side",
            wrong_matmul(lambda g, a, b: b.T @ g, lambda g, a, b: g @ a.T),
            "On the way back through `@` the gradient stands on the wrong side of the product. Write "
            "the shapes down: only one order fits.",
        ),
        Mistake(
            "ways back through @ swapped",
            wrong_matmul(lambda g, a, b: a.T @ g, lambda g, a, b: g @ b.T),
            "The two ways back through `@` have changed places: the first function belongs to the "
            "first parent. Write the shapes down.",
        ),
        Mistake(
            "entry by entry on the way back",
            wrong_matmul(lambda g, a, b: g * b.T, lambda g, a, b: a.T * g),
            "On the way back through `@` you multiply entry by entry. It goes by matrix products, "
            "there and back.",
        ),
        Mistake(
            "gradients of the product transposed",
            wrong_matmul(lambda g, a, b: b @ g.T, lambda g, a, b: g.T @ a),
            "The ways back through `@` give the transposes of the gradients. Each must have the shape "
            "of its own factor.",
        ),
        Mistake(
            "matrix product entry by entry",
            with_methods(Tensor, __matmul__=lambda self, other: self.__mul__(other)),
            "Your `@` multiplies entry by entry. It is the matrix product, rows times columns.",
        ),
        Mistake(
            "no number on the left",
            without(Tensor, "__radd__", "__rmul__"),
            ARRAY_LEFT,
        ),
        Mistake("no number left of +", without(Tensor, "__radd__"), ARRAY_LEFT),
        Mistake(
            "plain numbers not wrapped",
            with_methods(
                Tensor, __add__=bare_add, __radd__=bare_add, __mul__=bare_mul, __rmul__=bare_mul
            ),
            ARRAY_BARE,
        ),
        Mistake(
            "plain numbers not wrapped by +",
            with_methods(Tensor, __add__=bare_add, __radd__=bare_add),
            ARRAY_BARE,
        ),
        Mistake(
            "plain arrays not wrapped",
            with_methods(
                Tensor,
                __add__=unwrapped_add,
                __radd__=unwrapped_add,
                __mul__=unwrapped_mul,
                __rmul__=unwrapped_mul,
            ),
            "Numbers as operands work, plain NumPy arrays do not: one of them has become a parent, and "
            "an array has neither parents nor a place for a gradient. Make a tensor of it.",
        ),
        Mistake(
            "overwritten at a fork",
            with_methods(Tensor, hand_down=overwrite),
            "A second part that arrives at a tensor replaces the first. They add, as ever.",
        ),
        Mistake(
            "handed on too early",
            with_methods(Tensor, order=lambda self: discovery_order(self)),
            "A tensor hands down before everything that uses it has delivered. The order is the one of "
            "your `backward`: parents first, read from the back.",
        ),
        Mistake(
            "shared gradients",
            with_methods(Tensor, backward=share),
            "`x + y` hands the same array to both parents, and you keep it as their gradient. When `+=` "
            "later adds to the one, it changes the other. Either copy or never write in place.",
        ),
        Mistake(
            "read-only gradients",
            with_methods(Tensor, backward=share, sum=read_only_sum),
            "`np.broadcast_to` returns a view that NumPy does not let you write to, and `+=` writes. "
            "Either copy or never write in place.",
        ),
        Mistake(
            "stale gradients in between",
            with_methods(Tensor, reset=lambda self, node: False),
            ARRAY_STALE,
        ),
        Mistake(
            "stale gradients below the loss",
            with_methods(Tensor, backward=keep_the_middle),
            ARRAY_STALE,
        ),
        Mistake(
            "order not turned round",
            with_methods(Tensor, order=lambda self: tensors_first(self)[::-1]),
            "You walk from the inputs to the loss: when a tensor has its turn, nothing has arrived "
            "there yet.",
        ),
        Mistake(
            "averaged where it was copied",
            with_methods(Tensor, fit=averaged_fit),
            "You take the mean over what broadcasting has copied. Every copy had its influence on the "
            "loss, and influences add up.",
        ),
        Mistake(
            "no gradient to add to",
            with_methods(Tensor, backward=never_made),
            "The `grad` of a tensor is None at first, and you add to it. Give it zeros, or the first "
            "part itself.",
        ),
        Mistake(
            "begins with its value",
            with_methods(Tensor, backward=start_from_value),
            "You begin with the loss's value. What is the derivative of the loss with respect to "
            "itself?",
        ),
        Mistake(
            "everything starts afresh",
            with_methods(Tensor, reset=lambda self, node: True),
            "You clear the inputs at the beginning of a sweep. They add up over several losses; "
            "clearing them is up to whoever trains.",
        ),
        Mistake(
            "nothing to begin with",
            with_methods(Tensor, backward=start_from_nothing),
            "All gradients begin at zero, the loss's own as well, so nothing flows.",
        ),
    ),
    hints=(
        "Take one operation at a time and write the shapes beside it: what went in, what came out, "
        "and what shape each parent's gradient must have.",
        "A way back is a function of `g`, the gradient of the result. `+` hands on `g`; `*` and `@` are "
        "the rules of chapters 2 and 4; `sum` spreads one number over the shape. `unbroadcast` brings "
        "each gradient to its parent's shape, once, in `backward`.",
        "The skeleton:\n"
        "    def __mul__(self, other):\n"
        "        a, b = self, as_tensor(other)\n"
        "        return Tensor(…, (a, b), (lambda g: …, lambda g: …))\n"
        "    def backward(self):\n"
        "        … order, clear, seed with ones, as in your `backward`\n"
        "        … parent.grad = parent.grad + nn.unbroadcast(pull(…), …)",
    ),
    probe=Probe(probes.arrays),
    draw=draw_arrays,
    outputs=(
        *(Output(name, "(N, D)", "the shape of x") for name in grads_of("xx", 8)[:1]),
        *(Output(name, "(D,)", "one number per column") for name in grads_of("b", 8)),
        *(Output(name, "(N, 1)", "one number per row") for name in grads_of("k", 9)),
        *(Output(name, "()", "s is a single number") for name in grads_of("s", 10)),
        *(Output(name, "(N, D)", "the shape of x") for name in grads_of("x", 0)),
        *(Output(name, "(N, D)", "the shape of x") for name in grads_of("x", 7)),
        *(Output(name, "(D, M)", "the shape of W") for name in grads_of("W", 7)),
    ),
    remark="An engine: five operations and a sweep. What a network needs beyond it is a longer list of "
    "operations.",
)

# --- ch10.getitem -------------------------------------------------------------------------------


def getitem_backward(x, index, dout):
    dx = np.zeros_like(x)
    np.add.at(dx, index, dout)
    return dx


def getitem_by_places(x, index, dout):
    """Number the entries of x, look which of them were taken, and count with weights."""
    places = np.arange(x.size).reshape(x.shape)[index]
    total = np.bincount(np.ravel(places), weights=np.ravel(dout), minlength=x.size)
    return total.reshape(x.shape)


def getitem_by_loop(x, index, dout):
    places = np.arange(x.size).reshape(x.shape)[index]
    dx = np.zeros(x.size, dtype=x.dtype)
    for place, g in zip(np.ravel(places), np.ravel(dout), strict=True):
        dx[place] += g
    return dx.reshape(x.shape)


def getitem_by_matrix(x, index, dout):
    places = np.ravel(np.arange(x.size).reshape(x.shape)[index])
    taken = places[:, None] == np.arange(x.size)
    return (np.ravel(dout) @ taken).reshape(x.shape)


def draw_getitem(rng: np.random.Generator) -> Iterator[Case]:
    def case(x: Any, note: str, **index: Any) -> Case:
        taken = x[slice(*index["slice"])] if "slice" in index else x[index["index"]]
        dout = rng.normal(size=np.shape(taken)).astype(x.dtype)
        return Case({"x": x, **index, "dout": dout}, note)

    x = rng.normal(size=(5, 3))
    ids = np.array([3, 1, 3, 0, 3])
    yield case(x, "rows by number, row 3 three times", index=ids)
    yield case(x, "rows by slice", slice=[1, 4, 2])
    yield case(x, "entries by row and column", index=(np.arange(4), rng.integers(0, 3, size=4)))
    yield case(x, "one entry twice", index=(np.array([2, 0, 2]), np.array([1, 2, 1])))
    yield case(
        rng.normal(size=6),
        "an array with one axis; −1 is the last entry",
        index=np.array([5, -1, 2]),
    )
    yield case(x.astype(np.float32), "float32", index=rng.permutation(ids))
    yield case(x, "nothing is taken twice", index=rng.permutation(5)[:3])


def started_from_x(x, index, dout):
    dx = x.copy()
    np.add.at(dx, index, dout)
    return dx


def adds_once(x, index, dout):
    dx = np.zeros_like(x)
    dx[index] += dout
    return dx


def drops_upstream(x, index, dout):
    dx = np.zeros_like(x)
    np.add.at(dx, index, 1)
    return dx


def averages(x, index, dout):
    dx, count = np.zeros_like(x), np.zeros_like(x)
    np.add.at(dx, index, dout)
    np.add.at(count, index, 1)
    return dx / np.maximum(count, 1)


def into_x(x, index, dout):
    x[...] = 0
    np.add.at(x, index, dout)
    return x


def first_only(x, index, dout):
    dx = np.zeros_like(x)
    if isinstance(index, np.ndarray):
        unique, first = np.unique(index, return_index=True)
        dx[unique] = dout[first]
    else:
        dx[index] = dout
    return dx


def rows_only(x, index, dout):
    dx = np.zeros_like(x)
    for row, g in zip(index, dout):
        dx[row] += g
    return dx


def spread_over_all(x, index, dout):
    dx = np.zeros_like(x)
    dx[: len(dout)] += dout
    return dx


def zeros_like_dout(x, index, dout):
    dx = np.zeros_like(dout)
    np.add.at(dx, index, dout)
    return dx


def returns_the_call(x, index, dout):
    return np.add.at(np.zeros_like(x), index, dout)


def times_x(x, index, dout):
    dx = np.zeros_like(x)
    np.add.at(dx, index, dout * x[index])
    return dx


GETITEM = Exercise(
    id="ch10.getitem",
    title="The way back through x[index]",
    kind="function",
    points=3,
    reference=getitem_backward,
    accepted=(getitem_by_places, getitem_by_loop, getitem_by_matrix),
    mistakes=(
        Mistake(
            "repeated indices lost",
            adds_once,
            "`dx[index] += dout` and `dx[index] = dout` both write all results at once. Where an index "
            "occurs three times, three numbers go to one place and only the last one stays. That "
            "entry was used three times, so it should receive all three.",
        ),
        Mistake(
            "only the first of several",
            first_only,
            "Of several gradients for the same entry you keep the first. They add.",
        ),
        Mistake(
            "gradient of the taken part",
            lambda x, index, dout: dout.copy(),
            "You return the gradient of what was taken. The gradient of `x` has the shape of `x`, with "
            "zeros where nothing was taken.",
        ),
        Mistake(
            "upstream dropped",
            drops_upstream,
            "You count how often each entry was taken. Each time it was, `dout` sent a number.",
        ),
        Mistake(
            "averaged",
            averages,
            "You divide by the number of times an entry was taken. Every use counts in full.",
        ),
        Mistake(
            "starts from x",
            started_from_x,
            "You add to the values of `x`. A gradient begins at zero.",
        ),
        Mistake(
            "overwrites x",
            into_x,
            "You use `x` itself as the place for its gradient, and its values are gone.",
        ),
        Mistake(
            "zeros in the shape of dout",
            zeros_like_dout,
            "Your zeros have the shape of `dout`. The gradient of `x` has the shape of `x`, which may "
            "have more or fewer entries.",
        ),
        Mistake(
            "takes again",
            lambda x, index, dout: dout[index],
            "You take from `dout` by the index, as the forward pass takes from `x`. Backward the "
            "numbers go the other way: each to the place that it was taken from.",
        ),
        Mistake(
            "what add.at returns",
            returns_the_call,
            "`np.add.at` changes the array that it is given, and returns nothing. Return that array.",
        ),
        Mistake(
            "multiplied by x",
            times_x,
            "You multiply by the values that were taken. Taking is no product: its slope is 1.",
        ),
        Mistake(
            "index is not used as NumPy uses it",
            rows_only,
            "You go through `index` row by row. That works for a list of row numbers, but an index may "
            "be a slice or a pair of arrays as well.",
        ),
        Mistake(
            "index ignored",
            spread_over_all,
            "The gradients go to the first places, in the order of `dout`. They belong where they were "
            "taken from.",
        ),
    ),
    hints=(
        "Take `x` of five numbers and the index [3, 1, 3]. Draw the three arrows from `x` to the "
        "result, then turn them round. What arrives at entry 3?",
        "Begin with zeros in the shape of `x`. Add to every place, once for every time it was taken. "
        "NumPy's ufuncs have a method for this kind of adding; look at the text above the exercise.",
        "The skeleton:\n    dx = … zeros, like x\n    np.add.…(dx, index, …)\n    return …",
    ),
    probe=Probe(probes.getitem),
    draw=draw_getitem,
    outputs=(Output("dx", "", "the shape of x"),),
    remark="An entry that is used three times is a fork with three branches, and at a fork gradients "
    "add.",
)

# --- ch10.zero_grad_fix -------------------------------------------------------------------------


def fitted(step: Callable[[list[Any], Any, float, int], None]) -> Callable[..., Any]:
    """Make a training function from what it does in each step."""

    def fit_line(x, t, rate, steps):
        params = [nn.Tensor(0.0), nn.Tensor(0.0)]
        losses = []
        for number in range(steps):
            w, b = params
            loss = ((x * w + b + -t) ** 2).mean()
            step(params, loss, rate, number)
            losses.append(loss.data.item())
        return params[0].data.item(), params[1].data.item(), losses

    return fit_line


def go(params: list[Any], rate: float) -> None:
    for p in params:
        p.data = p.data - rate * p.grad


def clear_first(params, loss, rate, number):
    for p in params:
        p.zero_grad()
    loss.backward()
    go(params, rate)


def clear_last(params, loss, rate, number):
    loss.backward()
    go(params, rate)
    for p in params:
        p.grad = 0.0 * p.grad


def new_tensors(params, loss, rate, number):
    loss.backward()
    params[:] = [nn.Tensor(p.data - rate * p.grad) for p in params]


def difference(params, loss, rate, number):
    before = [0.0 if p.grad is None else p.grad for p in params]
    loss.backward()
    for p, old in zip(params, before, strict=True):
        p.data = p.data - rate * (p.grad - old)


def never_cleared(params, loss, rate, number):
    loss.backward()
    go(params, rate)


def clears_w_only(params, loss, rate, number):
    params[0].zero_grad()
    never_cleared(params, loss, rate, number)


def clears_b_only(params, loss, rate, number):
    params[1].zero_grad()
    never_cleared(params, loss, rate, number)


def clears_too_early(params, loss, rate, number):
    loss.backward()
    for p in params:
        p.zero_grad()
    go(params, rate)


def zeros_too_early(params, loss, rate, number):
    loss.backward()
    for p in params:
        p.grad = 0.0
    go(params, rate)


def smaller_rate(params, loss, rate, number):
    loss.backward()
    go(params, rate / 10)


def averaged(params, loss, rate, number):
    loss.backward()
    go(params, rate / (number + 1))


def uphill(params, loss, rate, number):
    for p in params:
        p.zero_grad()
    loss.backward()
    go(params, -rate)


def moves_w_only(params, loss, rate, number):
    for p in params:
        p.zero_grad()
    loss.backward()
    go(params[:1], rate)


def fit_line_late(x, t, rate, steps):
    w, b, losses = nn.Tensor(0.0), nn.Tensor(0.0), []
    for _ in range(steps):
        w, b = nn.Tensor(w.data), nn.Tensor(b.data)
        ((x * w + b - t) ** 2).mean().backward()
        go((w, b), rate)
        losses.append(((x * w + b - t) ** 2).mean().data.item())
    return w.data.item(), b.data.item(), losses


def fit_line_anew(x, t, rate, steps):
    losses = []
    for _ in range(steps):
        w, b, (loss,) = fitted(clear_first)(x, t, rate, 1)
        losses.append(loss)
    return w, b, losses


def fit_line_once(x, t, rate, steps):
    return fitted(clear_first)(x, t, rate, 1)


def draw_line(rng: np.random.Generator) -> Iterator[Case]:
    for size, steps, note in ((7, 12, "12 steps"), (5, 1, "a single step"), (1, 6, "one sample")):
        x = rng.uniform(-1.5, 1.5, size=size)
        w, b = rng.choice((-1, 1), size=2) * rng.uniform(0.8, 2.5, size=2)
        t = w * x + b + rng.normal(0, 0.1, size=size)
        rate = round(float(rng.uniform(0.08, 0.15)), 3)
        yield Case({"x": x, "t": t, "rate": rate, "steps": steps}, note)


ZERO_GRAD_FIX = Exercise(
    id="ch10.zero_grad_fix",
    title="Mend the training that never comes to rest",
    kind="debug",
    points=2,
    reference=fitted(clear_first),
    accepted=(fitted(clear_last), fitted(new_tensors), fitted(difference)),
    mistakes=(
        Mistake(
            "still the given code",
            fitted(never_cleared),
            "From the second step on, the gradients still contain those of all earlier steps, as in "
            "the given code. Clearing once before the loop, or clearing the loss's own gradient, "
            "changes nothing.",
        ),
        Mistake(
            "only w cleared",
            fitted(clears_w_only),
            "The gradient of `w` starts afresh in each step, that of `b` still piles up.",
        ),
        Mistake(
            "only b cleared",
            fitted(clears_b_only),
            "The gradient of `b` starts afresh in each step, that of `w` still piles up.",
        ),
        Mistake(
            "cleared between backward and the step",
            fitted(clears_too_early),
            "You clear the gradients after they have been computed and before they are used. `None` is "
            "left, and it cannot be multiplied.",
        ),
        Mistake(
            "parameters never move",
            fitted(zeros_too_early),
            "The parameters end where they began. Either the gradients are zero when the step is taken, "
            "or you set the parameters themselves back; only their *gradients* belong to one step.",
        ),
        Mistake(
            "a smaller rate",
            fitted(smaller_rate),
            "A smaller rate makes the swings slower, but the gradients still pile up. It is the "
            "symptom that is treated.",
        ),
        Mistake(
            "averaged over the steps",
            fitted(averaged),
            "You divide the sum of all gradients by the number of steps. Most of them were taken at "
            "parameters that have long changed.",
        ),
        Mistake(
            "uphill",
            fitted(uphill),
            "The gradients are cleared now, but you add them: the loss grows.",
        ),
        Mistake(
            "loss noted after the step",
            fit_line_late,
            "The training is right. But you note the loss after the parameters have moved; asked for "
            "is the loss of each step *before* they move.",
        ),
        Mistake(
            "return inside the loop",
            fit_line_once,
            "You return inside the loop, so the training ends after its first step.",
        ),
        Mistake(
            "parameters made anew in every step",
            fit_line_anew,
            "`w` and `b` are made anew, with 0, in every step. Nothing is learnt from one step to the "
            "next.",
        ),
        Mistake(
            "only w moves",
            fitted(moves_w_only),
            "Only `w` is ever updated; `b` stays where it began.",
        ),
    ),
    hints=(
        "Print `w.grad` right after `backward` in the first three steps, and work out by hand what it "
        "should be in the second.",
        "Inputs add up over several calls of `backward`; that is how you built it. Whoever trains has "
        "to say when a new sum begins: once in every step.",
        "The order inside the loop:\n    loss = …\n    … for both parameters, before loss.backward()\n"
        "    loss.backward()\n    … the step",
    ),
    probe=Probe(call, {"returns": ("w", "b", "losses")}),
    draw=draw_line,
    outputs=(Output("w"), Output("b"), Output("losses")),
    remark="Frameworks add gradients up for good reasons, and every training loop in them has the "
    "line that you have put in.",
)

# --- ch10.reach_autograd ------------------------------------------------------------------------

WANTED = 0.97


def cross_entropy(scores, t):
    """Record softmax with loss as a single node."""
    last = nn.SoftmaxWithLoss()
    return type(scores)(last.forward(scores.data, t), (scores,), (last.backward,))


def relu(z):
    keep = z.data > 0
    return type(z)(z.data * keep, (z,), (lambda g: g * keep,))


def training(
    epochs: int = 60,
    rate: float = 0.5,
    weights: Callable[[np.random.Generator, tuple[int, int]], Any] = lambda rng, shape: rng.normal(
        0, 0.1, shape
    ),
    clear: bool = True,
    shuffled: bool = False,
    engine: Callable[..., Any] = nn.Tensor,
) -> Callable[..., Any]:
    """Make a training function, right or wrong."""

    def train_digits(x, t, rng):
        arrays = (weights(rng, (64, 50)), np.zeros(50), weights(rng, (50, 10)), np.zeros(10))
        params = [engine(array) for array in arrays]
        W1, b1, W2, b2 = params

        def scores(x):
            return relu(engine(x) @ W1 + b1) @ W2 + b2

        for _ in range(epochs):
            for batch in nn.minibatches(len(x), 50, rng):
                labels = t[rng.permutation(len(batch))] if shuffled else t[batch]
                loss = cross_entropy(scores(x[batch]), labels)
                for p in params:
                    if clear:
                        p.grad = None
                loss.backward()
                for p in params:
                    p.data = p.data - rate * p.grad
        return params, scores

    return train_digits


def train_by_squares(x, t, rng):
    """Another loss, another start, another engine: still 97 %."""
    params = [
        Tensor(array)
        for array in (
            rng.normal(0, nn.he(64), (64, 60)),
            np.full(60, 0.01),
            rng.normal(0, nn.he(60), (60, 10)),
            np.full(10, 0.1),
        )
    ]

    def scores(x):
        h = Tensor(x) @ params[0] + params[1]
        return h * (h.data > 0) @ params[2] + params[3]

    targets = np.eye(10)[t]
    for _ in range(100):
        for batch in nn.minibatches(len(x), 40, rng):
            off = scores(x[batch]) + -targets[batch]
            loss = (off * off).mean()
            loss.backward()
            for p in params:
                p.data -= 0.5 * p.grad
                p.grad = None
    return params, scores


def train_params_as_arrays(x, t, rng):
    params, scores = training(epochs=1)(x, t, rng)
    return [param.data for param in params], scores


def train_scores_as_array(x, t, rng):
    params, scores = training(epochs=1)(x, t, rng)
    return params, lambda x: scores(x).data


def train_without_the_engine(x, t, rng):
    net = nn.TwoLayerNet(64, 50, 10, rng, std=0.1)
    for _ in range(60):
        for batch in nn.minibatches(len(x), 50, rng):
            grads = net.gradient(x[batch], t[batch])
            for name, param in net.params.items():
                param -= 0.5 * grads[name]
    params = [nn.Tensor(param) for param in net.params.values()]
    return params, lambda x: nn.Tensor(net.predict(x))


def accuracy_on(inputs: Mapping[str, Any], predicted: Any) -> float | None:
    """Return the share of right predictions, or None if these are no predictions at all."""
    t = inputs["t"]
    if not isinstance(predicted, np.ndarray) or predicted.shape != t.shape:
        return None
    return float((predicted == t).mean())


def judge_predictions(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    reached = accuracy_on(inputs, got)
    if reached is None:
        return "The predictions are not one class for each digit."
    if reached >= WANTED:
        return None
    return f"{reached:.1%} of the test digits are right; at least {WANTED:.0%} are asked for."


def judge_slope(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    measured, found = (
        (got.get("measured"), got.get("by backward")) if isinstance(got, dict) else (None, None)
    )
    if not isinstance(measured, float) or not isinstance(found, float):
        return "The gradient of the scores could not be measured."
    if measured == 0.0:
        return "When the parameters in `params` move, the scores do not change at all."
    if abs(measured - found) <= 1e-3 * (abs(measured) + abs(found)) + 1e-6:
        return None
    return (
        f"Your engine says that the scores rise at the rate {found:.4g} when the parameters move in "
        f"some direction; measured are {measured:.4g}."
    )


def trained(told: Callable[[float | None, Mapping[str, Any]], bool]) -> Any:
    """Recognise a training by its accuracy and by what its parameters look like."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        if not seen or not isinstance(seen[0].values.get("parameters"), dict):
            return False
        facts = seen[0].values["parameters"]
        if not {"finite", "all moved", "units alike", "gradient left"} <= facts.keys():
            return False
        inputs = {**cases[0].inputs, **cases[0].hidden}
        reached = accuracy_on(inputs, seen[0].values.get("predicted"))
        return (reached is None or reached < WANTED) and bool(told(reached, facts))

    return when


def stopped_at(words: str, seen: Sequence[Observation]) -> bool:
    return bool(seen) and seen[0].failure is not None and seen[0].failure.message.startswith(words)


def without_reaction(seen: Sequence[Observation]) -> bool:
    slope = seen[0].values.get("slope") if seen else None
    return isinstance(slope, dict) and same(slope.get("measured"), 0.0)


def sound(facts: Mapping[str, Any]) -> bool:
    return bool(facts["finite"] and facts["all moved"] and not facts["units alike"])


def draw_digits(rng: np.random.Generator) -> Iterator[Case]:
    t = load_digits().t_test
    order = rng.permutation(len(t))
    yield Case(
        {"seed": int(rng.integers(1_000_000)), "order": order},
        hidden={"t": t[order]},
    )


REACH_AUTOGRAD = Exercise(
    id="ch10.reach_autograd",
    title="The digits, learnt by your engine",
    kind="target",
    points=5,
    reference=training(),
    accepted=(training(epochs=60, engine=Tensor), train_by_squares),
    mistakes=(
        Mistake(
            "no longer numbers",
            training(epochs=20, rate=-0.5),
            "Some parameters are infinite or not a number: the steps go uphill, or the rate is far "
            "too large.",
            recognise=trained(lambda reached, facts: not facts["finite"]),
        ),
        Mistake(
            "all hidden units alike",
            training(epochs=3, weights=lambda rng, shape: np.zeros(shape)),
            "All columns of the first weight matrix are the same. Units that begin alike receive the "
            "same gradients and stay alike for ever; they have to start at random.",
            recognise=trained(lambda reached, facts: facts["finite"] and facts["units alike"]),
        ),
        Mistake(
            "parameters never moved",
            training(epochs=0),
            "At least one parameter is still exactly zero everywhere: it was never updated. Does the "
            "step reach the `data` of every tensor in `params`?",
            recognise=trained(
                lambda reached, facts: (
                    facts["finite"] and not facts["all moved"] and not facts["units alike"]
                )
            ),
        ),
        Mistake(
            "gradients pile up",
            training(epochs=20, clear=False),
            "The gradients that are left after your training are far larger than those of one batch: "
            "they were never cleared between the steps.",
            recognise=trained(
                lambda reached, facts: (
                    sound(facts) and reached is not None and facts["gradient left"] > 1
                )
            ),
        ),
        Mistake(
            "hardly better than guessing",
            training(epochs=5, shuffled=True),
            "The network has trained and still guesses. Look whether the labels of a batch belong to "
            "its digits, and whether the rate is so large that the hidden units die.",
            recognise=trained(
                lambda reached, facts: (
                    sound(facts)
                    and reached is not None
                    and reached < 0.5
                    and facts["gradient left"] <= 1
                )
            ),
        ),
        Mistake(
            "stopped too early",
            training(epochs=2),
            "The network is learning and has not come far enough: more epochs, a larger rate, or "
            "better first weights. (Is there a ReLU between the two products?)",
            recognise=trained(
                lambda reached, facts: (
                    sound(facts)
                    and reached is not None
                    and reached >= 0.5
                    and facts["gradient left"] <= 1
                )
            ),
        ),
        Mistake(
            "not trained by the engine",
            train_without_the_engine,
            "The scores are not computed from the tensors in `params`, so `backward` cannot have been "
            "what trained them. `scores` has to compute with the tensors themselves.",
            recognise=lambda cases, seen: without_reaction(seen),
        ),
        Mistake(
            "arrays instead of tensors",
            train_params_as_arrays,
            "`params` holds bare arrays. Return the tensors, whose `grad` belongs to them.",
            recognise=lambda cases, seen: stopped_at("params[0] is an array", seen),
        ),
        Mistake(
            "scores as an array",
            train_scores_as_array,
            "`scores` takes the numbers out of the tensor and returns them alone. With them goes the "
            "way back.",
            recognise=lambda cases, seen: stopped_at("scores(x) is an array", seen),
        ),
    ),
    hints=(
        "You have every part. Which tensors are the parameters, and which lines of the loop in the "
        "exercise before are the same here?",
        "Four tensors; scores by two products and a `relu` between; in every step a batch, the loss, "
        "cleared gradients, `backward`, and a step downhill. Begin the weights with small random "
        "numbers, std 0.1, and try the rate 0.5 and some dozens of epochs.",
        "The skeleton:\n"
        "    params = [Tensor(…), …]      # W1, b1, W2, b2\n"
        "    def scores(x):\n"
        "        return relu(Tensor(x) @ … + …) @ … + …\n"
        "    for _ in range(…):\n"
        "        for batch in nn.minibatches(len(x), …, rng):\n"
        "            … loss, clear, backward, step\n"
        "    return …, scores",
    ),
    probe=Probe(probes.digits),
    draw=draw_digits,
    outputs=(
        Output("parameters", compare=lambda inputs, got, expected: None),
        Output("predicted", compare=judge_predictions),
        Output("slope", compare=judge_slope),
    ),
    remark="Your own engine has learnt to read. From the first plus sign to the last gradient, there "
    "is nothing left in it that you have not written or could not write.",
    seconds=60.0,
    repeat=False,
)

EXERCISES = (
    SCALAR_OPS,
    BACKWARD,
    ARRAY_OPS,
    GETITEM,
    ZERO_GRAD_FIX,
    REACH_AUTOGRAD,
)
