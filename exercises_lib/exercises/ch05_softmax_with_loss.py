"""Exercises of chapter 05."""

from exercises_lib.checking import Exercise

EXERCISES: tuple[Exercise, ...] = ()
