"""ch08.same_gradients: the same gradients from both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from exercises_lib.checking import Case, Exercise, Observation, Output, Probe
from exercises_lib.exercises.authoring import Mistakes
from exercises_lib.exercises.ch04_affine._hand import HAND_INPUT, HAND_PARAMS, HAND_TARGET
from exercises_lib.exercises.ch08_against_pytorch._shared import SECONDS
from exercises_lib.probes import ch08 as probes


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


NAMES = ("W1", "b1", "W2", "b2")


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


wrong = Mistakes(same_gradients)

wrong.swap(
    "MSELoss without the half", "by_torch(x, t, params)", "by_torch(x, t, params, 2.0)"
).says("""PyTorch's gradients are twice yours: its `MSELoss` is the mean of (y − t)², without the
    half. Both sides have to differentiate the same loss.""")

wrong.swap("yours without the half", "(x, t, params),", "(x, t, params, 2.0),").says("""
    Your own gradients are twice too large: they belong to (y − t)², without the half.""")

wrong.answer(
    "both without the half",
    lambda x, t, params: (by_hand(x, t, params, 2.0), by_torch(x, t, params, 2.0)),
).says("""The two agree, and both belong to the mean of (y − t)². The loss asked for has a half in
    front.""")

wrong.swap("float32", "by_torch(x, t, params)", 'by_torch(x, t, params, dtype="float32")').says("""
    PyTorch has computed in 32-bit numbers here, and those agree with yours to seven digits only. A
    tensor has the type that it was made with; say `dtype=torch.float64`.""")

wrong.swap(
    "sum instead of mean", "by_torch(x, t, params)", "by_torch(x, t, params, total=True)"
).says("""PyTorch's loss is a sum over the samples here, yours a mean: its gradients are N times
    larger.""")

wrong.swap("yours not divided by the samples", "(x, t, params),", "(x, t, params, len(x)),").says(
    "Your own gradients belong to a sum over the samples. The loss is a mean."
)

wrong.swap("ReLU forgotten in yours", "(x, t, params),", "(x, t, params, relu=False),").says("""
    Your way back walks past ReLU. In the network worked by hand both units are open and nobody
    notices; other weights close some.""")

wrong.swap(
    "ReLU forgotten in PyTorch", "by_torch(x, t, params)", "by_torch(x, t, params, relu=False)"
).says("""PyTorch's network has no ReLU. In the network worked by hand both units are open and
    nobody notices; other weights close some.""")

wrong.swap("PyTorch was never asked", "by_torch", "by_hand").says("""
    Both dictionaries come from your own formulas. A comparison of a thing with itself always
    agrees.""")


wrong.swap("PyTorch twice", "by_hand", "by_torch").says("""Both dictionaries hold what PyTorch has
    found; one is a copy of the other, or made like it. The other half is to come from your own
    formulas: a comparison of a thing with itself always agrees.""")


def gradients_not_required(x, t, params):
    import torch

    p = {k: torch.tensor(v) for k, v in params.items()}
    y = torch.relu(torch.tensor(x) @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    (0.5 * ((y - torch.tensor(t)) ** 2).mean()).backward()
    return by_hand(x, t, params), {k: v.grad.numpy() for k, v in p.items()}


wrong.answer("requires_grad forgotten", gradients_not_required).says("""
    PyTorch records only what leads to a tensor that asks for it: make the parameters with
    `requires_grad=True`.""")


def backward_forgotten(x, t, params):
    import torch

    p = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    y = torch.relu(torch.tensor(x) @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    _ = 0.5 * ((y - torch.tensor(t)) ** 2).mean()
    return by_hand(x, t, params), {k: v.grad for k, v in p.items()}


def grad_is_none(cases: Sequence[Case], seen: Sequence[Observation]) -> bool:
    for one in seen:
        failure = one.failure
        if failure is not None and ("NoneType" in failure.message or "leaf" in failure.message):
            return True
        if any(one.values.get(f"theirs {name}", 0) is None for name in NAMES):
            return True
    return False


wrong.answer("a gradient of None", backward_forgotten).says(
    """A `.grad` is None. Either `backward()` was not called, or the tensor is itself the result of
    an operation: PyTorch keeps gradients for the tensors you start from.""",
    recognise=grad_is_none,
)


def theirs_transposed(x, t, params):
    ours, theirs = same_gradients(x, t, params)
    return ours, theirs | {name: theirs[name].T for name in ("W1", "W2")}


wrong.answer("weights as PyTorch stores them", theirs_transposed).says("""
    PyTorch's weight gradients come out transposed. `torch.nn.Linear` stores its weights as (M, D);
    here they are to be laid out like `params`.""")

wrong.swap(
    "the parameters themselves",
    "by_torch(x, t, params)",
    "{name: np.array(value) for name, value in params.items()}",
).says("""What you return as PyTorch's gradients are the parameters. The gradient of a tensor is in
    its `.grad`.""")


def loss_per_sample(x, t, params):
    import torch

    p = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    y = torch.relu(torch.tensor(x) @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    (0.5 * (y - torch.tensor(t)) ** 2).backward()
    return by_hand(x, t, params), {k: v.grad.numpy() for k, v in p.items()}


wrong.answer("a loss per sample", loss_per_sample).says("""`backward()` starts at one number. You
    call it on an array with a loss for every sample; with one sample alone nobody notices.""")

wrong.swap("t − y", "(x, t, params),", "(x, t, params, -1.0),").says("""
    Your own gradients have the wrong sign: they begin with t − y.""")


def bias_per_sample(x, t, params):
    ours, theirs = same_gradients(x, t, params)
    y = np.maximum(x @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]
    return ours | {"b2": (y - t) / len(x)}, theirs


wrong.answer("your b2 not summed", bias_per_sample).says("""Your gradient of `b2` has a row per
    sample. All samples share one bias.""")


def ours_transposed(x, t, params):
    ours, theirs = same_gradients(x, t, params)
    return ours | {"W1": ours["W1"].T}, theirs


wrong.answer("your W1 transposed", ours_transposed).says("""Your gradient of `W1` is transposed. A
    gradient has the shape of its parameter.""")


def scores_of_the_hidden_layer(x, t, params):
    ours, theirs = same_gradients(x, t, params)
    z = x @ params["W1"] + params["b1"]
    y = np.maximum(z, 0) @ params["W2"] + params["b2"]
    return ours | {"W2": z.T @ (y - t) / len(x)}, theirs


wrong.answer("z in the place of h", scores_of_the_hidden_layer).says("""
    Your gradient of `W2` is made with the hidden layer in front of its ReLU. What W2 was multiplied
    with is what came out behind it.""")


EXERCISE = Exercise(
    id="ch08.same_gradients",
    title="The same gradients from both",
    kind="function",
    points=3,
    reference=same_gradients,
    accepted=(gradients_with_autograd_grad, gradients_with_layers),
    mistakes=wrong.all,
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
