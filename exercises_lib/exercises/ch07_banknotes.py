"""Exercises of chapter 07."""

from exercises_lib.checking import Exercise

EXERCISES: tuple[Exercise, ...] = ()
