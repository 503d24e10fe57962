"""Text burned into viewing copies: subtitles on request, and the marks that a policy asks for.

It hides pixels and no map speaks of it, so that records and credentials name it (`additions`). It
is never in a master, in frames or in copies for editing suites.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from archive.media.lettering import BLACK, WHITE, Lettering
from archive.media.pixels import PictureFormat
from restoration.provenance.labels import Label
from review.formats.additions import Addition, of_subtitles
from review.formats.edition import HAND, MACHINE, DeliveryError, Edition, EditionScene
from review.formats.legend_stills import letters
from review.formats.subtitle_files import cues_of, require_spoken
from review.frame_ranges import listed
from review.policies import CAPTIONS, CORNER, SLATE
from review.shares import percent, shares
from review.version_choice import COLOUR

SECONDS = 3
"""For which a caption stands at the head of its scene, and the slate at the end."""
_PLACES = {"bottom": (0.5, 0.94), "top right": (1.0, 0.05), "top left": (0.0, 0.05)}
"""From the left (0) to the right (1), and where the block's foot or head is, of the height."""
_WORDS = {
    CORNER: ("corner mark", "on scenes with machine-made or hand-made picture or colour"),
    CAPTIONS: ("scene captions", "with take, shares and approval, at the head of each scene"),
    SLATE: ("legend slate", "after the last frame"),
}


