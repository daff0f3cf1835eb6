"""Exercises of chapter 08."""

from exercises_lib.checking import Exercise

EXERCISES: tuple[Exercise, ...] = ()
