"""Exercises of chapter 09."""

from exercises_lib.checking import Exercise

EXERCISES: tuple[Exercise, ...] = ()
