"""Exercises of chapter 04."""

from exercises_lib.checking import Exercise

EXERCISES: tuple[Exercise, ...] = ()
