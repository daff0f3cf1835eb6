"""Chapter 6: loss and accuracy while the network is training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .palette import DASHES, SERIES, axes_of
from .widget import Spec, figure, stable

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

POINTS = 200


class LiveTraining:
    """A figure that grows while a loop runs; call it after every epoch.

    Args:
        epochs: how many epochs there will be.
        title: heads the figure.
        name: tells two of these figures on one page apart.
    """

    def __init__(self, epochs: int, title: str, name: str | None) -> None:
        self.epochs = epochs
        self.title = title
        self.figure = figure(
            "live_training",
            self._spec(0, {}),
            title=title,
            height=(400, 718),
            name=name,
            draw=lambda: _draw(self.figure.spec, title),
        )

    def __call__(self, epoch: int, history: Mapping[str, Sequence[float]]) -> None:
        """Show the history so far.

        Args:
            epoch: the epoch that is over, counted from 1.
            history: lists of numbers by name, as :func:`exercises_lib.nn.train` keeps them.
        """
        self.figure.spec = {**self.figure.spec, **stable(self._spec(epoch, history))}

    def _spec(self, epoch: int, history: Mapping[str, Sequence[float]]) -> Spec:
        curves = []
        for key, values in history.items():
            every = max(1, len(values) // POINTS)
            # Means of neighbours: a long noisy series becomes a short calm one.
            means = [
                sum(values[at : at + every]) / len(values[at : at + every])
                for at in range(0, len(values), every)
            ]
            curves.append(
                {
                    "label": key.replace("_", " "),
                    "panel": "accuracy" if "accuracy" in key else "loss",
                    "values": means,
                    "last": float(values[-1]) if len(values) else None,
                }
            )
        return {"epoch": epoch, "epochs": self.epochs, "curves": curves}

    def __repr__(self) -> str:
        return f"<live training: {self.title}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.figure._repr_mimebundle_(**options)


def live_training(epochs: int, *, title: str = "Training", name: str | None = None) -> LiveTraining:
    """Show curves that grow while a network trains.

    Display it first, then pass it on: ``train(..., after_epoch=live)``, or call
    ``live(epoch, history)`` in a loop of your own.

    Args:
        epochs: how many epochs there will be.
        title: heads the figure.
        name: tells two of these figures on one page apart.
    """
    return LiveTraining(epochs, title, name)


def _draw(spec: Spec, title: str) -> Picture:
    picture, axes = axes_of(title, columns=2)
    for panel, label in zip(axes, ("loss", "accuracy"), strict=True):
        mine = [curve for curve in spec["curves"] if curve["panel"] == label]
        for at, curve in enumerate(mine):
            share = [
                spec["epoch"] * (n + 1) / len(curve["values"]) for n in range(len(curve["values"]))
            ]
            panel.plot(
                share, curve["values"], color=SERIES[at], linestyle=DASHES[at], label=curve["label"]
            )
        panel.set(xlabel="epoch", ylabel=label, xlim=(0, spec["epochs"]))
        if mine:
            panel.legend(frameon=False)
    return picture
