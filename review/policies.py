"""What a use asks of a reel: rules as data, read and checked. PURE.

A policy is written down, not programmed: `policies.toml` holds those that come with the system, an
archive's own file holds more. `review.gate` holds a reel against one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from archive.fixity import digest_json
from restoration.provenance.labels import Label

PLANES = ("structure", "colour")
SPANS = ("frame", "scene", "reel")
LABELS, PEOPLE, RIGHTS, TRANSCRIPT, ADJUSTMENTS = (
    "labels", "people", "rights", "transcript", "adjustments",
)  # fmt: skip
KINDS = (LABELS, PEOPLE, RIGHTS, TRANSCRIPT, ADJUSTMENTS)
"""Kinds of rules that a policy may let a person override. That all frames are there, and whether
scenes are approved at all, is no such rule: `unapproved = "marked"` is how a policy allows that."""
CORNER, CAPTIONS, SLATE = "corner", "captions", "slate"
MARKS = (CORNER, CAPTIONS, SLATE)
"""A mark on scenes in which something was made, a caption for each scene, a legend at the end."""
_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
_T = TypeVar("_T")


class PolicyError(ValueError):
    """A policy is not written as it must be; the message names the place and what is wanted."""


@dataclass(frozen=True, slots=True)
class LabelLimit:
    """At most a share of the pixels of a plane may carry one of these labels."""

    plane: str
    """One of PLANES."""
    labels: tuple[Label, ...]
    """With SYNTHESISED always NOT_MEASURED too, which counts as it wherever a rule asks."""
    at_most: float
    """0 to 1."""
    of: str
    """One of SPANS: what the share is a share of."""

    @property
    def name(self) -> str:
        """Such as `structure: RECOVERED, HUMAN per scene`; no two limits of a policy share it."""
        listed = ", ".join(label.name for label in self.labels)
        return f"{self.plane}: {listed} per {self.of}"


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one use."""

    use: str
    title: str
    says: str
    """What it asks, in a sentence."""
    labels: tuple[LabelLimit, ...] = ()
    people: int = 1
    """How many different people must have approved each scene."""
    roles: tuple[str, ...] = ()
    """They count only in one of these roles; empty: whoever may decide."""
    stages: str = "together"
    """ "each": so many people must also have approved each stage of a scene's chain by itself."""
    makers: str = "counted"
    """ "left out": who ran a stage of a take's chain does not count among those who approved it."""
    unapproved: str = "refused"
    """What happens to scenes that nobody approved: "refused", or "marked" as what they are."""
    adjustments: str = "any"
    """ "logged": each stage that adjusted must have recorded its parameters and what it did."""
    rights_refused: tuple[str, ...] = ()
    """Statements of the catalogue (their addresses) with which a title may not leave."""
    rights_recorded: bool = False
    """Whether a title without a statement is refused."""
    rights_uses: tuple[str, ...] = ()
    """What a delivery is for, in the words of the catalogue's vocabulary of uses: a title of which
    it says that one of them is not allowed does not leave."""
    rights_territories: tuple[str, ...] = ()
    """Where it goes, as the catalogue writes territories; empty: anywhere."""
    territory: str = ""
    """The one that an order named; never written in a policy."""
    transcript: str = "any"
    """ "approved": a transcript, where there is one, must be approved."""
    maps: str = "optional"
    """ "enclosed": the provenance map goes along in every format."""
    marking: tuple[str, ...] = ()
    """Of MARKS: what viewing copies show of their origin, over the picture."""
    expires_after_days: int = 0
    """Days after which what left may no longer be fetched or used; 0: never."""
    overridable: tuple[str, ...] = ()
    """Of KINDS: what a named person may override, with a reason."""
    digest: str = ""
    """SHA-256 of what was written, as canonical JSON."""

    @property
    def asks_who(self) -> bool:
        """Whether it matters who approved, beyond that somebody did."""
        makers = self.makers == "left out"
        return self.people > 1 or bool(self.roles) or makers or self.asks_stages

    @property
    def asks_stages(self) -> bool:
        """Whether each stage of a chain has to be approved by itself, beside its end."""
        return self.stages == "each"

    @property
    def forbids_lettering(self) -> bool:
        """Whether no pixel may be a person's or a machine's: then no text covers any either."""
        drawn = {Label.HUMAN, Label.SYNTHESISED}
        return any(not limit.at_most and drawn & set(limit.labels) for limit in self.labels)


IN = " in "
"""Between a use and the territory that an order names: `broadcast in Sweden`."""


def ordered(use: str, territory: str) -> str:
    """The name of a use for an order that may name a territory."""
    place = " ".join(territory.split())
    return f"{use}{IN}{place}" if place else use


def within(policy: Policy, territory: str) -> Policy:
    """The same policy for an order that goes to one territory alone."""
    digest = digest_json({"policy": policy.digest, "territory": territory})
    use = ordered(policy.use, territory)
    return replace(policy, use=use, territory=territory, digest=digest)


