"""What happened to a reel before this system kept its history, entered by hand.

Such an event stands in the reel's chain as any other: recorded now, by who typed it. When it
happened, who did it, where that is known from and how sure it is, stand in its detail. It is never
changed; what was wrong is entered again, with a source that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser

from archive import custody
from archive.dates import first_year
from archive.form_fields import CheckedField, DateText
from archive.models import Event, Reel

KINDS = {
    "acquisition": "acquired",
    "transfer": "transferred",
    "loan": "lent",
    "storage": "stored, or moved in store",
    "inspection": "inspected",
    "cleaning": "cleaned",
    "film repair": "repaired",
    "duplication": "copied on film",
    "capture": "scanned",
    "projection": "shown",
    "loss": "lost in part",
    "other": "something else",
}
"""Event types after PREMIS where it has one; none that the system itself writes."""
CERTAINTIES = {"certain": "certain", "likely": "likely", "doubtful": "doubtful"}
BY_HAND = "before the system"
"""What `of` says in the detail of such an event."""


class EarlierForm(forms.Form):
    """One event from a ledger, a letter, a label or somebody's memory."""

    kind = forms.ChoiceField(label="What happened", choices=list(KINDS.items()))
    when = DateText(label="When", help_text="EDTF: 1952, 1952-03, 1952~ about, 195X")
    who = CheckedField(max_length=200, label="By whom", help_text="A person, a firm, an archive")
    note = CheckedField(
        required=False, max_length=2000, label="In words", widget=forms.Textarea(attrs={"rows": 3})
    )
    source = CheckedField(
        max_length=400, label="Known from", help_text="Such as: accession ledger 1952, page 14"
    )
    certainty = forms.ChoiceField(label="How sure", choices=list(CERTAINTIES.items()))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["when"].required = True


def keep(reel: Reel, said: dict[str, str], *, by: AbstractBaseUser) -> Event:
    """Write what an EarlierForm says into the reel's chain."""
    return custody.record(
        kind=said["kind"],
        agent=custody.person(by),
        subject=f"reel:{reel.pk}",
        reel=reel,
        detail={
            "of": BY_HAND,
            **{name: said[name] for name in ("when", "who", "note", "source", "certainty")},
        },
    )


def in_order(events: Iterable[Event]) -> list[Event]:
    """Events entered by hand, by when they happened, the newest first."""
    dated = [(first_year(str(each.detail.get("when", ""))) or 0, each) for each in events]
    key = [(year, str(each.detail.get("when", "")), each.sequence, each) for year, each in dated]
    return [each for *_, each in sorted(key, key=lambda found: found[:3], reverse=True)]
