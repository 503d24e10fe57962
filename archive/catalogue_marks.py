"""Whether the catalogue is what it was: each transaction that changed it left a mark.

Marks are rows, so that a reader sees exactly those of the transactions whose changes it sees too.
"""

from __future__ import annotations

from django.db import connection, transaction

from archive.models import CatalogueChange

MOST = 500
"""Marks that are kept one by one."""


def state() -> str:
    """Names the catalogue as it is committed; another after every transaction that changed it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT md5(coalesce(string_agg(id::text, ' ' ORDER BY id), ''))"
            " FROM archive_cataloguechange"
        )
        return str(cursor.fetchone()[0])


def sweep() -> dict[str, int]:
    """Put one new mark in place of many. A new one, since a mark that is seen late must never
    bring back a state that there was before."""
    if CatalogueChange.objects.count() <= MOST:
        return {"catalogue_marks": 0}
    with transaction.atomic():
        new = CatalogueChange.objects.create()
        gone, _ = CatalogueChange.objects.filter(pk__lt=new.pk).delete()
    return {"catalogue_marks": gone}
