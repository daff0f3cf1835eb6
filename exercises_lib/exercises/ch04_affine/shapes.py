"""ch04.shapes: the shape of every gradient."""

from __future__ import annotations

from exercises_lib.checking import Exercise, Field, Mistake, Probe
from exercises_lib.probes import values

# (name, what is asked, the right option, option → (text, what to say when it is picked))
SHAPE_QUESTIONS: tuple[tuple[str, str, str, dict[str, tuple[str, str]]], ...] = (
    (
        "dscores",
        "gradient of the loss with respect to `scores`",
        "b",
        {
            "a": (
                "(5,)",
                "One number per sample would be enough if a sample had one score. It has two, and "
                "the loss reacts to each of them.",
            ),
            "b": ("(5, 2)", ""),
            "c": (
                "(), a single number",
                "The loss is a single number; its gradient is not. Every entry of `scores` has its "
                "own derivative.",
            ),
        },
    ),
    (
        "dW2",
        "gradient with respect to `W2`",
        "c",
        {
            "a": (
                "(2, 3)",
                "That is `W2` transposed. A gradient lies on its variable entry by entry, so that "
                "`W2 -= rate * dW2` can work.",
            ),
            "b": (
                "(5, 3, 2)",
                "All five samples use the same `W2`. What they send back to an entry of it is added "
                "up, so the batch does not appear in the gradient's shape.",
            ),
            "c": ("(3, 2)", ""),
        },
    ),
    (
        "db2",
        "gradient with respect to `b2`",
        "a",
        {
            "a": ("(2,)", ""),
            "b": (
                "(5, 2)",
                "That is what arrives at the bias before the samples are added up. `b2` itself has "
                "no entry per sample.",
            ),
            "c": (
                "(5,)",
                "That is one number per sample. `b2` has one number per output, and the samples "
                "share it.",
            ),
        },
    ),
    (
        "dh",
        "gradient with respect to `h`",
        "b",
        {
            "a": (
                "(3,)",
                "`h` holds three numbers for each of five samples. Other samples have other "
                "gradients there.",
            ),
            "b": ("(5, 3)", ""),
            "c": (
                "(5, 2)",
                "That is the shape of what arrives from above. On its way through `W2` it changes "
                "into the shape of what went in.",
            ),
        },
    ),
    (
        "dW1",
        "gradient with respect to `W1`",
        "c",
        {
            "a": (
                "(3, 4)",
                "The two sizes are right and their order is not: that is `W1` transposed.",
            ),
            "b": (
                "(5, 3)",
                "That is the shape of `x · W1`, the layer's output. The question is about `W1`.",
            ),
            "c": ("(4, 3)", ""),
        },
    ),
    (
        "db1",
        "gradient with respect to `b1`",
        "a",
        {
            "a": ("(3,)", ""),
            "b": (
                "(4,)",
                "Four is the number of inputs. A bias is added to the outputs of its layer, and "
                "there are three.",
            ),
            "c": (
                "(1, 3)",
                "The numbers may be the same, the shape is not: `b1` has one axis. "
                "NumPy's arithmetic often hides the difference, until it does not.",
            ),
        },
    ),
    (
        "dx",
        "gradient with respect to `x`",
        "c",
        {
            "a": (
                "(4,)",
                "That is one sample. `x` is a batch, and each sample has a gradient of its own.",
            ),
            "b": (
                "(4, 3)",
                "That is the shape of `W1`. A gradient has the shape of the thing it belongs to.",
            ),
            "c": ("(5, 4)", ""),
        },
    ),
)

RIGHT_SHAPES = {name: right for name, _, right, _ in SHAPE_QUESTIONS}

EXERCISE = Exercise(
    id="ch04.shapes",
    title="The shape of every gradient",
    kind="choice",
    points=2,
    difficulty=1,
    reference=RIGHT_SHAPES,
    accepted=(
        dict(reversed(RIGHT_SHAPES.items())),
        {name: f" {right} " for name, right in RIGHT_SHAPES.items()},
    ),
    mistakes=tuple(
        Mistake(f"{name}: {text}", RIGHT_SHAPES | {name: key}, f"{name}: {message}")
        for name, _, right, options in SHAPE_QUESTIONS
        for key, (text, message) in options.items()
        if key != right
    ),
    fields=tuple(
        Field(name, question, {key: text for key, (text, _) in options.items()})
        for name, question, _, options in SHAPE_QUESTIONS
    ),
    hints=(
        "For each gradient ask one thing only: what is the shape of the variable it belongs to?",
        "A gradient holds one derivative per number of its variable, so the two have the same "
        "shape. Where the samples share a variable, their contributions are added up.",
        "Write the shape of every variable beside its name, then copy:\n"
        "    x (5, 4)   W1 (4, 3)   b1 …   h …   W2 …   b2 …   scores …\n"
        "    dx …       dW1 …       db1 …  dh …  dW2 …  db2 …  dscores …",
    ),
    probe=Probe(values, {"names": tuple(RIGHT_SHAPES)}),
    remark="You did not differentiate anything: a gradient has the shape of its variable.",
)
