"""What people put on film by hand: coloured patches, named colours, corrections.

Rows hang on the scan and its frames, as takes do, so no edit of the cuts and no new detection loses
them. None is ever changed or deleted: who entered it, who took it back and when stays on record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from restoration.models.by_hand import InOneFrame, OverFrames, Withdrawable

if TYPE_CHECKING:
    from restoration.models.scene import Scene


class Palette(models.Model):
    """Named colours of one title: a character's, or a scene's."""

    title = models.ForeignKey("archive.Title", on_delete=models.CASCADE, related_name="palettes")
    name = models.CharField(max_length=120, help_text="A character, or a place: Scarlett, the bar")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="palettes"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["title", "name"]
        constraints = [
            models.UniqueConstraint(fields=["title", "name"], name="palette_names_are_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class PaletteEntry(Withdrawable):
    """One colour with its name, who decided on it, after what, and how sure that is."""

    class Certainty(models.TextChoices):
        RECORDED = "recorded", "on record"
        LIKELY = "likely", "likely"
        GUESS = "guess", "a guess"

    palette = models.ForeignKey(Palette, on_delete=models.CASCADE, related_name="entries")
    name = models.CharField(max_length=120, help_text="What has this colour: dress, scene 12")
    red = models.PositiveSmallIntegerField(help_text="sRGB, 0 to 255")
    green = models.PositiveSmallIntegerField()
    blue = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=300, help_text="After what it was decided")
    certainty = models.CharField(max_length=12, choices=Certainty.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="palette_entries"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["palette__name", "name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(red__lte=255, green__lte=255, blue__lte=255),
                name="palette_entry_is_a_colour",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.palette}: {self.name}"

    @property
    def hex(self) -> str:
        return hex_of(self.red, self.green, self.blue)


class HintQuerySet(InOneFrame["Hint"]):
    pass


class Hint(Withdrawable):
    """A coloured patch that a person put on one frame; a rectangle in the scan's luma pixels."""

    scan = models.ForeignKey("archive.Scan", on_delete=models.CASCADE, related_name="hints")
    frame = models.PositiveIntegerField(help_text="Numbered as in the scan")
    y = models.PositiveIntegerField(help_text="Its first row")
    x = models.PositiveIntegerField(help_text="Its first column")
    height = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    red = models.PositiveSmallIntegerField(help_text="sRGB, 0 to 255")
    green = models.PositiveSmallIntegerField()
    blue = models.PositiveSmallIntegerField()
    entry = models.ForeignKey(
        PaletteEntry, null=True, on_delete=models.PROTECT, related_name="hints"
    )
    stroke = models.UUIDField(default=uuid4, help_text="Shared by patches painted in one go")
    batch = models.UUIDField(
        null=True, help_text="Shared by hints that put one colour into several scenes at once"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="hints")
    at = models.DateTimeField(auto_now_add=True)

    objects = HintQuerySet.as_manager()

    class Meta:
        ordering = ["scan", "frame", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(height__gt=0, width__gt=0), name="hint_covers_a_pixel"
            ),
            models.CheckConstraint(
                condition=Q(red__lte=255, green__lte=255, blue__lte=255), name="hint_is_a_colour"
            ),
        ]

    def __str__(self) -> str:
        return f"hint {self.hex} in frame {self.frame}"

    @property
    def hex(self) -> str:
        return hex_of(self.red, self.green, self.blue)

    def as_param(self) -> dict[str, Any]:
        """One entry of colourise's parameter `hints`."""
        return {
            "id": str(self.pk),
            "frame": self.frame,
            "y": self.y,
            "x": self.x,
            "height": self.height,
            "width": self.width,
            "rgb": [self.red, self.green, self.blue],
            "by": self.by.get_username(),
        }


class ColourReferenceQuerySet(InOneFrame["ColourReference"]):
    pass


