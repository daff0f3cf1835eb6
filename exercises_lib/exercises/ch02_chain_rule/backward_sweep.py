"""ch02.backward_sweep: the backward sweep."""

from __future__ import annotations

from functools import partial

from exercises_lib.checking import Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch02_chain_rule._orders import (
    breadth_first,  # noqa: F401 (mistakes below use these three)
    outputs_of,  # noqa: F401
    preorder,  # noqa: F401
    topological_order,
)
from exercises_lib.exercises.ch02_chain_rule._sweeps import (
    AGAIN_AND_AGAIN,
    RIGHT_WALKS,
    arrows,
    deeper,
    draw_recordings,
    few_visits,
    in_order,
    in_rings,
    lacks_zeros_only,
    on_arrival,
    plain_parents,
    queued,
    sweeps_like,
    visited_once,
    walks_all_paths,
)
from exercises_lib.probes.ch02 import sweep


def backward_sweep(graph, output):
    gradients = {node: 0.0 for node in graph}
    gradients[output] = 1.0
    order = topological_order(plain_parents(graph))
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


wrong = Mistakes(backward_sweep)

wrong.swap("overwritten at a fork", "+= local", "= local").says(
    """Where a node is used twice, the second gradient replaces the first one. A change of that node
    reaches the output by both ways.""",
    recognise=sweeps_like(*RIGHT_WALKS, deeper, queued, keep="last"),
)

wrong.swap(
    "only the first use counted",
    ("gradients = {node: 0.0 for node in graph}", "gradients = {}"),
    (
        "gradients[parent] += local * gradients[node]",
        "gradients.setdefault(parent, local * gradients.get(node, 0.0))",
    ),
    ("return gradients", "return {node: gradients.get(node, 0.0) for node in graph}"),
).says(
    """Once a node has a gradient, you let nothing more in. What arrives by a second way counts as
    well.""",
    recognise=sweeps_like(*RIGHT_WALKS, keep="first"),
)

wrong.swap(
    "handed down again",
    ("order = topological_order(plain_parents(graph))", ""),
    ("for node in reversed(order):", "def back(node):"),
    (
        "gradients[parent] += local * gradients[node]",
        "gradients[parent] += local * gradients[node]\nback(parent)",
    ),
    ("return gradients", "back(output)\nreturn gradients"),
).says(
    """You go on from a node each time something arrives there, and hand down *everything* it holds
    by then. What was already passed on is passed on a second time.""",
    recognise=sweeps_like(*AGAIN_AND_AGAIN),
)

wrong.swap(
    "breadth first",
    "topological_order(plain_parents(graph))",
    "breadth_first(plain_parents(graph), starts=lambda _: [output])",
).says(
    """You go back in rings around the output. A node near the output by one way hands down its
    gradient before the part that takes the longer way has arrived.""",
    recognise=sweeps_like(in_rings),
)

wrong.swap(
    "written down on arrival",
    "topological_order(plain_parents(graph))",
    "preorder(plain_parents(graph), starts=lambda _: [output], turned=True)",
).says(
    """You follow one way to its end and hand down as you arrive. A node hands on what it has before
    the other ways have delivered their parts.""",
    recognise=sweeps_like(
        *(partial(on_arrival, forward=forward) for forward in (True, False)),
        *(partial(visited_once, turn=turn) for turn in (1, -1)),
    ),
)

wrong.swap("trusts the dictionary's order", "reversed(order)", "reversed(graph)").says(
    """You go through the nodes as the dictionary lists them, forwards or backwards. Here it lists
    them in any order; you need one in which every node comes after all that use it.""",
    recognise=sweeps_like(
        lambda graph, output: arrows(graph, reversed(graph)),
        lambda graph, output: arrows(graph, graph),
    ),
)

wrong.swap("nothing to begin with", "gradients[output] = 1.0", "").says("""Every gradient begins at
    zero, so nothing flows. What is the derivative of the output with respect to itself?""")

wrong.swap(
    "begins at every end",
    "gradients[output] = 1.0",
    "gradients |= dict.fromkeys(outputs_of(plain_parents(graph)), 1.0)",
).says("""You begin with 1 at the end of the graph, where nobody uses a node any more. Asked are the
    derivatives of `output`, wherever it stands.""")

