"""ch03.Checkpointed: layers in a row that forget, and compute again what they need."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises_lib.checking import Case, Exercise, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.probes import ch03 as probes


class Checkpointed:
    def __init__(self, layers, every):
        self.layers, self.every = layers, every

    def forward(self, x):
        self.kept = []
        for number, layer in enumerate(self.layers):
            if number % self.every == 0:
                self.kept.append(x)
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for block in reversed(range(len(self.kept))):
            first = block * self.every
            layers = self.layers[first : first + self.every]
            x = self.kept[block]
            for layer in layers:
                x = layer.forward(x)
            for layer in reversed(layers):
                dout = layer.backward(dout)
        return dout


class InBlocks:
    """The blocks cut once, each with its input."""

    def __init__(self, layers, every):
        self.blocks = [layers[k : k + every] for k in range(0, len(layers), every)]

    def forward(self, x):
        self.inputs = {}
        for number, block in enumerate(self.blocks):
            self.inputs[number] = x
            x = self.run(block, x)
        return x

    def run(self, block, x):
        for layer in block:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for number, x in reversed(self.inputs.items()):
            self.run(self.blocks[number], x)
            for layer in self.blocks[number][::-1]:
                dout = layer.backward(dout)
        return dout


class LastBlockStillThere(Checkpointed):
    """The last block has just gone forward; it is not run again the first time."""

    def forward(self, x):
        self.fresh = True
        return super().forward(x)

    def backward(self, dout):
        first = (len(self.layers) - 1) // self.every * self.every
        for block in range(first, -1, -self.every):
            layers, x = self.layers[block : block + self.every], self.kept[block // self.every]
            if not (self.fresh and block == first):
                for layer in layers:
                    x = layer.forward(x)
            self.fresh = False
            for layer in layers[::-1]:
                dout = layer.backward(dout)
        return dout


def draw_rows(rng: np.random.Generator) -> Iterator[Case]:
    for count, every, note in (
        (4, 2, "4 layers, every second input kept"),
        (7, 3, "7 layers, every third input kept: the last block has one layer"),
        (3, 1, "every input kept"),
        (3, 5, "a single block, shorter than it might be"),
    ):
        weights = [rng.normal(size=(3, 3)).round(2) for _ in range(count)]
        x, dout = rng.normal(size=(2, 2, 3))
        yield Case({"weights": weights, "every": every, "x": x, "dout": dout}, note)


def judge_kept(inputs, got, expected) -> str | None:
    """Allow as many arrays as there are blocks."""
    blocks = -(-len(inputs["weights"]) // inputs["every"])
    if isinstance(got, int) and got <= blocks:
        return None
    return (
        f"After forward you hold {got} arrays. There are {blocks} blocks: keep one input for each."
    )


def judge_work(inputs, got, expected) -> str | None:
    """Allow one more forward pass through each layer."""
    count = len(inputs["weights"])
    if isinstance(got, int) and got <= count:
        return None
    return f"backward sends {got} layers forward again. {count} are enough: each layer once."


wrong = Mistakes(Checkpointed)

wrong.swap(
    "nothing computed again",
    """
            for layer in layers:
                x = layer.forward(x)
""",
    "",
).says("""You go back without going forward again. By then the layers of earlier blocks have
    forgotten their inputs: run the block forward first, from the input that you have kept.""")

wrong.swap(
    "every input kept",
    "if number % self.every == 0:",
    "if True:",
    "range(len(self.kept))",
    "range(-(-len(self.layers) // self.every))",
    "self.kept[block]",
    "self.kept[first]",
).says("""
    You keep the input of every layer. That is what was to be saved: one for each block is
    enough.""")

wrong.swap("outputs kept", "self.kept.append(x)", "self.kept.append(layer.forward(x))").says("""
    You keep what the first layer of a block returns. The block has to begin again from what that
    layer was *given*.""")

wrong.swap(
    "blocks from first to last", "reversed(range(len(self.kept)))", "range(len(self.kept))"
).says("""
    You take the blocks from the first to the last. The gradient comes from the end: the last block
    goes back first.""")

wrong.swap(
    "layers of a block not turned round", "reversed(layers)", "layers"
).says("""Within a block
    you go back from its first layer to its last. The last one comes first.""")

wrong.swap(
    "from the beginning each time",
    """
            x = self.kept[block]
            for layer in layers:
""",
    """
            x = self.kept[0]
            for layer in self.layers[: first + self.every]:
""",
).says("""For every block you go forward from the very first input. The gradients are right, and
    the early layers are computed again and again; begin at the input of the block.""")

wrong.swap(
    "the short block left out", "range(len(self.kept))", "range(len(self.layers) // self.every)"
).says("""
    Where the number of layers is no multiple of `every`, the last block is shorter, and yours is
    left out.""")

wrong.swap(
    "inputs of earlier passes kept",
    "self.layers, self.every = layers, every",
    "self.layers, self.every, self.kept = layers, every, []",
    "        self.kept = []\n",
    "",
).says("""
    The kept inputs of earlier forward passes are still in the list. Begin a new one in
    `forward`.""")

wrong.swap(
    "always two", "self.every = layers, every", "self.every = layers, 2"
).says("""You keep every
    second input, whatever `every` is.""")


EXERCISE = Exercise(
    id="ch03.Checkpointed",
    title="Forget, and compute again",
    kind="class",
    points=0,
    difficulty=3,
    reference=Checkpointed,
    accepted=(InBlocks, LastBlockStillThere),
    mistakes=wrong.all,
    hints=(
        "Write the layers 0 to 6 in a row and cut it into blocks of three. Which arrays do you need "
        "to run the middle block alone?",
        "Forward: keep x before layers 0, every, 2 · every, … Backward, for the last block first: "
        "run its layers forward from the kept input, then back from its last layer to its first.",
        "The frame of backward:\n    for block in …:                 # the last one first\n"
        "        layers = self.layers[… : …]\n        x = …\n"
        "        …                           # forward, so that the layers remember again\n"
        "        …                           # back\n    return dout",
    ),
    probe=Probe(probes.checkpointed),
    draw=draw_rows,
    outputs=(
        Output("out"),
        Output("dx"),
        Output("arrays kept", compare=judge_kept),
        Output("layers run again", compare=judge_work),
    ),
    remark="Memory for time: large networks are trained so on machines that could not hold all their "
    "intermediate values.",
)