class ColourReference(Withdrawable):
    """A still in colour for one frame: that frame painted elsewhere, or a picture of its things."""

    scan = models.ForeignKey(
        "archive.Scan", on_delete=models.CASCADE, related_name="colour_references"
    )
    frame = models.PositiveIntegerField(help_text="Numbered as in the scan")
    name = models.CharField(max_length=200, help_text="Of the file that was sent")
    storage_key = models.CharField(max_length=200, help_text="The file in the store")
    sha256 = models.CharField(max_length=64)
    media_type = models.CharField(max_length=20)
    source = models.CharField(max_length=300, help_text="What it is, and where it is from")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="colour_references"
    )
    at = models.DateTimeField(auto_now_add=True)

    objects = ColourReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["scan", "frame", "pk"]

    def __str__(self) -> str:
        return f"{self.name} for frame {self.frame}"


class ColourCorrectionQuerySet(OverFrames["ColourCorrection"]):
    def of_scene(self, scene: Scene) -> ColourCorrectionQuerySet:
        """Those that reach into the scene's frames, in the order in which they are applied."""
        return super().of_scene(scene).as_applied()

    def as_applied(self) -> ColourCorrectionQuerySet:
        """A part stands where the correction stood that it is left of."""
        return self.order_by(Coalesce("part_of", "pk"), "pk")


class ColourCorrection(Withdrawable):
    """An ASC CDL over frames [start, end), of the whole picture or of a box or polygon in it.

    softness: pixels over which it fades inwards from the edge of the box or polygon.
    white: the picture's colour that becomes neutral before the CDL, sRGB codes; None: none.
    part_of: the correction that this is left of, since it was taken back in another scene alone.
    """

    scan = models.ForeignKey(
        "archive.Scan", on_delete=models.CASCADE, related_name="colour_corrections"
    )
    start_frame = models.PositiveIntegerField()
    end_frame = models.PositiveIntegerField()
    box = models.JSONField(null=True, help_text="[left, top, width, height]; null: all of it")
    polygon = models.JSONField(null=True, help_text="[[x, y], ...]; null: none, see the box")
    softness = models.PositiveSmallIntegerField(default=0)
    white = models.JSONField(null=True, help_text="[r, g, b]")
    slope = models.JSONField(help_text="[r, g, b]")
    offset = models.JSONField(help_text="[r, g, b]")
    power = models.JSONField(help_text="[r, g, b]")
    saturation = models.FloatField(default=1.0)
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="colour_corrections"
    )
    at = models.DateTimeField(auto_now_add=True)
    part_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="parts"
    )

    objects = ColourCorrectionQuerySet.as_manager()

    class Meta:
        ordering = ["scan", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end_frame__gt=F("start_frame")), name="colour_correction_has_frames"
            ),
        ]

    def __str__(self) -> str:
        return f"colour correction {self.pk} in frames {self.start_frame} to {self.end_frame - 1}"

    @property
    def number(self) -> int:
        """Its own, or that of the correction that it is left of."""
        return self.part_of_id or self.pk

    def as_param(self, scene: Scene) -> dict[str, Any]:
        """One entry of grade's parameter `corrections`, cut to the scene's frames."""
        return {
            "id": str(self.number),
            "frames": [
                max(self.start_frame, scene.start_frame),
                min(self.end_frame, scene.end_frame),
            ],
            "box": self.box,
            "white": self.white,
            **self.as_values(),
            "by": self.by.get_username(),
            # Left out where there are none: a correction of before is what it was, run key and all.
            **({"polygon": self.polygon} if self.polygon else {}),
            **({"softness": self.softness} if self.softness else {}),
        }

    @property
    def where(self) -> str:
        """Of which part of the picture, in words; empty for all of it."""
        soft = f", soft over {self.softness} pixels" if self.softness else ""
        if self.polygon:
            corners = " ".join(f"{x},{y}" for x, y in self.polygon)
            return f"inside the corners {corners}{soft}"
        if self.box:
            left, top, width, height = self.box
            return f"{width} by {height} pixels at {left}, {top}{soft}"
        return ""

    def as_values(self) -> dict[str, Any]:
        """Slope, offset, power and saturation, for `Cdl.parse`."""
        names = ("slope", "offset", "power", "saturation")
        return {name: getattr(self, name) for name in names}


def hex_of(red: int, green: int, blue: int) -> str:
    return f"#{red:02x}{green:02x}{blue:02x}"
