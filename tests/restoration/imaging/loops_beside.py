"""Loops for the tests of compiling that live in a module of their own."""

from __future__ import annotations

from restoration.imaging.compiled import compiled


@compiled
def more(number: int) -> int:
    return number + 1


@compiled
def step(number: int) -> int:
    return more(number)
