"""ch02.topological_order: which node first?"""

from __future__ import annotations

from collections.abc import Sequence

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._order_judging import (
    draw_orders,
    goes_on_with_the_last,
    has_twice,
    is_order,
    lacks_nodes,
    lacks_only_twins,
    lacks_what_one_walk_misses,
    order_problem,
    orders_like,
    orders_where,
)
from exercises_lib.exercises.ch02_chain_rule._orders import (
    breadth_first,
    order_by_counting,
    order_by_library,
    order_by_longest_way,
    order_by_scanning,
    outputs_of,
    preorder,
    topological_order,
)
from exercises_lib.probes import call

wrong = Mistakes(topological_order)

wrong.swap("children first", "return order", "return order[::-1]").says(
    """Your order is right from back to front: every node stands before its parents. On the way
    forward a node needs the values of its parents, so they come first.""",
    recognise=orders_where(lambda parents, order: is_order(parents, order[::-1])),
)


def as_listed(parents):
    return list(parents)


wrong.answer("the dictionary's order", as_listed).says(
    """You list the nodes as the dictionary, or the alphabet, has them. That says nothing about who
    needs whom.""",
    recognise=orders_like(
        as_listed, lambda p: list(p)[::-1], sorted, lambda p: sorted(p, reverse=True)
    ),
)

wrong.swap(
    "a node more than once",
    ("done = set()", ""),
    (
        """
    if node in done:
        return
    done.add(node)
""",
        "",
    ),
    ("in parents:", "in outputs_of(parents):"),
).says(
    """A node that is used twice is reached twice, and you write it down each time. Remember where
    you have been.""",
    recognise=orders_where(has_twice, every=False),
)

wrong.swap(
    "the same parent counted once",
    "for parent in needed:",
    "for parent in set(needed):",
    of=order_by_counting,
).says(
    """In `x × x` the node has two parents that are the same. You wait for two and tick off one, so
    this node, and all that need it, never get their turn.""",
    recognise=orders_where(lacks_only_twins),
)


def one_look_only(parents):
    order = []
    for node in parents:
        if all(parent in order for parent in parents[node]):
            order.append(node)
    return order


def one_look_from_the_end(parents):
    return one_look_only(dict(reversed(list(parents.items()))))


wrong.answer("one look at each node", one_look_only).says(
    """You look at each node once, in the dictionary's order. A node whose parents come later is
    passed over, and nobody comes back to it.""",
    recognise=orders_like(one_look_only, one_look_from_the_end),
)

wrong.swap(
    "only one output's ancestors",
    "for node in parents:\n    visit(node)",
    "visit(outputs_of(parents)[0])",
).says(
    """You walk back from one node only. What does not lead to it is never reached: begin a walk at
    every node that is not in the order yet.""",
    recognise=lacks_what_one_walk_misses,
)


