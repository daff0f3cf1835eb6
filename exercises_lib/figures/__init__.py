"""The course's pictures: interactive figures and plain ones.

Interactive figures are widgets that carry their steps and their script, so they move in
JupyterLab and in the static book, without a kernel; each has a plain picture as well.
"""

from exercises_lib.figures.activation import activation_explorer
from exercises_lib.figures.digits import draw_digit, train_digits
from exercises_lib.figures.first import eight_points, first_net, first_network
from exercises_lib.figures.graph import graph_player
from exercises_lib.figures.histograms import activation_histograms
from exercises_lib.figures.learning_rate import learning_rate_explorer
from exercises_lib.figures.live import live_training
from exercises_lib.figures.network import network
from exercises_lib.figures.pictures import (
    confusion_matrix,
    feature_pairs,
    image_gallery,
    learning_curves,
    mistakes_gallery,
    sigmoid_shape,
)
from exercises_lib.figures.price import price_slider
from exercises_lib.figures.race import optimiser_race
from exercises_lib.figures.regions import decision_regions, train_regions
from exercises_lib.figures.road import road_map
from exercises_lib.figures.shapes import shape_puzzle
from exercises_lib.figures.sketch import graph_shapes, lettered_graph, local_or_passed
from exercises_lib.figures.softmax import softmax_explorer
from exercises_lib.figures.step_size import step_size_errors, step_size_explorer
from exercises_lib.figures.weights import first_layer_weights

__all__ = [
    "activation_explorer",
    "activation_histograms",
    "confusion_matrix",
    "decision_regions",
    "draw_digit",
    "eight_points",
    "feature_pairs",
    "first_layer_weights",
    "first_net",
    "first_network",
    "graph_player",
    "graph_shapes",
    "image_gallery",
    "learning_curves",
    "learning_rate_explorer",
    "lettered_graph",
    "live_training",
    "local_or_passed",
    "mistakes_gallery",
    "network",
    "optimiser_race",
    "price_slider",
    "road_map",
    "shape_puzzle",
    "sigmoid_shape",
    "softmax_explorer",
    "step_size_errors",
    "step_size_explorer",
    "train_digits",
    "train_regions",
]
