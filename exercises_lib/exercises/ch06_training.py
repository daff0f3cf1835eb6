"""Exercises of chapter 06."""

from exercises_lib.checking import Exercise

EXERCISES: tuple[Exercise, ...] = ()
