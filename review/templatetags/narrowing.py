"""Links that change what the catalogue is narrowed to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.simple_tag(takes_context=True)
def address_with(context: Mapping[str, Any], changes: Mapping[str, str | None]) -> str:
    """The page's own query with some of it changed; None takes a part out."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}"
