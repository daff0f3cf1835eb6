"""Orders of a graph in which a sweep goes wrong."""

from __future__ import annotations

from collections import deque


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
