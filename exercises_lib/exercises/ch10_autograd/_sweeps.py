"""Right sweeps for `ch10.sweep`, written in other ways than its reference."""

from __future__ import annotations

from graphlib import TopologicalSorter


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
