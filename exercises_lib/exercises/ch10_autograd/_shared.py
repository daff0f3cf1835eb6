"""What several exercises of this chapter share."""

from __future__ import annotations

from typing import Any


def with_methods(base: type, **methods: Any) -> type:
    """Make a class with the same name as its base and some methods replaced."""
    return type(base.__name__, (base,), methods)


def without(base: type, *names: str) -> type:
    """Make a class of the same name that lacks some methods."""
    kept = {name: method for name, method in vars(base).items() if name not in names}
    return type(base.__name__, base.__bases__, kept)


def discovery_order(output):
    order, seen, stack = [], set(), [output]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            stack += reversed(node.parents)
    return order[::-1]
