"""ch08.module: the two-layer network as a module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch08_against_pytorch._shared import SECONDS
from exercises_lib.probes import ch08 as probes


def torch_net(input_size, hidden_size, output_size):
    import torch

    class TorchNet(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.affine1 = torch.nn.Linear(input_size, hidden_size)
            self.affine2 = torch.nn.Linear(hidden_size, output_size)

        def forward(self, x):
            return self.affine2(torch.relu(self.affine1(x)))

    return TorchNet()


def net_as_sequential(input_size, hidden_size, output_size):
    import torch

    return torch.nn.Sequential(
        torch.nn.Linear(input_size, hidden_size),
        torch.nn.ReLU(),
        torch.nn.Linear(hidden_size, output_size),
    )


def net_of_parameters(input_size, hidden_size, output_size):
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            sizes = (input_size, hidden_size, output_size)
            shapes = [(sizes[1], sizes[0]), (sizes[1],), (sizes[2], sizes[1]), (sizes[2],)]
            self.all = torch.nn.ParameterList([torch.nn.Parameter(torch.randn(s)) for s in shapes])

        def forward(self, x):
            W1, b1, W2, b2 = self.all
            return (x @ W1.T + b1).clamp(min=0) @ W2.T + b2

    return Net()


def second_layer_stored_first(input_size, hidden_size, output_size):
    net = torch_net(input_size, hidden_size, output_size)
    first = net._modules.pop("affine1")
    net.affine1 = first
    return net


def draw_network(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, h: int, c: int, note: str) -> Case:
        shapes = {"W1": (h, d), "b1": (h,), "W2": (c, h), "b2": (c,)}
        return Case(
            {
                "x": rng.normal(size=(n, d)),
                "t": rng.integers(0, c, n),
                **{name: rng.normal(size=shape) for name, shape in shapes.items()},
                "seed": int(rng.integers(2**31)),
            },
            note,
        )

    n, d, h, c = rng.choice(np.arange(2, 8), size=4, replace=False).tolist()
    yield case(n, d, h, c, f"{n} samples, sizes {d}, {h}, {c}")
    yield case(1, h, c, d, f"a single sample, sizes {h}, {c}, {d}")


wrong = Mistakes(torch_net)


def super_forgotten(input_size, hidden_size, output_size):
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            self.affine1 = torch.nn.Linear(input_size, hidden_size)
            self.affine2 = torch.nn.Linear(hidden_size, output_size)

    return Net()


wrong.answer("super().__init__() forgotten", super_forgotten).says("""
    A module keeps a list of its layers, and `super().__init__()` makes that list. It has to be
    called before the first layer is stored.""")


def no_parameters(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    return bool(seen) and seen[0].values.get("shapes of parameters()") == []


wrong.swap(
    "layers in a plain list",
    "class TorchNet",
    "class Net",
    """
    self.affine1 = torch.nn.Linear(input_size, hidden_size)
    self.affine2 = torch.nn.Linear(hidden_size, output_size)
""",
    """
    self.layers = [
        torch.nn.Linear(input_size, hidden_size),
        torch.nn.Linear(hidden_size, output_size),
    ]
