"""Exercises of chapter 10."""

from exercises_lib.checking import Exercise

EXERCISES: tuple[Exercise, ...] = ()
