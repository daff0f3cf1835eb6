"""Exercises of chapter 01."""

from exercises_lib.checking import Exercise

EXERCISES: tuple[Exercise, ...] = ()