""",
    "affine2(torch.relu(self.affine1(x)))",
    "layers[1](torch.relu(self.layers[0](x)))",
    "TorchNet",
    "Net",
).says(
    """PyTorch does not see your layers: `parameters()` is empty, and an optimiser would have
    nothing to update. A module finds layers that are its attributes; a Python list hides them.""",
    recognise=lambda cases, seen: (
        no_parameters(cases, seen) and any(one.failure is not None for one in seen)
    ),
)


def layers_made_in_forward(input_size, hidden_size, output_size):
    import torch

    class Net(torch.nn.Module):
        def forward(self, x):
            first = torch.nn.Linear(input_size, hidden_size).double()
            second = torch.nn.Linear(hidden_size, output_size).double()
            return second(torch.relu(first(x)))

    return Net()


wrong.answer("layers made in forward", layers_made_in_forward).says(
    """Your layers are made anew, with new random weights, in every forward pass. Nothing that they
    learn survives it.""",
    recognise=lambda cases, seen: (
        no_parameters(cases, seen) and any("scores" in one.unstable for one in seen)
    ),
)


def two_layers(first=None, second=None, act=None, bias=True):
    """Return a class-like maker of networks that differ in one thing from the right one.

    Args:
        first: sizes (D, H, C) → arguments of the first layer.
        second: sizes → arguments of the second layer.
        act: (torch, layers, x) → scores.
        bias: whether the layers have biases.
    """

    def make(input_size, hidden_size, output_size):
        import torch

        sizes = (input_size, hidden_size, output_size)

        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                linear = torch.nn.Linear
                self.affine1 = linear(*(first(*sizes) if first else sizes[:2]), bias=bias)
                self.affine2 = linear(*(second(*sizes) if second else sizes[1:]), bias=bias)

            def forward(self, x):
                if act is None:
                    return self.affine2(torch.relu(self.affine1(x)))
                return act(torch, (self.affine1, self.affine2), x)

        return Net()

    return make


wrong.answer("no ReLU", two_layers(act=lambda torch, layers, x: layers[1](layers[0](x)))).says("""
    Between your layers there is no ReLU. Two affine layers in a row are one affine layer.""")

wrong.answer(
    "ReLU at the end",
    two_layers(act=lambda torch, layers, x: torch.relu(layers[1](torch.relu(layers[0](x))))),
).says("""Your scores have gone through ReLU too. Scores may be negative, and a closed ReLU at the
    end lets no gradient in.""")

wrong.answer(
    "sigmoid instead of ReLU",
    two_layers(act=lambda torch, layers, x: layers[1](torch.sigmoid(layers[0](x)))),
).says("Your hidden layer uses the sigmoid; the network of chapter 6 uses ReLU.")

wrong.answer(
    "tanh instead of ReLU",
    two_layers(act=lambda torch, layers, x: layers[1](torch.tanh(layers[0](x)))),
).says("Your hidden layer uses tanh; the network of chapter 6 uses ReLU.")

wrong.answer(
    "softmax in the network",
    two_layers(act=lambda torch, layers, x: torch.softmax(layers[1](torch.relu(layers[0](x))), 1)),
).says("""Your network returns probabilities. `cross_entropy` applies softmax itself and wants the
    scores; with softmax twice the network trains, slowly and badly.""")

wrong.answer(
    "log-softmax in the network",
    two_layers(
        act=lambda torch, layers, x: torch.log_softmax(layers[1](torch.relu(layers[0](x))), 1)
    ),
).says("""Your network returns logarithms of probabilities. The scores themselves are asked for; the
    loss does the rest.""")

wrong.answer(
    "sizes in the wrong order",
    two_layers(first=lambda d, h, c: (h, d), second=lambda d, h, c: (c, h)),
).says("""The sizes of your layers are exchanged. `Linear` is made with the number of inputs first,
    although it stores its weights as (outputs, inputs).""")

wrong.answer("no biases", two_layers(bias=False)).says("Your layers have no biases.")

wrong.answer(
    "gradient cut off",
    two_layers(act=lambda torch, layers, x: layers[1](torch.relu(layers[0](x)).detach())),
).says("""`detach` (or `no_grad`) cuts the record between your layers: the first one receives no
    gradient.""")

wrong.swap(
    "forward returns nothing",
    "class TorchNet",
    "class Net",
    "return self",
    "self",
    "TorchNet",
    "Net",
).says("Your `forward` computes the scores and does not return them.")

wrong.answer(
    "ReLU at the end only",
    two_layers(act=lambda torch, layers, x: torch.relu(layers[1](layers[0](x)))),
).says("""Your ReLU stands behind the second layer. Between the two there is none, and scores may be
    negative.""")

wrong.answer(
    "ReLU made, not applied",
    two_layers(act=lambda torch, layers, x: layers[1](torch.nn.ReLU(layers[0](x)))),
).says("""`torch.nn.ReLU(…)` *makes* a layer, as `Linear(…)` does, and takes no data. To apply ReLU,
    call such a layer, or the function `torch.relu`.""")

wrong.answer(
    "scores as an array",
    two_layers(act=lambda torch, layers, x: layers[1](torch.relu(layers[0](x))).detach().numpy()),
).says("""You turn the scores into a NumPy array. The loss needs a tensor, whose record leads back
    to the weights.""")


def recording_off(torch, layers, x):
    with torch.no_grad():
        return layers[1](torch.relu(layers[0](x)))


wrong.answer("recording switched off", two_layers(act=recording_off)).says("""
    Under `no_grad` nothing is recorded, so no gradient finds a way back. That belongs around the
    update, and around mere predictions.""")

wrong.answer(
    "class numbers",
    two_layers(act=lambda torch, layers, x: layers[1](torch.relu(layers[0](x))).argmax(1)),
).says("Your network returns class numbers. The scores are asked for, one per class.")


EXERCISE = Exercise(
    id="ch08.module",
    title="The two-layer network as a module",
    kind="class",
    points=4,
    reference=torch_net,
    accepted=(net_as_sequential, net_of_parameters, second_layer_stored_first),
    mistakes=wrong.all,
    hints=(
        "Compare with the class `TwoLayerNet` of chapter 6. Which of its methods does PyTorch take "
        "over, and which remain?",
        "Two `torch.nn.Linear`, stored as attributes after `super().__init__()`; `forward` runs x "
        "through the first, `torch.relu`, and the second. No softmax: the loss has it.",
        "The skeleton:\n    def __init__(self, input_size, hidden_size, output_size):\n"
        "        super().…\n        self.affine1 = torch.nn.Linear(…, …)\n        self.affine2 = …\n\n"
        "    def forward(self, x):\n        return …",
    ),
    probe=Probe(probes.module),
    draw=draw_network,
    outputs=(
        Output("scores", "(N, C)", "one score per class, for every sample", 1e-10, 1e-12),
        Output("gradients", rtol=1e-10, atol=1e-12),
    ),
    requires=("torch",),
    seconds=SECONDS,
    remark="You wrote no backward. Everything that forward did was recorded, and that is enough.",
)
