"""A person's word that a reel may leave against rules, bound to what that person saw. PURE."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Override:
    """A named person lets a reel leave against rules, and says why."""

    by: str
    reason: str
    rules: tuple[str, ...]
    measured: Mapping[str, str] = field(default_factory=dict)
    """What each of the rules had measured when the person let it pass."""
    takes: str = ""
    """Of the takes that would have left then: `takes_digest`."""

    def as_json(self) -> dict[str, Any]:
        told = {"by": self.by, "reason": self.reason, "rules": list(self.rules)}
        return told | {"measured": dict(self.measured), "takes": self.takes}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Override | None:
        """The reverse of `as_json`; None of an empty mapping."""
        if not values:
            return None
        return cls(
            values["by"],
            values["reason"],
            tuple(values["rules"]),
            dict(values.get("measured", {})),  # given before it was bound to anything
            values.get("takes", ""),
        )

    def still(self, measured: Mapping[str, str], takes: str) -> Override | None:
        """As far as it was given for what is there now: the same takes, the same measures.

        Args:
            measured: what each rule measures now.
        """
        kept = tuple(
            rule
            for rule in self.rules
            if rule in measured and measured[rule] == self.measured.get(rule)
        )
        return replace(self, rules=kept) if kept and takes == self.takes else None


def takes_digest(digests: Iterable[str]) -> str:
    """SHA-256 over the takes' digests, a line each, in the order of the scenes."""
    return hashlib.sha256("".join(f"{each}\n" for each in digests).encode()).hexdigest()