@dataclass(frozen=True)
class Burner:
    """What is drawn over each frame of one copy."""

    edition: Edition
    form: PictureFormat
    """Of the pictures that the copy is made from."""
    subtitles: bool = False

    def over(self, frame: int) -> tuple[Lettering, ...]:
        """For a frame of the reel."""
        found = (self._subtitles, self._corners, self._captions)
        return tuple(each[frame] for each in found if frame in each)

    @cached_property
    def slate(self) -> tuple[Lettering, int] | None:
        """What covers the whole picture after the film, and for how many frames.

        It stands at the end, so that no frame, cue or chapter moves by it.
        """
        if SLATE not in self.edition.marking:
            return None
        return self._set(_slate_lines(self.edition), "all", part=20), self._seconds

    @property
    def additions(self) -> tuple[Addition, ...]:
        """All that hides pixels, for the record and the credentials."""
        marks = tuple(
            Addition(what, Label.HUMAN, f"{what} {where}, by the policy of {self.edition.use}",
                     over_picture=True)
            for what, where in (_WORDS[each] for each in self.edition.marking)
        )  # fmt: skip
        if not self.subtitles:
            return marks
        spoken = require_spoken(self.edition)
        return (of_subtitles("burned-in subtitles", spoken, over_picture=True), *marks)

    @property
    def _seconds(self) -> int:
        return max(1, round(SECONDS * self.edition.scan.rate))

    @cached_property
    def _subtitles(self) -> dict[int, Lettering]:
        if not self.subtitles:
            return {}
        cues = cues_of(self.edition, require_spoken(self.edition))
        return self._spread(
            (cue.start_frame, cue.end_frame, [line.text for line in cue.lines], "bottom")
            for cue in cues
        )

    @cached_property
    def _corners(self) -> dict[int, Lettering]:
        if CORNER not in self.edition.marking:
            return {}
        return self._spread(
            (scene.start_frame, scene.end_frame, words, "top right")
            for scene in self.edition.scenes
            if (words := _corner_lines(scene))
        )

    @cached_property
    def _captions(self) -> dict[int, Lettering]:
        if CAPTIONS not in self.edition.marking:
            return {}
        return self._spread(
            (
                scene.start_frame, min(scene.end_frame, scene.start_frame + self._seconds),
                caption_lines(self.edition, scene), "top left",
            )
            for scene in self.edition.scenes
        )  # fmt: skip

    def _spread(self, shown: Iterable[tuple[int, int, list[str], str]]) -> dict[int, Lettering]:
        found: dict[int, Lettering] = {}
        for start, end, lines, place in shown:
            found |= dict.fromkeys(range(start, end), self._set(lines, place))
        return found

    def _set(self, lines: Sequence[str], place: str, *, part: int = 0) -> Lettering:
        """Set lines of text at a place; subtitles larger than marks.

        Args:
            part: of the picture's height that a line takes; 0: what is usual at the place.
        """
        form = self.form
        width, height = form.width + form.width % 2, form.height + form.height % 2
        square = max(2, round(width * form.sample_aspect))  # letters are drawn for square pixels
        size = max(7, height // (part or (17 if place == "bottom" else 24)))
        font = _fitting(lines, size, 0.92 * square)
        ink, cover = _blocks(lines, font, square, height, place)
        shown = [each.resize((width, ink.height)) for each in (ink, cover)]
        top = 0 if place == "all" else _top(place, height, ink.height)
        covered = np.asarray(shown[1], np.float32) / np.float32(255)
        return Lettering(0, top, np.asarray(shown[0]), covered)


_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def _fitting(lines: Sequence[str], size: int, room: float) -> _Font:
    """The typeface as large as fits.

    Raises: DeliveryError if it lacks a letter.
    """
    while True:
        font = letters(size)
        if size <= 6 or max(font.getlength(line) for line in lines) <= room:
            break
        size -= 1
    missing = missing_letter(font, "".join(lines))
    if missing:
        raise DeliveryError(
            f"The typeface here has no letter {missing!r}; install fonts-dejavu, or deliver the "
            "subtitles as a file of their own"
        )
    return font


def missing_letter(font: _Font, text: str) -> str:
    """The first letter that the typeface would show as an empty box."""
    none = bytes(font.getmask("\U0010ffff"))
    for letter in sorted(set(text)):
        if not letter.isspace() and letter.isprintable() and bytes(font.getmask(letter)) == none:
            return letter
    return ""


def _blocks(
    lines: Sequence[str], font: _Font, width: int, height: int, place: str
) -> tuple[Image.Image, Image.Image]:
    """Ink and cover, both as wide as the picture and of an even height."""
    size = int(getattr(font, "size", 10))
    leading, margin = round(size * 1.3), max(2, round(0.04 * width))
    rows = height if place == "all" else min(height, leading * len(lines) + size // 2)
    rows -= rows % 2
    ink, cover = Image.new("L", (width, rows), BLACK), Image.new("L", (width, rows), 0)
    if place == "all":
        cover.paste(255, (0, 0, width, rows))
    y = (rows - leading * len(lines)) // 2 if place == "all" else size // 4
    for line in lines:
        long = font.getlength(line)
        share = _PLACES.get(place, (0.5, 0.0))[0]
        x = margin + share * (width - 2 * margin - long)
        if place.startswith("top"):  # a box under marks, an edge around subtitles
            cover.paste(190, (round(x - size / 3), y - size // 6,
                              round(x + long + size / 3), min(rows, y + leading)))  # fmt: skip
        edge = max(1, size // 9) if place == "bottom" else 0
        ImageDraw.Draw(cover).text((x, y), line, 255, font, stroke_width=edge, stroke_fill=255)
        ImageDraw.Draw(ink).text((x, y), line, WHITE, font, stroke_width=edge, stroke_fill=BLACK)
        y += leading
    return ink, cover


def _top(place: str, height: int, rows: int) -> int:
    at = round(_PLACES[place][1] * height) - (rows if place == "bottom" else 0)
    at = max(0, min(at, height - rows))
    return at - at % 2


def _corner_lines(scene: EditionScene) -> list[str]:
    kinds = {each.kind for each in scene.marked}
    words = [text for kind, text in ((MACHINE, "machine-made"), (HAND, "made by hand"))
             if kind in kinds]  # fmt: skip
    return ["partly " + ", ".join(words)] if words else []


def caption_lines(edition: Edition, scene: EditionScene) -> list[str]:
    """What stands at the head of a scene: its take, its shares, who approved it."""
    take = scene.take
    who = scene.approved_by
    return [
        f"Scene {scene.number}, {take.stage} {take.number}",
        *_share_lines(edition.totals_of(scene), take.version),
        f"approved by {who}" if who else "NOT APPROVED",
    ]


def _share_lines(totals: dict[str, object], version: str) -> list[str]:
    """Three labels a line; of a colour version both planes, since each may be made up."""
    if version != COLOUR:
        return _plane_lines(totals, "structure", "")
    return [*_plane_lines(totals, "structure", "picture: "),
            *_plane_lines(totals, "colour", "colour: ")]  # fmt: skip


def _plane_lines(totals: dict[str, object], plane: str, head: str) -> list[str]:
    words = [f"{each.word} {percent(each.part)}" for each in shares(totals, plane)]
    edges = [*range(0, len(words), 3), len(words)]
    return [head + ", ".join(words[start:end]) for start, end in pairwise(edges)]


def _slate_lines(edition: Edition) -> list[str]:
    made = [scene.number for scene in edition.scenes
            if any(each.kind == MACHINE for each in scene.marked)]  # fmt: skip
    people = sorted({each.by for scene in edition.scenes for each in scene.decided})
    unapproved = [scene.number for scene in edition.scenes if scene.decision is None]
    return [
        f"{edition.title}, {edition.reel}",
        f"{edition.version}, for {edition.use}",
        *_share_lines(edition.totals.as_json(), edition.version),
        f"machine-made: scenes {listed(made)}" if made else "nothing is machine-made",
        *([f"approved by {', '.join(people)}"] if people else []),
        *([f"NOT APPROVED: scenes {listed(unapproved)}"] if unapproved else []),
        "the provenance map says which pixels",
    ]
