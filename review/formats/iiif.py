"""A reel as IIIF Presentation 3 and its transcript as IIIF Content Search 2. PURE.

https://iiif.io/api/presentation/3.0/ and https://iiif.io/api/search/2.0/. Both are JSON that other
programs read, so what a machine wrote says so in the text that they show: each annotation has a
second body that names who answers for it, and the manifest a statement that viewers must display.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from urllib.parse import quote

PRESENTATION = "http://iiif.io/api/presentation/3/context.json"
SEARCH = "http://iiif.io/api/search/2/context.json"
MEDIA_TYPE = f'application/ld+json;profile="{PRESENTATION}"'
SEARCH_TYPE = f'application/ld+json;profile="{SEARCH}"'
CHECKED, MACHINE = "checked by a person", "made by a machine, checked by nobody"
DOUBTFUL = "made by a machine that was not sure, checked by nobody"
SAID = (
    "Words and scenes that a machine made and nobody checked say so where they stand: listen and "
    "look before you quote."
)
_RIGHTS = re.compile(r"https?://((?:www\.)?creativecommons\.org|rightsstatements\.org)/")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """The addresses of a reel's documents."""

    site: str
    """Without a slash at its end."""
    reel: int
    scan: int

    @property
    def manifest(self) -> str:
        return f"{self._root}/manifest.json"

    @property
    def canvas(self) -> str:
        """A name alone: of the newest scan, whose frames the times count."""
        return f"{self._root}/scans/{self.scan}"

    @property
    def lines(self) -> str:
        return f"{self._root}/lines.json"

    @property
    def scenes(self) -> str:
        return f"{self._root}/scenes.json"

    @property
    def search(self) -> str:
        return f"{self._root}/search"

    @property
    def _root(self) -> str:
        return f"{self.site}/iiif/reels/{self.reel}"


@dataclass(frozen=True, slots=True)
class Film:
    """What a manifest says of a reel."""

    name: str
    facts: tuple[tuple[str, str], ...]
    """Label and value of what the catalogue knows."""
    rights: tuple[tuple[str, str], ...]
    """Statement (an address) and holder of each."""
    page: str
    """The reel's own page."""
    frames: int
    rate: Fraction
    width: int
    height: int
    video: str = ""
    """The viewing copy; empty where there is none yet or the asker may not see it."""
    still: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One line or scene; its key is unique in its document."""

    key: str
    text: str
    frames: tuple[int, int]
    """Half-open, of the scan."""
    standing: str
    """CHECKED, MACHINE or DOUBTFUL."""
    speaker: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a line that a search means: what stands before it, it, and what follows."""

    line: Said
    prefix: str
    exact: str
    suffix: str


def collection(address: str, items: Iterable[Json]) -> Json:
    """What there is to see, as `manifest_entry` or `collection_entry` name it."""
    return {
        "@context": PRESENTATION,
        "id": address,
        "type": "Collection",
        "label": _english("Reels"),
        "items": list(items),
    }


def manifest_entry(name: str, place: Place) -> Json:
    return {"id": place.manifest, "type": "Manifest", "label": _in_no_language(name)}


def collection_entry(name: str, address: str) -> Json:
    return {"id": address, "type": "Collection", "label": _english(name)}


def manifest(film: Film, place: Place) -> Json:
    """The reel as one canvas with its viewing copy, transcript and scenes."""
    made: Json = {
        "@context": [SEARCH, PRESENTATION],
        "id": place.manifest,
        "type": "Manifest",
        "label": _in_no_language(film.name),
        "metadata": [_fact(label, value) for label, value in _facts(film)],
        "requiredStatement": {"label": _english("What a machine made"), "value": _english(SAID)},
        "homepage": [
            {"id": film.page, "type": "Text", "label": _english("The reel"), "format": "text/html"}
        ],
        "service": [{"id": place.search, "type": "SearchService2"}],
        "items": [_canvas(film, place)],
    }
    known = [statement for statement, _ in film.rights if _RIGHTS.match(statement)]
    if known:
        # The standard names these statements by http alone.
        made["rights"] = re.sub(r"^https:", "http:", known[0])
    if film.still:
        made["thumbnail"] = [{"id": film.still, "type": "Image", "format": "image/jpeg"}]
    return made


def _facts(film: Film) -> Iterable[tuple[str, str]]:
    yield from film.facts
    for statement, holder in film.rights:
        yield "Rights", f"{statement} ({holder})" if holder else statement


def _canvas(film: Film, place: Place) -> Json:
    made: Json = {
        "id": place.canvas,
        "type": "Canvas",
        "label": _in_no_language(film.name),
        "width": film.width,
        "height": film.height,
        "duration": float(film.frames / film.rate),
        "items": [_painting(film, place)] if film.video else [],
        "annotations": [
            {"id": place.lines, "type": "AnnotationPage", "label": _english("Transcript")},
            {"id": place.scenes, "type": "AnnotationPage", "label": _english("Scenes")},
        ],
    }
    return made


