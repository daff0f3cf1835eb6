"""Exercises of chapter 03."""

from exercises_lib.checking import Exercise

EXERCISES: tuple[Exercise, ...] = ()
