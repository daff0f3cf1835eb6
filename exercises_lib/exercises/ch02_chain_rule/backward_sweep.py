"""ch02.backward_sweep: the backward sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.checking.serialize import copy_plain, same
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._orders import (
    Parents,
    breadth_first,
    order_by_counting,
    order_by_library,
    order_by_longest_way,
    order_by_scanning,
    outputs_of,
    preorder,
    topological_order,
)
from exercises_lib.probes.ch02 import sweep

RUNGS = 10
PER_ARROW = 3


def backward_sweep(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    order = topological_order(
        {node: [parent for parent, _ in used] for node, used in graph.items()}
    )
    for node in reversed(order):
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
    return gradients


def sweep_by_asking_children(graph, output):
    """Ask for each node: who uses me, and what have they got?"""
    known = {output: 1.0}

    def gradient(node):
        if node not in known:
            known[node] = sum(
                local * gradient(child)
                for child, used in graph.items()
                for parent, local in used
                if parent == node
            )
        return known[node]

    return {node: float(gradient(node)) for node in graph}


def sweep_when_complete(graph, output):
    """Hand a gradient on when everything that uses the node has handed its part down."""
    waiting = {node: 0 for node in graph}
    reached = [output]
    for node in reached:
        for parent, _ in graph[node]:
            waiting[parent] += 1
            if parent not in reached:
                reached.append(parent)
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    ready = [output]
    while ready:
        node = ready.pop()
        for parent, local in graph[node]:
            gradients[parent] += gradients[node] * local
            waiting[parent] -= 1
            if waiting[parent] == 0:
                ready.append(parent)
    return gradients


def sweep_from_a_copy(graph, output):
    """Copy the recording first, then sweep."""
    graph = {node: [(str(parent), local + 0.0) for parent, local in u] for node, u in graph.items()}
    return backward_sweep(graph, output)


def recorded(parents: Parents, rng: np.random.Generator, *, shuffle: bool = True) -> dict[str, Any]:
    """Give every edge of a graph a random local derivative, and the nodes a random order."""
    nodes = rng.permutation(list(parents)).tolist() if shuffle else list(parents)

    def local() -> float:
        return round(float(rng.choice((-1, 1)) * rng.uniform(1.2, 3.5)), 2)

    return {node: [(parent, local()) for parent in parents[node]] for node in nodes}


def draw_recordings(rng: np.random.Generator) -> Iterator[Case]:
    leaf_fork = {"x": [], "y": [], "q": ["x", "y"], "f": ["q", "x"]}
    yield Case(
        {"graph": recorded(leaf_fork, rng, shuffle=False), "output": "f"},
        "a leaf fork: the input x is used twice",
    )
    # Listed from the output back, so that neither reading direction of a dictionary always works.
    long = {"f": ["k3", "h"], "k3": ["k2"], "k2": ["k1"], "k1": ["h"], "h": ["x"], "x": []}
    yield Case(
        {"graph": recorded(long, rng, shuffle=False), "output": "f"},
        "a long skew: f uses h directly and at the end of a chain",
    )
    short = {"x": [], "h": ["x"], "k": ["h"], "f": ["h", "k"]}
    yield Case(
        {"graph": recorded(short, rng), "output": "f"},
        "a short skew: f uses h directly and through k",
    )
    inner = {"x": [], "y": [], "h": ["x", "y"], "u": ["h"], "v": ["h"], "f": ["u", "v"]}
    yield Case(
        {"graph": recorded(inner, rng), "output": "f"},
        "an inner fork: u and v both use h",
    )
    twice = recorded({"x": [], "h": ["x", "x"], "loss": ["h", "h"]}, rng)
    twice["loss"] = twice["loss"][:1] * 2  # h × h: both local derivatives are h
    yield Case({"graph": twice, "output": "loss"}, "the same parent twice, as in h × h")
    beside = {"x": [], "z": [], "u": ["x"], "f": ["u", "x"], "g": ["f", "z"]}
    yield Case(
        {"graph": recorded(beside, rng), "output": "f"},
        "f is the output; g and z were recorded too and do not lead to it",
    )

    rungs = {f"n{k}": [f"n{k - 1}"] * 2 for k in range(RUNGS, 0, -1)} | {"n0": []}
    yield Case(
        {"graph": recorded(rungs, rng), "output": f"n{RUNGS}", "counted": True},
        f"a ladder of {RUNGS} doubled arrows",
    )


def arrows_of(graph: Mapping[str, Sequence[Any]]) -> int:
    return sum(len(used) for used in graph.values())


def few_visits(inputs: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """Accept some multiplications per arrow, and refuse as many as there are paths."""
    arrows = arrows_of(inputs["graph"])
    if got <= PER_ARROW * arrows:
        return None
    return (
        f"Your sweep multiplies {got:,} times on a ladder of {arrows} arrows; one multiplication "
        "for each arrow is enough."
    )


def walks_all_paths(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether all gradients are right and the ladder took far more visits than arrows."""
    pairs = list(zip(cases, seen, strict=False))
    right = all(
        one.failure is None
        and agrees(
            one.values.get("gradients"),
            backward_sweep(case.inputs["graph"], case.inputs["output"]),
        )
        for case, one in pairs
    )
    counts = [
        few_visits(case.inputs, one.values["multiplications"], None)
        for case, one in pairs
        if "multiplications" in one.values
    ]
    return right and any(counts)


