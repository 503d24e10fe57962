"""What the page of a description sends, with changes."""

from __future__ import annotations

from typing import Any

from archive.describing import Describing
from archive.models import Reel


def sent(reel: Reel, **typed: Any) -> dict[str, str]:
    """The page as it stands, with some fields typed anew; "credits-0-name" is the first new row."""
    forms = Describing(Reel.objects.get(pk=reel.pk))
    data: dict[str, Any] = {"seen": forms.seen}
    for form in (forms.title, forms.element, forms.own, forms.scan):
        if form is not None:
            data |= {f"{form.prefix}-{name}": form[name].value() for name in form.fields}
    for name, rows in forms.rows.items():
        data[f"{name}-TOTAL_FORMS"] = len(rows.forms)
        data[f"{name}-INITIAL_FORMS"] = rows.initial_form_count()
        for form in rows.initial_forms:
            for field in form.fields:
                value = form[field].value()
                data[f"{form.prefix}-{field}"] = getattr(value, "pk", value)
    return {
        key: str(value)
        for key, value in (data | typed).items()
        if value is not None and value is not False
    }
