"""Exercises of the primer: functions as values, classes, subclasses, arrays."""

from __future__ import annotations

from exercises_lib.exercises.ch00_primer import arrays, classes, functions, subclasses

EXERCISES = (functions.EXERCISE, classes.EXERCISE, subclasses.EXERCISE, arrays.EXERCISE)
