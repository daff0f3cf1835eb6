"""Exercises of chapter 02."""

from exercises_lib.checking import Exercise

EXERCISES: tuple[Exercise, ...] = ()
