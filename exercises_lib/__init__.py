"""Backprop, step by step: the helper library of the course.

In a notebook::

    from exercises_lib import check, hint, progress

    check("ch04.bias_gradient", bias_gradient)   # a verdict on your answer
    hint("ch04.bias_gradient")                   # the next of three hints
    progress()                                   # a picture of the whole course
"""

from exercises_lib.tutor import check, hint, progress

__all__ = ["check", "hint", "progress"]
__version__ = "0.1.0"