wrong.swap("every node begins with 1", "node: 0.0 for", "node: 1.0 for").says("""
    Every node begins with 1. That 1 belongs to the output alone: it is the derivative of the output
    with respect to itself.""")

wrong.swap("the same parent counted once", "in graph[node]:", "in dict(graph[node]).items():").says(
    """Where a node uses the same parent twice, as in h × h, you keep one of the two arrows: a
    dictionary holds a key once, and a set an entry. Each arrow hands something down.""",
    recognise=sweeps_like(
        lambda graph, output: in_order(
            {n: list(dict(u).items()) for n, u in graph.items()}, output
        ),
        lambda graph, output: in_order(
            {n: list(dict.fromkeys(u)) for n, u in graph.items()}, output
        ),
    ),
)

wrong.swap("the f of the text", "gradients[output] = 1.0", "gradients['f'] = 1.0").says("""
    You begin at a node called `f`. That is the name in the example; which node to begin at is said
    by `output`.""")

wrong.swap(
    "nothing to add to", "gradients = {node: 0.0 for node in graph}", "gradients = {}"
).says("""You add to an entry that is not there yet: `+=` needs a number to add to. What does a node
    hold before anything has arrived?""")

wrong.swap(
    "asks a node that received nothing",
    ("gradients = {node: 0.0 for node in graph}", "gradients = {}"),
    ("gradients[parent] += local", "gradients[parent] = gradients.get(parent, 0.0) + local"),
).says("""You look up the gradient of a node that never received one, because it does not lead to
    the output. Such a node has a gradient, too.""")

wrong.swap("pairs taken for names", "plain_parents(graph)", "graph").says("""
    You hand the recording to `topological_order` as it is. There it finds pairs of a parent and a
    number where it wants the names alone.""")

wrong.swap(
    "shared out among the parents",
    "local * gradients[node]",
    "local * gradients[node] / len(graph[node])",
).says("""You divide a node's gradient by the number of its parents. Nothing is shared out: each
    parent gets local × upstream in full.""")

wrong.swap(
    "inputs only",
    "return gradients",
    "return {node: gradients[node] for node, used in graph.items() if not used}",
).says("""You return the gradients of the inputs. The answer has an entry for every node, also for
    those in the middle and for the output.""")

wrong.swap("stops after the first step", "reversed(order)", "order").says("""
    Only the output's own parents have got something. The walk goes in the forward direction, or
    ends too early: when a node had its turn, nothing had arrived there yet.""")

wrong.swap("upstream dropped", "local * gradients[node]", "local").says("""
    You add up local derivatives and leave out what arrived from the output. Each has to be
    multiplied by the gradient of the node that hands it down.""")

wrong.swap("local derivative dropped", "local * gradients[node]", "gradients[node]").says("""
    Every node hands on its gradient unchanged. That is right for additions only.""")

wrong.swap("added along the way", "local * gradients[node]", "local + gradients[node]").says("""
    You add local derivative and gradient. Along a path the local derivatives multiply; it is where
    ways meet that they add.""")

wrong.swap(
    "multiplied where ways meet", ("node: 0.0 for", "node: 1.0 for"), ("+= local", "*= local")
).says("""You multiply what arrives at a node from different sides. Along a path the local
    derivatives multiply; where ways meet they add.""")

wrong.swap(
    "nodes without influence left out",
    "return gradients",
    "return {node: gradient for node, gradient in gradients.items() if gradient}",
).says(
    """A node that does not lead to the output has a derivative, too: it is 0.0. The answer has an
    entry for every node.""",
    recognise=lacks_zeros_only,
)

wrong.swap(
    "eats the recording",
    "for parent, local in graph[node]:",
    "while graph[node]:\n    parent, local = graph[node].pop()",
).says("You empty the recording while you walk. The caller wants to sweep over it again.")

wrong.swap(
    "a walk over all paths",
    ("gradients[output] = 1.0", ""),
    ("order = topological_order(plain_parents(graph))", ""),
    ("for node in reversed(order):", "def walk(node, arrived):\n    gradients[node] += arrived"),
    ("gradients[parent] += local * gradients[node]", "walk(parent, arrived * local)"),
    ("return gradients", "walk(output, 1.0)\nreturn gradients"),
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
