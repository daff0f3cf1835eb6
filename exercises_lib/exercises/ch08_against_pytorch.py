"""Exercises of chapter 08: the same gradients, the same network and the same training in PyTorch.

Every answer imports PyTorch when it runs, so that this module can be loaded where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from exercises_lib.checking import Case, Exercise, Mistake, Observation, Output, Probe
from exercises_lib.exercises.ch04_affine import HAND_INPUT, HAND_PARAMS, HAND_TARGET
from exercises_lib.probes import ch08 as probes

NAMES = ("W1", "b1", "W2", "b2")
SECONDS = 30.0
"""The first import of PyTorch alone can take several on a slow machine."""


# --- the same gradients ---------------------------------------------------------------------


def by_hand(x, t, params, scale=1.0, relu=True):
    """Return the gradients of ½ · scale · mean((y − t)²)."""
    z = x @ params["W1"] + params["b1"]
    h = np.maximum(z, 0)
    y = h @ params["W2"] + params["b2"]
    dy = scale * (y - t) / y.size
    dz = dy @ params["W2"].T * ((z > 0) if relu else 1)
    return {"W1": x.T @ dz, "b1": dz.sum(axis=0), "W2": h.T @ dy, "b2": dy.sum(axis=0)}


def by_torch(x, t, params, scale=1.0, dtype="float64", total=False, relu=True):
    """Return the gradients of ½ · scale · mean((y − t)²), or of the sum, from autograd."""
    import torch

    kind = getattr(torch, dtype)
    p = {k: torch.tensor(v, dtype=kind, requires_grad=True) for k, v in params.items()}
    z = torch.tensor(x, dtype=kind) @ p["W1"] + p["b1"]
    y = (torch.relu(z) if relu else z) @ p["W2"] + p["b2"]
    squares = 0.5 * scale * (y - torch.tensor(t, dtype=kind)) ** 2
    (squares.sum() if total else squares.mean()).backward()
    return {k: v.grad.numpy() for k, v in p.items()}


def same_gradients(x, t, params):
    return by_hand(x, t, params), by_torch(x, t, params)


def gradients_with_autograd_grad(x, t, params):
    import torch

    tensors = [torch.from_numpy(params[name].copy()).requires_grad_() for name in NAMES]
    W1, b1, W2, b2 = tensors
    y = torch.clamp(torch.from_numpy(x) @ W1 + b1, min=0) @ W2 + b2
    loss = 0.5 * torch.nn.functional.mse_loss(y, torch.from_numpy(t))
    theirs = dict(zip(NAMES, torch.autograd.grad(loss, tensors)))
    ours = {name: np.zeros(np.shape(params[name])) for name in NAMES}
    for n in range(len(x)):
        one = by_hand(x[n : n + 1], t[n : n + 1], params)
        ours = {name: ours[name] + one[name] / len(x) for name in NAMES}
    return ours, theirs


def gradients_with_layers(x, t, params):
    import torch

    from exercises_lib import nn

    layers = [
        nn.Affine(params["W1"], params["b1"]),
        nn.Relu(),
        nn.Affine(params["W2"], params["b2"]),
    ]
    net = nn.Sequential(layers)
    _, dy = nn.mean_squared_error(net.forward(x), t)
    net.backward(dy / 2)
    first, _, second = layers
    ours = {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}
    linear = [torch.nn.Linear(*params[name].shape).double() for name in ("W1", "W2")]
    with torch.no_grad():
        for layer, i in zip(linear, "12"):
            layer.weight.copy_(torch.tensor(params[f"W{i}"].T))
            layer.bias.copy_(torch.tensor(params[f"b{i}"]))
    y = linear[1](torch.relu(linear[0](torch.tensor(x))))
    (torch.nn.MSELoss()(y, torch.tensor(t)) / 2).backward()
    theirs = {f"W{i}": layer.weight.grad.T for layer, i in zip(linear, "12")}
    return ours, theirs | {f"b{i}": layer.bias.grad for layer, i in zip(linear, "12")}


def gradients_not_required(x, t, params):
    import torch

    p = {k: torch.tensor(v) for k, v in params.items()}
    y = torch.relu(torch.tensor(x) @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    (0.5 * ((y - torch.tensor(t)) ** 2).mean()).backward()
    return by_hand(x, t, params), {k: v.grad.numpy() for k, v in p.items()}


def backward_forgotten(x, t, params):
    import torch

    p = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    y = torch.relu(torch.tensor(x) @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    _ = 0.5 * ((y - torch.tensor(t)) ** 2).mean()
    return by_hand(x, t, params), {k: v.grad for k, v in p.items()}


def theirs_transposed(x, t, params):
    ours, theirs = same_gradients(x, t, params)
    return ours, theirs | {name: theirs[name].T for name in ("W1", "W2")}


def parameters_for_gradients(x, t, params):
    return by_hand(x, t, params), {name: np.array(value) for name, value in params.items()}


def loss_per_sample(x, t, params):
    import torch

    p = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    y = torch.relu(torch.tensor(x) @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    (0.5 * (y - torch.tensor(t)) ** 2).backward()
    return by_hand(x, t, params), {k: v.grad.numpy() for k, v in p.items()}


def bias_per_sample(x, t, params):
    ours, theirs = same_gradients(x, t, params)
    y = np.maximum(x @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]
    return ours | {"b2": (y - t) / len(x)}, theirs


def ours_transposed(x, t, params):
    ours, theirs = same_gradients(x, t, params)
    return ours | {"W1": ours["W1"].T}, theirs


def scores_of_the_hidden_layer(x, t, params):
    ours, theirs = same_gradients(x, t, params)
    z = x @ params["W1"] + params["b1"]
    y = np.maximum(z, 0) @ params["W2"] + params["b2"]
    return ours | {"W2": z.T @ (y - t) / len(x)}, theirs


def grad_is_none(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    for one in seen:
        failure = one.failure
        if failure is not None and ("NoneType" in failure.message or "leaf" in failure.message):
            return True
        if any(one.values.get(f"theirs {name}", 0) is None for name in NAMES):
            return True
    return False


def draw_gradients(rng: np.random.Generator) -> Iterator[Case]:
    hand = {name: np.array(value) for name, value in HAND_PARAMS.items()}
    hand |= {"W2": hand["W2"].reshape(2, 1), "b2": hand["b2"].reshape(1)}
    inputs = {"x": HAND_INPUT[np.newaxis].copy(), "t": np.array([[HAND_TARGET]])}
    yield Case({**inputs, "params": hand}, "the network worked by hand")
    n, d, h = rng.choice(np.arange(2, 7), size=3, replace=False).tolist()
    shapes = {"W1": (d, h), "b1": (h,), "W2": (h, 1), "b2": (1,)}
    for samples, note in ((n, f"{n} samples of {d} numbers, {h} hidden units"), (1, "one sample")):
        yield Case(
            {
                "x": rng.normal(size=(samples, d)),
                "t": rng.normal(size=(samples, 1)),
                "params": {name: rng.normal(size=shape) for name, shape in shapes.items()},
            },
            note,
        )


GRADIENT_SHAPES = {"W1": "(D, H)", "b1": "(H,)", "W2": "(H, 1)", "b2": "(1,)"}

SAME_GRADIENTS = Exercise(
    id="ch08.same_gradients",
    title="The same gradients from both",
    kind="function",
    points=3,
    reference=same_gradients,
    accepted=(gradients_with_autograd_grad, gradients_with_layers),
    mistakes=(
        Mistake(
            "MSELoss without the half",
            lambda x, t, params: (by_hand(x, t, params), by_torch(x, t, params, 2.0)),
            "PyTorch's gradients are twice yours: its `MSELoss` is the mean of (y − t)², without the "
            "half. Both sides have to differentiate the same loss.",
        ),
        Mistake(
            "yours without the half",
            lambda x, t, params: (by_hand(x, t, params, 2.0), by_torch(x, t, params)),
            "Your own gradients are twice too large: they belong to (y − t)², without the half.",
        ),
        Mistake(
            "both without the half",
            lambda x, t, params: (by_hand(x, t, params, 2.0), by_torch(x, t, params, 2.0)),
            "The two agree, and both belong to the mean of (y − t)². The loss asked for has a half "
            "in front.",
        ),
        Mistake(
            "float32",
            lambda x, t, params: (by_hand(x, t, params), by_torch(x, t, params, dtype="float32")),
            "PyTorch has computed in 32-bit numbers here, and those agree with yours to seven digits "
            "only. A tensor has the type that it was made with; say `dtype=torch.float64`.",
        ),
        Mistake(
            "sum instead of mean",
            lambda x, t, params: (by_hand(x, t, params), by_torch(x, t, params, total=True)),
            "PyTorch's loss is a sum over the samples here, yours a mean: its gradients are N times "
            "larger.",
        ),
        Mistake(
            "yours not divided by the samples",
            lambda x, t, params: (by_hand(x, t, params, len(x)), by_torch(x, t, params)),
            "Your own gradients belong to a sum over the samples. The loss is a mean.",
        ),
        Mistake(
            "ReLU forgotten in yours",
            lambda x, t, params: (by_hand(x, t, params, relu=False), by_torch(x, t, params)),
            "Your way back walks past ReLU. In the network worked by hand both units are open and "
            "nobody notices; other weights close some.",
        ),
        Mistake(
            "ReLU forgotten in PyTorch",
            lambda x, t, params: (by_hand(x, t, params), by_torch(x, t, params, relu=False)),
            "PyTorch's network has no ReLU. In the network worked by hand both units are open and "
            "nobody notices; other weights close some.",
        ),
        Mistake(
            "PyTorch was never asked",
            lambda x, t, params: (by_hand(x, t, params), by_hand(x, t, params)),
            "Both dictionaries come from your own formulas. A comparison of a thing with itself "
            "always agrees.",
        ),
        Mistake(
            "requires_grad forgotten",
            gradients_not_required,
            "PyTorch records only what leads to a tensor that asks for it: make the parameters with "
            "`requires_grad=True`.",
        ),
        Mistake(
            "a gradient of None",
            backward_forgotten,
            "A `.grad` is None. Either `backward()` was not called, or the tensor is itself the "
            "result of an operation: PyTorch keeps gradients for the tensors you start from.",
            recognise=grad_is_none,
        ),
        Mistake(
            "weights as PyTorch stores them",
            theirs_transposed,
            "PyTorch's weight gradients come out transposed. `torch.nn.Linear` stores its weights "
            "as (M, D); here they are to be laid out like `params`.",
        ),
        Mistake(
            "the parameters themselves",
            parameters_for_gradients,
            "What you return as PyTorch's gradients are the parameters. The gradient of a tensor is in its "
            "`.grad`.",
        ),
        Mistake(
            "a loss per sample",
            loss_per_sample,
            "`backward()` starts at one number. You call it on an array with a loss for every sample; with one "
            "sample alone nobody notices.",
        ),
        Mistake(
            "t − y",
            lambda x, t, params: (by_hand(x, t, params, -1.0), by_torch(x, t, params)),
            "Your own gradients have the wrong sign: they begin with t − y.",
        ),
        Mistake(
            "your b2 not summed",
            bias_per_sample,
            "Your gradient of `b2` has a row per sample. All samples share one bias.",
        ),
        Mistake(
            "your W1 transposed",
            ours_transposed,
            "Your gradient of `W1` is transposed. A gradient has the shape of its parameter.",
        ),
        Mistake(
            "z in the place of h",
            scores_of_the_hidden_layer,
            "Your gradient of `W2` is made with the hidden layer in front of its ReLU. What W2 was multiplied "
            "with is what came out behind it.",
        ),
    ),
    hints=(
        "Write your half first: chapter 4 has every line of it. What does the mean add to dy?",
        "For PyTorch's half turn each parameter into a tensor of 64-bit numbers that requires a "
        "gradient, write the forward pass as you would in NumPy, and call backward() on the loss. "
        "Each tensor then has its `.grad`.",
        "The skeleton:\n    p = {name: torch.tensor(…, dtype=…, requires_grad=…) for name, v in …}\n"
        '    y = torch.relu(… @ p["W1"] + …) @ … + …\n    loss = … * ((y - …) ** 2).mean()\n'
        "    loss.…\n    theirs = {name: tensor.…  for name, tensor in p.items()}",
    ),
    probe=Probe(probes.both_gradients, {"names": NAMES}),
    draw=draw_gradients,
    outputs=tuple(
        Output(f"{whose} {name}", GRADIENT_SHAPES[name], f"the shape of {name}", 1e-10, 1e-12)
        for whose in ("ours", "theirs")
        for name in NAMES
    ),
    requires=("torch",),
    seconds=SECONDS,
    remark="Two programs that share no line of code, and they agree to ten digits.",
)


# --- the network as a module ----------------------------------------------------------------


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


def super_forgotten(input_size, hidden_size, output_size):
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            self.affine1 = torch.nn.Linear(input_size, hidden_size)
            self.affine2 = torch.nn.Linear(hidden_size, output_size)

    return Net()


def layers_in_a_list(input_size, hidden_size, output_size):
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [
                torch.nn.Linear(input_size, hidden_size),
                torch.nn.Linear(hidden_size, output_size),
            ]

        def forward(self, x):
            return self.layers[1](torch.relu(self.layers[0](x)))

    return Net()


def layers_made_in_forward(input_size, hidden_size, output_size):
    import torch

    class Net(torch.nn.Module):
        def forward(self, x):
            first = torch.nn.Linear(input_size, hidden_size).double()
            second = torch.nn.Linear(hidden_size, output_size).double()
            return second(torch.relu(first(x)))

    return Net()


def nothing_returned(input_size, hidden_size, output_size):
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.affine1 = torch.nn.Linear(input_size, hidden_size)
            self.affine2 = torch.nn.Linear(hidden_size, output_size)

        def forward(self, x):
            self.affine2(torch.relu(self.affine1(x)))

    return Net()


def recording_off(torch, layers, x):
    with torch.no_grad():
        return layers[1](torch.relu(layers[0](x)))


def no_parameters(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    return bool(seen) and seen[0].values.get("shapes of parameters()") == []


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


MODULE = Exercise(
    id="ch08.module",
    title="The two-layer network as a module",
    kind="class",
    points=4,
    reference=torch_net,
    accepted=(net_as_sequential, net_of_parameters),
    mistakes=(
        Mistake(
            "super().__init__() forgotten",
            super_forgotten,
            "A module keeps a list of its layers, and `super().__init__()` makes that list. It has "
            "to be called before the first layer is stored.",
        ),
        Mistake(
            "layers in a plain list",
            layers_in_a_list,
            "PyTorch does not see your layers: `parameters()` is empty, and an optimiser would "
            "have nothing to update. A module finds layers that are its attributes; a Python list "
            "hides them.",
            recognise=lambda cases, seen: (
                no_parameters(cases, seen) and any(one.failure is not None for one in seen)
            ),
        ),
        Mistake(
            "layers made in forward",
            layers_made_in_forward,
            "Your layers are made anew, with new random weights, in every forward pass. Nothing that "
            "they learn survives it.",
            recognise=lambda cases, seen: (
                no_parameters(cases, seen) and any("scores" in one.unstable for one in seen)
            ),
        ),
        Mistake(
            "no ReLU",
            two_layers(act=lambda torch, layers, x: layers[1](layers[0](x))),
            "Between your layers there is no ReLU. Two affine layers in a row are one affine layer.",
        ),
        Mistake(
            "ReLU at the end",
            two_layers(
                act=lambda torch, layers, x: torch.relu(layers[1](torch.relu(layers[0](x))))
            ),
            "Your scores have gone through ReLU too. Scores may be negative, and a closed ReLU at "
            "the end lets no gradient in.",
        ),
        Mistake(
            "sigmoid instead of ReLU",
            two_layers(act=lambda torch, layers, x: layers[1](torch.sigmoid(layers[0](x)))),
            "Your hidden layer uses the sigmoid; the network of chapter 6 uses ReLU.",
        ),
        Mistake(
            "tanh instead of ReLU",
            two_layers(act=lambda torch, layers, x: layers[1](torch.tanh(layers[0](x)))),
            "Your hidden layer uses tanh; the network of chapter 6 uses ReLU.",
        ),
        Mistake(
            "softmax in the network",
            two_layers(
                act=lambda torch, layers, x: torch.softmax(layers[1](torch.relu(layers[0](x))), 1)
            ),
            "Your network returns probabilities. `cross_entropy` applies softmax itself and wants "
            "the scores; with softmax twice the network trains, slowly and badly.",
        ),
        Mistake(
            "log-softmax in the network",
            two_layers(
                act=lambda torch, layers, x: torch.log_softmax(
                    layers[1](torch.relu(layers[0](x))), 1
                )
            ),
            "Your network returns logarithms of probabilities. The scores themselves are asked for; "
            "the loss does the rest.",
        ),
        Mistake(
            "sizes in the wrong order",
            two_layers(first=lambda d, h, c: (h, d), second=lambda d, h, c: (c, h)),
            "The sizes of your layers are exchanged. `Linear` is made with the number of inputs "
            "first, although it stores its weights as (outputs, inputs).",
        ),
        Mistake(
            "no biases",
            two_layers(bias=False),
            "Your layers have no biases.",
        ),
        Mistake(
            "gradient cut off",
            two_layers(act=lambda torch, layers, x: layers[1](torch.relu(layers[0](x)).detach())),
            "`detach` (or `no_grad`) cuts the record between your layers: the first one receives no "
            "gradient.",
        ),
        Mistake(
            "forward returns nothing",
            nothing_returned,
            "Your `forward` computes the scores and does not return them.",
        ),
        Mistake(
            "ReLU at the end only",
            two_layers(act=lambda torch, layers, x: torch.relu(layers[1](layers[0](x)))),
            "Your ReLU stands behind the second layer. Between the two there is none, and scores may be negative.",
        ),
        Mistake(
            "ReLU made, not applied",
            two_layers(act=lambda torch, layers, x: layers[1](torch.nn.ReLU(layers[0](x)))),
            "`torch.nn.ReLU(…)` *makes* a layer, as `Linear(…)` does, and takes no data. To apply ReLU, call such a "
            "layer, or the function `torch.relu`.",
        ),
        Mistake(
            "scores as an array",
            two_layers(
                act=lambda torch, layers, x: layers[1](torch.relu(layers[0](x))).detach().numpy()
            ),
            "You turn the scores into a NumPy array. The loss needs a tensor, whose record leads back to the "
            "weights.",
        ),
        Mistake(
            "recording switched off",
            two_layers(act=recording_off),
            "Under `no_grad` nothing is recorded, so no gradient finds a way back. That belongs around the "
            "update, and around mere predictions.",
        ),
        Mistake(
            "class numbers",
            two_layers(act=lambda torch, layers, x: layers[1](torch.relu(layers[0](x))).argmax(1)),
            "Your network returns class numbers. The scores are asked for, one per class.",
        ),
    ),
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


# --- the loop -------------------------------------------------------------------------------


def training_loop(net, x, t, batches, lr):
    import torch

    optimiser = torch.optim.SGD(net.parameters(), lr=lr)
    losses = []
    for batch in batches:
        loss = torch.nn.functional.cross_entropy(net(x[batch]), t[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def loop_by_hand(net, x, t, batches, lr):
    import torch

    losses = []
    for batch in batches:
        log_p = torch.log_softmax(net(x[batch]), dim=1)
        loss = -log_p[torch.arange(len(batch)), t[batch]].mean()
        grads = torch.autograd.grad(loss, list(net.parameters()))
        with torch.no_grad():
            for parameter, grad in zip(net.parameters(), grads):
                parameter -= lr * grad
        losses.append(loss.item())
    return losses


def loop_zero_at_the_end(net, x, t, batches, lr):
    import torch

    criterion, optimiser = torch.nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr)
    losses = np.zeros(len(batches))
    for step, batch in enumerate(batches):
        loss = criterion(net(x[batch]), t[batch])
        loss.backward()
        optimiser.step()
        net.zero_grad()
        losses[step] = loss.detach().numpy()
    return losses.tolist()


def loop_with(
    loss_of=None,
    optimiser_of=None,
    clear=True,
    pick=lambda step, batches: batches[step],
    after=False,
    keep=lambda loss: loss.item(),
    move=True,
    result=lambda losses: losses,
):
    """Return a training loop that differs in one thing from the right one."""

    def answer(net, x, t, batches, lr):
        import torch

        entropy = torch.nn.functional.cross_entropy
        make = optimiser_of or (lambda torch, p, lr: torch.optim.SGD(p, lr=lr))
        optimiser, losses = make(torch, net.parameters(), lr), []
        for step in range(len(batches)):
            batch = pick(step, batches)
            scores, labels = net(x[batch]), t[batch]
            loss = loss_of(torch, scores, labels) if loss_of else entropy(scores, labels)
            if clear:
                optimiser.zero_grad()
            loss.backward()
            if move:
                optimiser.step()
            losses.append(keep(entropy(net(x[batch]), labels) if after else loss))
        return result(losses)

    return answer


def labels_of(pick):
    """Return a loop whose labels are pick(t, batch)."""

    def answer(net, x, t, batches, lr):
        import torch

        optimiser, losses = torch.optim.SGD(net.parameters(), lr=lr), []
        for batch in batches:
            loss = torch.nn.functional.cross_entropy(net(x[batch]), pick(t, batch))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        return losses

    return answer


def step_before_backward(net, x, t, batches, lr):
    import torch

    optimiser, losses = torch.optim.SGD(net.parameters(), lr=lr), []
    for batch in batches:
        loss = torch.nn.functional.cross_entropy(net(x[batch]), t[batch])
        optimiser.step()
        optimiser.zero_grad()
        loss.backward()
        losses.append(loss.item())
    return losses


def one_step_at_the_end(net, x, t, batches, lr):
    import torch

    optimiser, losses = torch.optim.SGD(net.parameters(), lr=lr), []
    optimiser.zero_grad()
    for batch in batches:
        loss = torch.nn.functional.cross_entropy(net(x[batch]), t[batch])
        loss.backward()
        losses.append(loss.item())
    optimiser.step()
    return losses


def update_on_the_record(net, x, t, batches, lr):
    import torch

    losses = []
    for batch in batches:
        loss = torch.nn.functional.cross_entropy(net(x[batch]), t[batch])
        loss.backward()
        for parameter in net.parameters():
            parameter -= lr * parameter.grad
        losses.append(loss.item())
    return losses


def draw_training(rng: np.random.Generator) -> Iterator[Case]:
    def case(n: int, d: int, h: int, c: int, sizes: Sequence[int], lr: float, note: str) -> Case:
        shapes = {"W1": (h, d), "b1": (h,), "W2": (c, h), "b2": (c,)}
        inputs: dict[str, Any] = {
            "x": rng.normal(size=(n, d)),
            "t": rng.permutation(np.arange(n) % c),
            "batches": [rng.choice(n, size, replace=False) for size in sizes],
            "lr": lr,
        }
        weights = {name: 0.7 * rng.normal(size=shape) for name, shape in shapes.items()}
        return Case({**inputs, **weights}, note)

    d, h, c = rng.choice(np.arange(3, 7), size=3, replace=False).tolist()
    yield case(9, d, h, c, (4, 3, 4), 0.3, "three steps, batches of 3 and 4 samples, lr 0.3")
    yield case(6, h, c, d, (1, 5), float(rng.uniform(0.5, 0.9)), "two steps, batches of 1 and 5")


def one_loss(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    losses: Any = [one.values.get("losses") for one in seen]
    return all(isinstance(found, list) and len(found) == 1 for found in losses)


TRAINING_LOOP = Exercise(
    id="ch08.training_loop",
    title="The loop in PyTorch",
    kind="function",
    points=3,
    reference=training_loop,
    accepted=(loop_by_hand, loop_zero_at_the_end),
    mistakes=(
        Mistake(
            "gradients pile up",
            loop_with(clear=False),
            "Your gradients pile up: `backward()` *adds* to what is in `.grad`. Before each step the "
            "old gradients have to be cleared.",
        ),
        Mistake(
            "nothing moves",
            loop_with(move=False),
            "The parameters are the same after your loop as before. Is there a `backward()`, a "
            "`step()`, and no `zero_grad()` between the two?",
        ),
        Mistake(
            "loss after the step",
            loop_with(after=True),
            "You note the loss after the step, from a forward pass of its own. Noted is the loss "
            "that the step was taken for; it has been computed already.",
        ),
        Mistake(
            "tensors kept",
            loop_with(keep=lambda loss: loss),
            "Your list holds tensors. Each of them keeps the record of its whole forward pass in "
            "memory; `.item()` gives the number alone.",
        ),
        Mistake(
            "softmax before cross_entropy",
            loop_with(
                loss_of=lambda torch, s, t: torch.nn.functional.cross_entropy(s.softmax(1), t)
            ),
            "You apply softmax, and `cross_entropy` applies it again. It wants the scores.",
        ),
        Mistake(
            "sum over the batch",
            loop_with(
                loss_of=lambda torch, s, t: torch.nn.functional.cross_entropy(s, t, reduction="sum")
            ),
            "Your loss is a sum over the batch: a batch of four takes steps four times as long as a "
            "batch of one.",
        ),
        Mistake(
            "always the first batch",
            loop_with(pick=lambda step, batches: batches[0]),
            "All your steps use the first batch.",
        ),
        Mistake(
            "all samples in every step",
            loop_with(pick=lambda step, batches: slice(None)),
            "Every step of yours uses all samples. `batches` says which ones belong to each step.",
        ),
        Mistake(
            "rate ignored",
            loop_with(optimiser_of=lambda torch, p, lr: torch.optim.SGD(p, lr=0.001)),
            "Your optimiser does not get `lr`. Without it `SGD` takes steps of 0.001.",
        ),
        Mistake(
            "Adam",
            loop_with(optimiser_of=lambda torch, p, lr: torch.optim.Adam(p, lr=lr)),
            "You use Adam. Plain gradient descent is asked for, so that the steps can be compared "
            "with ours.",
        ),
        Mistake(
            "momentum",
            loop_with(optimiser_of=lambda torch, p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9)),
            "Your steps carry momentum. Plain gradient descent is asked for.",
        ),
        Mistake(
            "uphill",
            loop_with(optimiser_of=lambda torch, p, lr: torch.optim.SGD(p, lr=lr, maximize=True)),
            "Your loss grows: the steps go along the gradient instead of against it.",
        ),
        Mistake(
            "one number returned",
            loop_with(result=lambda losses: sum(losses) / len(losses)),
            "You return the mean of the losses. One number per step is asked for.",
        ),
        Mistake(
            "last loss only",
            loop_with(result=lambda losses: losses[-1]),
            "You return the last loss. One number per step is asked for.",
        ),
        Mistake(
            "a fixed rate",
            loop_with(optimiser_of=lambda torch, p, lr: torch.optim.SGD(p, lr=0.1)),
            "Your rate is 0.1, whatever `lr` says.",
        ),
        Mistake(
            "labels first",
            loop_with(loss_of=lambda torch, s, t: torch.nn.functional.cross_entropy(t, s)),
            "`cross_entropy` takes the scores first and then the labels.",
        ),
        Mistake(
            "all labels",
            labels_of(lambda t, batch: t),
            "You pick the batch's samples, and hand over all labels. Both need the same positions.",
        ),
        Mistake(
            "labels by their place",
            labels_of(lambda t, batch: t[: len(batch)]),
            "You pick samples with the batch's positions, and labels from the beginning. Both need the same "
            "positions.",
        ),
        Mistake(
            "step before backward",
            step_before_backward,
            "Your step comes before `backward()`: it takes the gradients of another batch, and changes the weights that "
            "this way back still needs.",
        ),
        Mistake(
            "update on the record",
            update_on_the_record,
            "PyTorch would record your update as a part of the network. Updates happen under "
            "`torch.no_grad()`; an optimiser's `step()` sees to that.",
        ),
        Mistake(
            "returns after the first step",
            loop_with(result=lambda losses: losses[:1]),
            "There is one loss, of the first step. Does your `return` stand inside the loop?",
            recognise=one_loss,
        ),
        Mistake(
            "one step at the end",
            one_step_at_the_end,
            "There is a single step, behind the loop. Each batch is to have its own.",
        ),
    ),
    hints=(
        "What are the five things that happen in every step of chapter 6's loop? Find PyTorch's word "
        "for each.",
        "For each batch: scores, loss, clear the old gradients, backward, step. `torch.optim.SGD` "
        "does the clearing and the stepping; `loss.item()` is a plain number.",
        "The skeleton:\n    optimiser = torch.optim.SGD(…, lr=…)\n    losses = []\n"
        "    for batch in batches:\n        loss = torch.nn.functional.cross_entropy(net(…), …)\n"
        "        …          # three lines, in the right order\n        losses.append(…)\n"
        "    return …",
    ),
    probe=Probe(probes.training),
    draw=draw_training,
    outputs=(
        Output("losses", rtol=1e-9, atol=1e-11),
        Output("parameters afterwards", rtol=1e-9, atol=1e-11),
    ),
    requires=("torch",),
    seconds=SECONDS,
    remark="The losses agree with those of the loop in chapter 6, step by step.",
)

EXERCISES = (SAME_GRADIENTS, MODULE, TRAINING_LOOP)