def lacks_nodes_otherwise(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether nodes are missing, for none of the reasons that have a name of their own."""
    looked = orders_like(one_look_only, one_look_from_the_end)
    twins = orders_where(lacks_only_twins)
    named = (lacks_what_one_walk_misses, looked, twins)
    return lacks_nodes(cases, seen) and not any(test(cases, seen) for test in named)


wrong.swap(
    "stops too early",
    "while len(order) < len(parents):",
    "for _ in range(2):",
    of=order_by_scanning,
).says(
    """Your order is right as far as it goes, but you stop before every node has had its turn. How
    often you have to look depends on the graph.""",
    recognise=lacks_nodes_otherwise,
)


def moved_once(parents):
    order = list(parents)
    for node in parents:
        for parent in parents[node]:
            if order.index(parent) > order.index(node):
                order.remove(parent)
                order.insert(order.index(node), parent)
    return order


wrong.answer("moved once", moved_once).says(
    """You move each node's parents in front of it, once. When a parent moves forward later, its own
    parents stay behind.""",
    recognise=orders_like(moved_once),
)


def parents_as_met(parents):
    order = []
    for used in parents.values():
        order += [parent for parent in used if parent not in order]
    return list(dict.fromkeys(order + list(parents)))


wrong.answer("parents as they come", parents_as_met).says(
    """You list the parents as you meet them, then the rest. A parent may need another node that you
    meet later.""",
    recognise=orders_like(parents_as_met),
)

wrong.swap("the f of the text", "for node in parents:\n    visit(node)", 'visit("f")').says("""
    You begin at a node called `f`. That is the name in the example; a graph has any names, and it
    can have several nodes that nobody uses.""")

wrong.swap(
    "deleted during the walk",
    ("while len(order) < len(parents):", "parents = dict(parents)\nwhile parents:"),
    ("order.append(node)", "order.append(node)\ndel parents[node]"),
    of=order_by_scanning,
).says("""You take entries out of the very dictionary that the loop is walking over. Python refuses
    that.""")

wrong.answer("written down on arrival", preorder).says(
    """You write a node down when you arrive at it, before you have gone to its parents. Another way
    may still lead deeper; turning the list round afterwards does not cure that.""",
    recognise=orders_like(
        *(
            lambda p, s=starts, f=forward, t=turned: preorder(p, starts=s, forward=f, turned=t)
            for starts in (list, outputs_of, lambda p: list(p)[::-1], lambda p: outputs_of(p)[::-1])
            for forward in (True, False)
            for turned in (True, False)
        )
    ),
)

wrong.answer("breadth first", breadth_first).says(
    """You go back in rings: first the parents, then theirs. A node that is near the output by one
    way and far by another comes in too near a ring.""",
    recognise=orders_like(
        *(
            lambda p, s=starts, t=turned: breadth_first(p, starts=s, turned=t)
            for starts in (outputs_of, list)
            for turned in (True, False)
        )
    ),
)


def parents_without_theirs(parents):
    order = []
    for node in parents:
        for parent in parents[node]:
            if parent not in order:
                order.append(parent)
        if node not in order:
            order.append(node)
    return order


wrong.answer("parents without theirs", parents_without_theirs).says(
    """You place a node's parents before it, that is right. But they have parents as well, and those
    have not always had their place by then.""",
    recognise=orders_like(parents_without_theirs),
)


def inputs_then_rest(parents):
    inputs = [node for node in parents if not parents[node]]
    return inputs + [node for node in parents if parents[node]]


wrong.answer("inputs first, then anyhow", inputs_then_rest).says(
    "The inputs come first, that is right. But among the other nodes, too, some need others.",
    recognise=orders_like(inputs_then_rest),
)


def by_number_of_parents(parents):
    return sorted(parents, key=lambda node: len(parents[node]))


wrong.answer("fewest parents first", by_number_of_parents).says(
    "You sort by the number of parents. A node with one parent may still need a node that has two.",
    recognise=orders_like(by_number_of_parents),
)


def by_shortest_way(parents):
    def level(node):
        return 1 + min(map(level, parents[node]), default=0)

    return sorted(parents, key=level)


def forward_in_rings(parents):
    order = [node for node in parents if not parents[node]]
    for node in order:
        order += [child for child in parents if node in parents[child] and child not in order]
    return order


wrong.answer("shortest way counts", by_shortest_way).says(
    """In your order the shortest way from an input decides, ring by ring. It is the longest one
    that counts: a node has to wait for the slowest of its parents.""",
    recognise=orders_like(by_shortest_way, forward_in_rings),
)


def one_parent_is_enough(parents):
    order = []
    while len(order) < len(parents):
        for node, needed in parents.items():
            if node not in order and (not needed or any(parent in order for parent in needed)):
                order.append(node)
    return order


def one_parent_after_the_inputs(parents):
    order = [node for node in parents if not parents[node]]
    while len(order) < len(parents):
        for node, needed in parents.items():
            if node not in order and any(parent in order for parent in needed):
                order.append(node)
    return order


wrong.answer("one parent is enough", one_parent_is_enough).says(
    "A node gets its turn as soon as *one* of its parents is there. It needs all of them.",
    recognise=orders_like(one_parent_is_enough, one_parent_after_the_inputs),
)


def keeps_its_list(parents, order=[]):
    def visit(node):
        if node not in order:
            for parent in parents[node]:
                visit(parent)
            order.append(node)

    for node in parents:
        visit(node)
    return order


wrong.answer("a list kept from call to call", keeps_its_list).says(
    """Your list still holds the nodes of an earlier call. It was made once, outside the function or
    as a default value, and every call adds to it.""",
    recognise=goes_on_with_the_last,
)

wrong.swap(
    "takes the graph apart",
    ("len(order) < len(parents)", "parents"),
    ("parents.items():", "list(parents.items()):"),
    ("order.append(node)", "order.append(node)\ndel parents[node]"),
    of=order_by_scanning,
).says("""You delete nodes from the dictionary as you go. It belongs to the caller, who still needs
    it.""")

EXERCISE = Exercise(
    id="ch02.topological_order",
    title="Which node first?",
    kind="function",
    points=3,
    difficulty=3,
    reference=topological_order,
    accepted=(order_by_scanning, order_by_counting, order_by_longest_way, order_by_library),
    mistakes=wrong.all,
    hints=(
        "Take pencil and paper and order one of the drawn graphs by hand. Which question do you ask "
        "at each node before you write it down?",
        "Keep two things: the row so far, and a way to tell whether a node is in it already. A "
        "node that nobody waits for is where you can begin; a node that waits is where you have to "
        "go back to its parents first.",
        "One way, with a function that calls itself:\n"
        "    def visit(node):\n"
        "        if node has been visited: return\n"
        "        for parent in parents[node]:\n"
        "            …\n"
        "        … write the node down\n"
        "    for node in parents: …",
    ),
    probe=Probe(call, {"returns": ("order",)}),
    draw=draw_orders,
    outputs=(Output("order", compare=order_problem),),
    remark="Your order may differ from your neighbour's. All that counts is that every arrow "
    "points to the right.",
)