def parse_policies(values: Mapping[str, Any]) -> dict[str, Policy]:
    """Policies by their use, from what a TOML file holds.

    Raises: PolicyError.
    """
    return {use: parse_policy(use, written) for use, written in values.items()}


def parse_policy(use: str, written: Any) -> Policy:
    """One policy. Raises: PolicyError naming the use and the field."""
    if not _NAME.fullmatch(use):
        raise PolicyError(
            f"{use!r} is no name of a use: take small letters, digits and hyphens, such as "
            "broadcast-north"
        )
    if not isinstance(written, Mapping):
        raise PolicyError(f"{use}: write its rules below a heading [{use}]")
    known = {entry.name for entry in fields(Policy)} - {"use", "digest", "territory"}
    unknown = sorted(set(written) - known)
    if unknown:
        raise PolicyError(f"{use}: {unknown[0]} is no rule; known are {', '.join(sorted(known))}")
    try:
        read = {name: _READERS[name](value) for name, value in written.items()}
        missing = [name for name in ("title", "says") if name not in read]
        if missing:
            raise PolicyError(f"{missing[0]} is missing; say in words what the use is")
    except PolicyError as error:
        raise PolicyError(f"{use}: {error}") from None
    found = Policy(use=use, digest=digest_json({use: written}), **read)
    if found.marking and found.forbids_lettering:
        raise PolicyError(
            f"{use}: marking draws over the picture, and labels allows no such pixel; leave one out"
        )
    return found


def _words(name: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise PolicyError(f"{name} wants words in quotation marks, not {value!r}")
        return value

    return read


def _one_of(name: str, *choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            wanted = " or ".join(f'"{choice}"' for choice in choices)
            raise PolicyError(f"{name} wants {wanted}, not {value!r}")
        return str(value)

    return read


def _list_of(name: str, read_one: Callable[[Any], _T]) -> Callable[[Any], tuple[_T, ...]]:
    def read(value: Any) -> tuple[_T, ...]:
        if not isinstance(value, list):
            raise PolicyError(f"{name} wants a list in square brackets, not {value!r}")
        found = tuple(read_one(entry) for entry in value)
        if len({repr(entry) for entry in found}) != len(found):
            raise PolicyError(f"{name} names the same thing twice")
        return found

    return read


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise PolicyError(f"rights_recorded wants true or false, not {value!r}")
    return value


def _people(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 9:
        raise PolicyError(f"people wants a whole number from 1 to 9, not {value!r}")
    return value


def _days(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 36_500:
        raise PolicyError(f"expires_after_days wants a whole number from 1 to 36500, not {value!r}")
    return value


def _limit(value: Any) -> LabelLimit:
    wanted = {"plane", "labels", "at_most", "of"}
    if not isinstance(value, Mapping) or set(value) != wanted:
        raise PolicyError(
            "a limit in labels has exactly plane, labels, at_most and of, such as "
            '{ plane = "structure", labels = ["SYNTHESISED"], at_most = 0.05, of = "scene" }'
        )
    share = value["at_most"]
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise PolicyError(f"at_most wants a share from 0 to 1 (0.05 is 5 %), not {share!r}")
    names = [label.name for label in Label if label is not Label.NOT_MEASURED]
    found = _list_of("labels", _one_of("labels", *names))(value["labels"])
    if not found:
        raise PolicyError("labels of a limit names at least one label")
    labels = {Label[name] for name in found}
    if Label.SYNTHESISED in labels:
        labels.add(Label.NOT_MEASURED)
    return LabelLimit(
        plane=_one_of("plane", *PLANES)(value["plane"]),
        labels=tuple(sorted(labels)),
        at_most=float(share),
        of=_one_of("of", *SPANS)(value["of"]),
    )


def _limits(value: Any) -> tuple[LabelLimit, ...]:
    found = _list_of("labels", _limit)(value)
    if len({limit.name for limit in found}) != len(found):
        raise PolicyError("labels limits the same labels of the same span twice")
    return found


_READERS: dict[str, Callable[[Any], Any]] = {
    "title": _words("title"),
    "says": _words("says"),
    "labels": _limits,
    "people": _people,
    "roles": _list_of("roles", _words("roles")),
    "stages": _one_of("stages", "together", "each"),
    "makers": _one_of("makers", "counted", "left out"),
    "unapproved": _one_of("unapproved", "refused", "marked"),
    "adjustments": _one_of("adjustments", "any", "logged"),
    "rights_refused": _list_of("rights_refused", _words("rights_refused")),
    "rights_recorded": _yes_or_no,
    "rights_uses": _list_of("rights_uses", _words("rights_uses")),
    "rights_territories": _list_of("rights_territories", _words("rights_territories")),
    "transcript": _one_of("transcript", "any", "approved"),
    "maps": _one_of("maps", "optional", "enclosed"),
    "marking": _list_of("marking", _one_of("marking", *MARKS)),
    "expires_after_days": _days,
    "overridable": _list_of("overridable", _one_of("overridable", *KINDS)),
}
