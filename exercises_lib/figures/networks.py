"""A network as data: what the scripts that draw and train networks start from."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exercises_lib import nn

from .widget import Spec

MANY = 400
"""More numbers than this travel as float32 in base 64; fewer as they are."""

LOSSES = {nn.SoftmaxWithLoss: "softmax", nn.SigmoidWithLoss: "sigmoid"}
ACTIVATIONS = {nn.Relu: "relu", nn.Sigmoid: "sigmoid", nn.Tanh: "tanh"}


def network_data(net: Any, loss: str | None = None) -> Spec:
    """Turn a network into layers that a script can draw, run and train.

    Args:
        net: a :class:`exercises_lib.nn.Sequential`, `TwoLayerNet` or `DeepNet`, anything else with
            `layers`, or the parameters alone: {"W1": (D, M), "b1": (M,), …} with ReLU between, or
            chapter 07's {"weight1": (M, D), "bias1": (M, 1), …}. A copy is taken. Dropout is left
            out and batch normalisation scales by its running statistics, as in evaluation.
        loss: "softmax", "sigmoid", "squared", the mean of (y - t)², or "half_squared", ½ Σ (y - t)²
            a sample; None goes by the network's `last_layer`, or takes
            "softmax" for several outputs and "squared" for one.

    Returns:
        ``layers`` and ``loss``.

    Raises:
        TypeError: if it is not a network, or has a layer that is not known here.
        ValueError: if the loss is not one of the four.
    """
    if isinstance(net, Mapping):
        layers, found = _of_params(net)
    elif hasattr(net, "layers"):
        layers = [data for layer in net.layers if (data := _layer(layer)) is not None]
        found = LOSSES.get(type(getattr(net, "last_layer", None)))
    else:
        raise TypeError(
            "A network has layers, as nn.Sequential, nn.TwoLayerNet and nn.DeepNet have them, or "
            f"is a dictionary of its parameters; this is a {type(net).__name__}."
        )
    affine = [layer for layer in layers if layer["kind"] == "affine"]
    if not affine:
        raise TypeError("This network has no Affine layer, so there is nothing to draw.")
    loss = loss or found or ("softmax" if affine[-1]["shape"][1] > 1 else "squared")
    if loss not in ("softmax", "sigmoid", "squared", "half_squared"):
        raise ValueError(
            f'The loss is "softmax", "sigmoid", "squared" or "half_squared", not {loss!r}.'
        )
    return {"layers": layers, "loss": loss}


def _layer(layer: Any) -> Spec | None:
    if all(hasattr(layer, name) for name in ("W", "b")):
        return _affine(layer.W, layer.b)
    if isinstance(layer, nn.BatchNorm):
        factor = layer.gamma / np.sqrt(layer.running_var + layer.eps)
        return {
            "kind": "scale",
            "factor": factor.tolist(),
            "shift": (layer.beta - layer.running_mean * factor).tolist(),
        }
    if isinstance(layer, nn.Dropout):
        return None
    # A student's own Relu has another type and the same name.
    kinds = {kind.__name__: name for kind, name in ACTIVATIONS.items()}
    if type(layer).__name__ not in kinds:
        raise TypeError(
            f"A layer of type {type(layer).__name__} cannot be drawn; those that can are Affine, "
            "Relu, Sigmoid, Tanh, BatchNorm and Dropout."
        )
    return {"kind": kinds[type(layer).__name__]}


def _of_params(params: Mapping[str, Any]) -> tuple[list[Spec], str | None]:
    columns = "weight1" in params
    weight, bias = ("weight", "bias") if columns else ("W", "b")
    depth = sum(name.startswith(weight) for name in params)
    if depth == 0 or f"{weight}{depth}" not in params or f"{bias}{depth}" not in params:
        raise TypeError(
            "The parameters of a network are called W1, b1, W2, b2 … or weight1, bias1 …; these "
            f"are called {', '.join(map(str, params))}."
        )
    layers: list[Spec] = []
    for number in range(1, depth + 1):
        W, b = np.asarray(params[f"{weight}{number}"]), np.asarray(params[f"{bias}{number}"])
        layers.append(_affine(W.T if columns else W, b.ravel()))
        if number < depth:
            layers.append({"kind": "relu"})
    return layers, "sigmoid" if columns else None


def _affine(W: ArrayLike, b: ArrayLike) -> Spec:
    W, b = np.asarray(W, dtype=float), np.asarray(b, dtype=float)
    return {"kind": "affine", "shape": list(W.shape), "W": numbers(W), "b": numbers(b)}


def numbers(values: NDArray[Any]) -> list[float] | str:
    """Write numbers as they travel: a list, or float32 in base 64 where there are many."""
    if values.size <= MANY:
        return [float(value) for value in values.ravel()]
    return base64.b64encode(values.astype("<f4").tobytes()).decode()
