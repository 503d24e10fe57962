"""A description or an examination half typed: kept for its typist until it is saved or thrown
away, seen by nobody else, and no part of the catalogue.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import QueryDict

from archive.models import DescriptionDraft, Reel

MOST_CHARACTERS = 400_000
"""Of one draft, names of fields included; a form has at most some hundred rows."""
_NOT_KEPT = ("csrfmiddlewaretoken", "-picture")
"""How names of fields end that are not kept: a file is sent with the form alone."""
Form = DescriptionDraft.Form


def keep(reel: Reel, typed: QueryDict, *, by: User, form: str = Form.DESCRIPTION) -> bool:
    """Keep what stands in the form; False if it is too much to be a form's."""
    fields = {name: values for name, values in typed.lists() if not name.endswith(_NOT_KEPT)}
    if sum(len(name) + sum(map(len, values)) for name, values in fields.items()) > MOST_CHARACTERS:
        return False
    if any("\x00" in text for values in fields.values() for text in values):
        return False
    DescriptionDraft.objects.update_or_create(
        reel=reel, owner=by, form=form, defaults={"fields": fields}
    )
    return True


def of(reel: Reel, by: User, form: str = Form.DESCRIPTION) -> DescriptionDraft | None:
    return DescriptionDraft.objects.filter(reel=reel, owner=by, form=form).first()


def typed(draft: DescriptionDraft) -> QueryDict:
    """The form as it stood."""
    found = QueryDict(mutable=True)
    for name, values in draft.fields.items():
        found.setlist(name, values)
    return found


def discard(reel: Reel, by: User, form: str = Form.DESCRIPTION) -> None:
    DescriptionDraft.objects.filter(reel=reel, owner=by, form=form).delete()
