"""Named colours of a title, with who decided on each, after what, and how sure that is."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from archive.models import Title
from restoration.editing import tell
from restoration.errors import DrawingError
from restoration.hints import RGB
from restoration.models import Palette, PaletteEntry, Scene


def entries_of(title: Title) -> list[PaletteEntry]:
    """The colours that stand in the title's palettes, by palette and name."""
    found = PaletteEntry.objects.filter(palette__title=title, withdrawn__isnull=True)
    return list(found.select_related("palette", "by").order_by("palette__name", "name", "pk"))


@transaction.atomic
def add(
    scene: Scene, *, palette: str, name: str, rgb: RGB, source: str, certainty: str, by: User
) -> PaletteEntry:
    """Keep a colour in a palette of the scene's title; a palette of a new name is begun.

    Raises: DrawingError if a word is missing or the palette has a colour of that name.
    """
    palette, name, source = palette.strip(), name.strip(), source.strip()
    if not (palette and name and source):
        raise DrawingError(
            "Nothing was kept: say whose or what palette it is, what has this colour, and after "
            "what that was decided."
        )
    if certainty not in PaletteEntry.Certainty.values:
        known = ", ".join(PaletteEntry.Certainty.values)
        raise DrawingError(f"Nothing was kept: how sure it is must be one of {known}.")
    title = scene.scan.reel.element.title
    kept, _ = Palette.objects.get_or_create(title=title, name=palette, defaults={"by": by})
    if kept.entries.filter(name=name, withdrawn__isnull=True).exists():
        raise DrawingError(
            f"Nothing was kept: the palette {palette} has a colour called {name}. "
            "Take that one out first, or choose another name."
        )
    red, green, blue = rgb
    made = PaletteEntry.objects.create(
        palette=kept, name=name, red=red, green=green, blue=blue, source=source,
        certainty=certainty, by=by,
    )  # fmt: skip
    tell("palette colour", scene.scan, by, _about(made))
    return made


@transaction.atomic
def withdraw(entry: PaletteEntry, scene: Scene, *, by: User) -> PaletteEntry:
    """Take a colour out of its palette; hints that name it stay and go on naming it.

    Raises: DrawingError if that was done before.
    """
    entry = PaletteEntry.objects.select_for_update().get(pk=entry.pk)
    if entry.withdrawn is not None:
        raise DrawingError("This colour was taken out before; nothing was changed.")
    entry.withdrawn, entry.withdrawn_by = timezone.now(), by
    entry.save(update_fields=["withdrawn", "withdrawn_by"])
    tell("palette colour withdrawn", scene.scan, by, _about(entry))
    return entry


def _about(entry: PaletteEntry) -> dict[str, Any]:
    return {
        "entry": entry.pk,
        "palette": entry.palette.name,
        "name": entry.name,
        "colour": entry.hex,
        "source": entry.source,
        "certainty": entry.certainty,
    }