wrong = Mistakes(backward_sweep)


def order_from_the_ends(parents):
    return topological_order(
        {node: parents[node] for node in [*outputs_of(parents), *parents]},
    )


ORDERS = (
    topological_order,
    order_from_the_ends,
    order_by_scanning,
    order_by_counting,
    order_by_longest_way,
    order_by_library,
)

Recording = Mapping[str, Sequence[tuple[str, float]]]


def plain_parents(graph: Recording) -> dict[str, list[str]]:
    return {node: [parent for parent, _ in used] for node, used in graph.items()}


def right_order(graph, *, by=topological_order):
    return list(by(plain_parents(graph)))[::-1]


def overwrites(graph, output, *, by=topological_order):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    for node in right_order(graph, by=by):
        for parent, local in graph[node]:
            gradients[parent] = local * gradients[node]
    return gradients


def recursion_that_overwrites(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0

    def back(node):
        for parent, local in graph[node]:
            gradients[parent] = local * gradients[node]
            back(parent)

    back(output)
    return gradients


def queue_that_overwrites(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    queue = [output]
    for node in queue:
        for parent, local in graph[node]:
            gradients[parent] = local * gradients[node]
            queue.append(parent)
    return gradients


def agrees(got: Any, theirs: Mapping[str, float]) -> bool:
    """Tell whether gradients are these, as far as they go: entries may be missing."""
    return (
        isinstance(got, dict)
        and bool(got)
        and got.keys() <= theirs.keys()
        and all(same(got[node], theirs[node], rtol=1e-6, atol=1e-9) for node in got)
    )


def sweeps_like(*answers: Callable[[Any, str], Any]) -> Any:
    """Recognise an answer that gives, in every case, what one of these answers gives."""

    def when(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
        given = [case.inputs for case in cases]
        found = [one.values.get("gradients") for one in seen]
        return len(found) == len(given) and any(
            all(
                agrees(got, answer(copy_plain(inputs["graph"]), inputs["output"]))
                for inputs, got in zip(given, found, strict=True)
            )
            for answer in answers
        )

    return when


wrong.answer("overwritten at a fork", overwrites).says(
    """Where a node is used twice, the second gradient replaces the first one. A change of that node
    reaches the output by both ways.""",
    recognise=sweeps_like(
        *(partial(overwrites, by=order) for order in ORDERS),
        recursion_that_overwrites,
        queue_that_overwrites,
    ),
)


def first_use_only(graph, output, *, by=topological_order):
    gradients = {output: 1.0}
    for node in right_order(graph, by=by):
        for parent, local in graph[node]:
            gradients.setdefault(parent, local * gradients.get(node, 0.0))
    return {node: gradients.get(node, 0.0) for node in graph}


wrong.answer("only the first use counted", first_use_only).says(
    """Once a node has a gradient, you let nothing more in. What arrives by a second way counts as
    well.""",
    recognise=sweeps_like(*(partial(first_use_only, by=order) for order in ORDERS)),
)


def hands_down_again(graph, output, *, forward=True):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0

    def back(node):
        for parent, local in graph[node] if forward else graph[node][::-1]:
            gradients[parent] += local * gradients[node]
            back(parent)

    back(output)
    return gradients


def hands_down_all_then_again(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0

    def back(node):
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
        for parent, _ in graph[node]:
            back(parent)

    back(output)
    return gradients


def queue_without_memory(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    queue = [output]
    for node in queue:
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
            queue.append(parent)
    return gradients


def stack_without_memory(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    stack = [output]
    while stack:
        node = stack.pop()
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
            stack.append(parent)
    return gradients


def queue_of_those_not_waiting(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    queue = [output]
    while queue:
        node = queue.pop(0)
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
            if parent not in queue:
                queue.append(parent)
    return gradients


wrong.answer("handed down again", hands_down_again).says(
    """You go on from a node each time something arrives there, and hand down *everything* it holds
    by then. What was already passed on is passed on a second time.""",
    recognise=sweeps_like(
        hands_down_again,
        lambda graph, output: hands_down_again(graph, output, forward=False),
        hands_down_all_then_again,
        queue_without_memory,
        queue_of_those_not_waiting,
        stack_without_memory,
    ),
)


def sweep_in(order, graph, output):
    """Hand down along any given order, right or wrong."""
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    for node in order:
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]
    return gradients


def breadth_first_sweep(graph, output):
    order = breadth_first(plain_parents(graph), starts=lambda _: [output], turned=False)
    return sweep_in(order, graph, output)


wrong.answer("breadth first", breadth_first_sweep).says(
    """You go back in rings around the output. A node near the output by one way hands down its
    gradient before the part that takes the longer way has arrived.""",
    recognise=sweeps_like(breadth_first_sweep),
)


def preorder_sweep(graph, output, *, forward=True):
    order = preorder(plain_parents(graph), starts=lambda _: [output], forward=forward)
    return sweep_in(order, graph, output)


def visited_once(graph, output, *, forward=True):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    visited = set()

    def back(node):
        if node in visited:
            return
        visited.add(node)
        for parent, local in graph[node] if forward else graph[node][::-1]:
            gradients[parent] += local * gradients[node]
            back(parent)

    back(output)
    return gradients


wrong.answer("written down on arrival", preorder_sweep).says(
    """You follow one way to its end and hand down as you arrive. A node hands on what it has before
    the other ways have delivered their parts.""",
    recognise=sweeps_like(
        preorder_sweep,
        lambda graph, output: preorder_sweep(graph, output, forward=False),
        visited_once,
        lambda graph, output: visited_once(graph, output, forward=False),
    ),
)


def in_the_dictionary_reversed(graph, output):
    return sweep_in(reversed(graph), graph, output)


def in_the_dictionary(graph, output):
    return sweep_in(graph, graph, output)


wrong.answer("trusts the dictionary's order", in_the_dictionary_reversed).says(
    """You go through the nodes as the dictionary lists them, forwards or backwards. Here it lists
    them in any order; you need one in which every node comes after all that use it.""",
    recognise=sweeps_like(in_the_dictionary_reversed, in_the_dictionary),
)

wrong.swap(
    "nothing to begin with",
    """
    gradients[output] = 1.0
    order = topological_order(
        {node: [parent for parent, _ in used] for node, used in graph.items()}
    )
    for node in reversed(order):""",
    "for node in right_order(graph):",
).says("""Every gradient begins at zero, so nothing flows. What is the derivative of the output with
    respect to itself?""")

wrong.swap(
    "begins at every end",
    """
    gradients[output] = 1.0
    order = topological_order(
        {node: [parent for parent, _ in used] for node, used in graph.items()}
    )
    for node in reversed(order):""",
    """
    for node in outputs_of(plain_parents(graph)):
        gradients[node] = 1.0
    for node in right_order(graph):""",
).says("""You begin with 1 at the end of the graph, where nobody uses a node any more. Asked are the
    derivatives of `output`, wherever it stands.""")

wrong.swap(
    "every node begins with 1",
    """
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    order = topological_order(
        {node: [parent for parent, _ in used] for node, used in graph.items()}
    )
    for node in reversed(order):""",
    "gradients = {node: 1.0 for node in graph}\nfor node in right_order(graph):",
).says("""Every node begins with 1. That 1 belongs to the output alone: it is the derivative of the
    output with respect to itself.""")


def twins_merged(graph, output):
    merged = {node: list(dict(used).items()) for node, used in graph.items()}
    return backward_sweep(merged, output)


def equal_twins_merged(graph, output):
    return backward_sweep({node: list(dict.fromkeys(used)) for node, used in graph.items()}, output)


wrong.answer("the same parent counted once", twins_merged).says(
    """Where a node uses the same parent twice, as in h × h, you keep one of the two arrows: a
    dictionary holds a key once, and a set an entry. Each arrow hands something down.""",
    recognise=sweeps_like(twins_merged, equal_twins_merged),
)

wrong.swap("the f of the text", "gradients[output] = 1.0", 'gradients["f"] = 1.0').says("""
    You begin at a node called `f`. That is the name in the example; which node to begin at is said
    by `output`.""")

wrong.swap(
    "nothing to add to",
    """
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    order = topological_order(
        {node: [parent for parent, _ in used] for node, used in graph.items()}
    )
    for node in reversed(order):""",
    "gradients = {output: 1.0}\nfor node in right_order(graph):",
).says("""You add to an entry that is not there yet: `+=` needs a number to add to. What does a node
    hold before anything has arrived?""")

wrong.swap(
    "asks a node that received nothing",
    (
        """
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    order = topological_order(
        {node: [parent for parent, _ in used] for node, used in graph.items()}
    )
    for node in reversed(order):""",
        "gradients = {output: 1.0}\nfor node in right_order(graph):",
    ),
    ("gradients[parent] += local", "gradients[parent] = gradients.get(parent, 0.0) + local"),
).says("""You look up the gradient of a node that never received one, because it does not lead to
    the output. Such a node has a gradient, too.""")

wrong.swap(
    "pairs taken for names",
    """
    graph = {node: [(str(parent), local + 0.0) for parent, local in u] for node, u in graph.items()}
    return backward_sweep(graph, output)""",
    "return sweep_in(topological_order(graph)[::-1], graph, output)",
    of=sweep_from_a_copy,
).says("""You hand the recording to `topological_order` as it is. There it finds pairs of a parent
    and a number where it wants the names alone.""")

wrong.swap(
    "shared out among the parents",
    "gradients = {node: 0.0 for node in graph}",
    """
    halved = {
        node: [(parent, local / len(used)) for parent, local in used]
        for node, used in graph.items()
    }
    graph = halved
    gradients = {node: 0.0 for node in graph}""",
).says("""You divide a node's gradient by the number of its parents. Nothing is shared out: each
    parent gets local × upstream in full.""")

wrong.swap(
    "inputs only",
    "return gradients",
    "return {node: gradients[node] for node, used in graph.items() if not used}",
).says("""You return the gradients of the inputs. The answer has an entry for every node, also for
    those in the middle and for the output.""")

wrong.swap(
    "stops after the first step",
    """
    graph = {node: [(str(parent), local + 0.0) for parent, local in u] for node, u in graph.items()}
    return backward_sweep(graph, output)""",
    "return sweep_in(right_order(graph)[::-1], graph, output)",
    of=sweep_from_a_copy,
).says("""Only the output's own parents have got something. The walk goes in the forward direction,
    or ends too early: when a node had its turn, nothing had arrived there yet.""")

wrong.swap(
    "upstream dropped",
    (
        """
    order = topological_order(
        {node: [parent for parent, _ in used] for node, used in graph.items()}
    )
    for node in reversed(order):""",
        "for node in right_order(graph):",
    ),
    ("local * gradients[node]", "local"),
).says("""You add up local derivatives and leave out what arrived from the output. Each has to be
    multiplied by the gradient of the node that hands it down.""")

wrong.swap(
    "local derivative dropped",
    """
    order = topological_order(
        {node: [parent for parent, _ in used] for node, used in graph.items()}
    )
    for node in reversed(order):
        for parent, local in graph[node]:
            gradients[parent] += local * gradients[node]""",
    """
    for node in right_order(graph):
        for parent, _ in graph[node]:
            gradients[parent] += gradients[node]""",
).says("Every node hands on its gradient unchanged. That is right for additions only.")

wrong.swap(
    "added along the way",
    (
        """
    order = topological_order(
        {node: [parent for parent, _ in used] for node, used in graph.items()}
    )
    for node in reversed(order):""",
        "for node in right_order(graph):",
    ),
    ("local * gradients[node]", "local + gradients[node]"),
).says("""You add local derivative and gradient. Along a path the local derivatives multiply; it is
    where ways meet that they add.""")

wrong.swap(
    "multiplied where ways meet",
    (
        """
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    order = topological_order(
        {node: [parent for parent, _ in used] for node, used in graph.items()}
    )
    for node in reversed(order):""",
        "gradients = {node: 1.0 for node in graph}\nfor node in right_order(graph):",
    ),
    ("gradients[parent] += local", "gradients[parent] *= local"),
).says("""You multiply what arrives at a node from different sides. Along a path the local
    derivatives multiply; where ways meet they add.""")


def lacks_zeros_only(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Tell whether all is right but for missing entries of nodes whose gradient is 0."""
    lacking = 0
    for case, one in zip(cases, seen, strict=False):
        got: Any = one.values.get("gradients")
        wanted = backward_sweep(case.inputs["graph"], case.inputs["output"])
        if not agrees(got, wanted) or any(wanted[node] for node in wanted.keys() - got.keys()):
            return False
        lacking += len(got) < len(wanted)
    return bool(lacking)


wrong.swap(
    "nodes without influence left out",
    """
    graph = {node: [(str(parent), local + 0.0) for parent, local in u] for node, u in graph.items()}
    return backward_sweep(graph, output)""",
    "return {node: gradient for node, gradient in backward_sweep(graph, output).items() if gradient}",
    of=sweep_from_a_copy,
).says(
    """A node that does not lead to the output has a derivative, too: it is 0.0. The answer has an
    entry for every node.""",
    recognise=lacks_zeros_only,
)

wrong.swap(
    "eats the recording",
    (
        "gradients = {node: 0.0 for node in graph}",
        "order = right_order(graph)\ngradients = {node: 0.0 for node in graph}",
    ),
    (
        """
    order = topological_order(
        {node: [parent for parent, _ in used] for node, used in graph.items()}
    )
    for node in reversed(order):
        for parent, local in graph[node]:""",
        """
    for node in order:
        while graph[node]:
            parent, local = graph[node].pop()""",
    ),
).says("You empty the recording while you walk. The caller wants to sweep over it again.")

wrong.swap(
    "a walk over all paths",
    """
    graph = {node: [(str(parent), local + 0.0) for parent, local in u] for node, u in graph.items()}
    return backward_sweep(graph, output)""",
    """
    gradients = {node: 0.0 for node in graph}

    def walk(node, arrived):
        gradients[node] += arrived
        for parent, local in graph[node]:
            walk(parent, arrived * local)

    walk(output, 1.0)
    return gradients""",
    of=sweep_from_a_copy,
).says(
    """Your gradients are right, and this is not backpropagation: you walk every path from the
    output by itself. Every rung of the ladder doubles the number of paths, so ten rungs cost a
    thousand walks and thirty a billion. Let a node collect what arrives, and hand it down once.""",
    recognise=walks_all_paths,
)

EXERCISE = Exercise(
    id="ch02.backward_sweep",
    title="The backward sweep",
    kind="function",
    points=3,
    difficulty=3,
    reference=backward_sweep,
    accepted=(sweep_by_asking_children, sweep_when_complete, sweep_from_a_copy),
    mistakes=wrong.all,
    hints=(
        "Do the inner fork by hand first: x → h, then h → u and h → v, then u and v → f. At which "
        "moment is h allowed to hand its gradient down to x?",
        "Begin with 1 at the output. Go through the nodes so that everything that uses a node has had "
        "its turn before it: the last exercise from back to front. Each parent receives local × "
        "gradient, added to what it holds.",
        "The skeleton:\n"
        "    gradients = … 0.0 for every node, … for the output\n"
        "    order = … parents first, as in the last exercise\n"
        "    for node in … the order from the back:\n"
        "        for parent, local in graph[node]:\n"
        "            gradients[parent] … local * …",
    ),
    probe=Probe(sweep),
    draw=draw_recordings,
    outputs=(Output("gradients"), Output("multiplications", compare=few_visits)),
    remark="Leaf forks, inner forks, short skews, long skews, and a ladder with 1,024 paths: your "
    "sweep is right on all of them, and uses each arrow once.",
)
