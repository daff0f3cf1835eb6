"""Update rules: equal to PyTorch's over 100 steps, in place, and one state per parameter."""

from __future__ import annotations

import numpy as np
import pytest

from exercises_lib.nn import SGD, AdaGrad, Adam, Momentum, RMSProp

RULES = {
    "SGD": (lambda: SGD(0.1), "SGD", {"lr": 0.1}),
    "Momentum": (lambda: Momentum(0.05, 0.8), "SGD", {"lr": 0.05, "momentum": 0.8}),
    "AdaGrad": (lambda: AdaGrad(0.1), "Adagrad", {"lr": 0.1}),
    "RMSProp": (lambda: RMSProp(0.02, 0.9), "RMSprop", {"lr": 0.02, "alpha": 0.9}),
    "Adam": (lambda: Adam(0.03, 0.8, 0.99), "Adam", {"lr": 0.03, "betas": (0.8, 0.99)}),
    "Adam as it comes": (Adam, "Adam", {}),
    "RMSProp as it comes": (RMSProp, "RMSprop", {}),
    "AdaGrad as it comes": (AdaGrad, "Adagrad", {}),
}


def start():
    rng = np.random.default_rng(0)
    return {"W": rng.standard_normal((4, 3)), "b": rng.standard_normal(3)}


def gradients(params):
    # A valley with a curvature of its own for every parameter, and noise-free kinks of sin.
    return {name: p * (i + 1) + np.sin(5 * p) for i, (name, p) in enumerate(params.items())}


@pytest.mark.parametrize("name", RULES)
def test_a_hundred_steps_equal_pytorch(name):
    torch = pytest.importorskip("torch")
    make, theirs, settings = RULES[name]
    ours, params = make(), start()
    tensors = {k: torch.tensor(v, requires_grad=True) for k, v in start().items()}
    optimiser = getattr(torch.optim, theirs)(tensors.values(), **settings)
    for _ in range(100):
        ours.update(params, gradients(params))
        for k, g in gradients({k: v.detach().numpy() for k, v in tensors.items()}).items():
            tensors[k].grad = torch.tensor(g)
        optimiser.step()
    for k, v in params.items():
        np.testing.assert_allclose(v, tensors[k].detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", [SGD, Momentum, AdaGrad, RMSProp, Adam])
def test_updates_happen_in_place_and_leave_the_gradients_alone(make):
    params = start()
    held = dict(params)
    grads = gradients(params)
    kept = {k: g.copy() for k, g in grads.items()}
    optimiser = make()
    for _ in range(3):
        optimiser.update(params, grads)
    for k in params:
        assert params[k] is held[k]
        np.testing.assert_array_equal(grads[k], kept[k])


@pytest.mark.parametrize("make", [SGD, Momentum, AdaGrad, RMSProp, Adam])
def test_updates_keep_float32(make):
    params = {k: v.astype(np.float32) for k, v in start().items()}
    optimiser = make()
    optimiser.update(params, gradients(params))
    state = [s for d in vars(optimiser).values() if isinstance(d, dict) for s in d.values()]
    assert {a.dtype for a in [*params.values(), *state]} == {np.dtype(np.float32)}


@pytest.mark.parametrize("make", [SGD, Momentum, AdaGrad, RMSProp, Adam])
def test_a_first_step_goes_downhill(make):
    params = {"W": np.array([1.0, -2.0])}
    make().update(params, {"W": np.array([1.0, -2.0])})
    assert abs(params["W"][0]) < 1 and abs(params["W"][1]) < 2