def _painting(film: Film, place: Place) -> Json:
    video = {
        "id": film.video,
        "type": "Video",
        "format": "video/mp4",
        "width": film.width,
        "height": film.height,
        "duration": float(film.frames / film.rate),
        "label": _english("Viewing copy of the scan as it came in, without restoration"),
    }
    painted = {
        "id": f"{place.canvas}/painting",
        "type": "Annotation",
        "motivation": "painting",
        "body": video,
        "target": place.canvas,
    }
    return {"id": f"{place.canvas}/page", "type": "AnnotationPage", "items": [painted]}


def lines_page(lines: Iterable[Said], film: Film, place: Place) -> Json:
    """The transcript as annotations."""
    return _page(place.lines, lines, film, place, motivation="supplementing")


def scenes_page(scenes: Iterable[Said], film: Film, place: Place) -> Json:
    """The scenes as annotations."""
    return _page(place.scenes, scenes, film, place, motivation="tagging")


def _page(address: str, said: Iterable[Said], film: Film, place: Place, *, motivation: str) -> Json:
    items = [_annotation(each, address, film, place, motivation) for each in said]
    return {"@context": PRESENTATION, "id": address, "type": "AnnotationPage", "items": items}


def _annotation(said: Said, address: str, film: Film, place: Place, motivation: str) -> Json:
    text: Json = {"type": "TextualBody", "value": said.text, "format": "text/plain"}
    if said.language:
        text["language"] = said.language
    standing = {
        "type": "TextualBody",
        "value": said.standing,
        "format": "text/plain",
        "language": "en",
        "purpose": "assessing",
    }
    made: Json = {
        "id": _named(said, address),
        "type": "Annotation",
        "motivation": motivation,
        "body": [text, standing],
        "target": f"{place.canvas}#t={_times(said.frames, film.rate)}",
    }
    if said.speaker:
        made["label"] = _in_no_language(said.speaker)
    return made


def _named(said: Said, address: str) -> str:
    return f"{address}#{quote(said.key, safe='~')}"


def _times(frames: tuple[int, int], rate: Fraction) -> str:
    """Seconds from and to, as Media Fragments write them (W3C, 4.2.1)."""
    return ",".join(f"{float(frame / rate):.6f}".rstrip("0").rstrip(".") for frame in frames)


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of a content search."""

    address: str
    """As it was asked, without `page`; has a query."""
    marks: Sequence[Mark]
    page: int
    """1 upwards."""
    pages: int
    count: int
    """Lines that were found in all."""
    first: int
    """Number of the page's first line among them, 0 upwards."""
    ignored: tuple[str, ...] = ()


def found(answer: Answer, film: Film, place: Place) -> Json:
    """A page of hits: the lines once each, and under them the words that were meant."""
    lines = list({mark.line.key: mark.line for mark in answer.marks}.values())
    items = [_annotation(line, place.lines, film, place, "supplementing") for line in lines]
    made: Json = {
        "@context": [SEARCH, PRESENTATION],
        "id": _paged(answer, answer.page),
        "type": "AnnotationPage",
        "partOf": {
            "id": answer.address,
            "type": "AnnotationCollection",
            "total": answer.count,
            "first": {"id": _paged(answer, 1), "type": "AnnotationPage"},
            "last": {"id": _paged(answer, answer.pages), "type": "AnnotationPage"},
        },
        "startIndex": answer.first,
        "items": items,
        "annotations": [_matches(answer, place)],
    }
    if answer.page < answer.pages:
        made["next"] = {"id": _paged(answer, answer.page + 1), "type": "AnnotationPage"}
    if answer.page > 1:
        made["prev"] = {"id": _paged(answer, answer.page - 1), "type": "AnnotationPage"}
    if answer.ignored:
        made["ignored"] = list(answer.ignored)
    return made


def _paged(answer: Answer, page: int) -> str:
    return f"{answer.address}&page={page}"


def _matches(answer: Answer, place: Place) -> Json:
    address = f"{_paged(answer, answer.page)}&of=matches"
    items = [
        {
            "id": f"{address}#{number}",
            "type": "Annotation",
            "motivation": "highlighting",
            "target": {
                "type": "SpecificResource",
                "source": _named(mark.line, place.lines),
                "selector": [
                    {
                        "type": "TextQuoteSelector",
                        "prefix": mark.prefix,
                        "exact": mark.exact,
                        "suffix": mark.suffix,
                    }
                ],
            },
        }
        for number, mark in enumerate(mark for mark in answer.marks if mark.exact)
    ]
    return {"id": address, "type": "AnnotationPage", "items": items}


def _fact(label: str, value: str) -> Json:
    return {"label": _english(label), "value": _in_no_language(value)}


def _english(text: str) -> dict[str, list[str]]:
    return {"en": [text]}


def _in_no_language(text: str) -> dict[str, list[str]]:
    return {"none": [text]}
