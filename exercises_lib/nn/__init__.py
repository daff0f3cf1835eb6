"""The network that the course builds, as a reference: NumPy only, one idea a file.

In the order of the course: `value` (a number that remembers), `gates`, `activations`, `affine`,
`losses`, `network`, `gradients`, `training`, `columns` (one sample per column), `optimisers`,
`initialisation`, `regularisation`, `recording`, `tensor` (an array that remembers),
`tensor_functions` (what networks make of it).
"""

from exercises_lib.nn import columns
from exercises_lib.nn.activations import Relu, Sigmoid, Tanh, sigmoid
from exercises_lib.nn.affine import Affine, matmul_backward, unbroadcast
from exercises_lib.nn.gates import AddLayer, MulLayer
from exercises_lib.nn.gradients import (
    check_layer,
    fast_gradient_check,
    gradient_check,
    numerical_gradient,
    relative_error,
)
from exercises_lib.nn.initialisation import he, xavier
from exercises_lib.nn.losses import (
    SigmoidWithLoss,
    SoftmaxWithLoss,
    binary_cross_entropy,
    cross_entropy,
    mean_squared_error,
    softmax,
)
from exercises_lib.nn.network import DeepNet, Sequential, TwoLayerNet
from exercises_lib.nn.optimisers import SGD, AdaGrad, Adam, Momentum, RMSProp, clip
from exercises_lib.nn.recording import no_grad
from exercises_lib.nn.regularisation import BatchNorm, Dropout, LayerNorm, weight_decay
from exercises_lib.nn.tensor import Tensor, where
from exercises_lib.nn.tensor_functions import (
    log_softmax,
    tensor_batch_norm,
    tensor_cross_entropy,
)
from exercises_lib.nn.training import accuracy, minibatches, train
from exercises_lib.nn.value import Value, maximum, topological_order

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AddLayer",
    "Affine",
    "BatchNorm",
    "DeepNet",
    "Dropout",
    "LayerNorm",
    "Momentum",
    "MulLayer",
    "RMSProp",
    "Relu",
    "Sequential",
    "Sigmoid",
    "SigmoidWithLoss",
    "SoftmaxWithLoss",
    "Tanh",
    "Tensor",
    "TwoLayerNet",
    "Value",
    "accuracy",
    "binary_cross_entropy",
    "check_layer",
    "clip",
    "columns",
    "cross_entropy",
    "fast_gradient_check",
    "gradient_check",
    "he",
    "log_softmax",
    "matmul_backward",
    "maximum",
    "mean_squared_error",
    "minibatches",
    "no_grad",
    "numerical_gradient",
    "relative_error",
    "sigmoid",
    "softmax",
    "tensor_batch_norm",
    "tensor_cross_entropy",
    "topological_order",
    "train",
    "unbroadcast",
    "weight_decay",
    "where",
    "xavier",
]
