"""What is new in a kept search, as an Atom feed (RFC 4287) for its owner's reader."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html
from django.utils.http import urlencode

from review.search import concordance, saved
from review.search.concordance import Hit
from review.search.lines import lines_of
from review.search.query import parse

MOST = 50
"""New hits in a feed; the page has all of them."""
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that no XML holds, in whatever way they came into a line."""


@dataclass(frozen=True, slots=True)
class News:
    """A kept search and the first of its new hits."""

    kept: saved.Kept
    hits: Sequence[Hit]

    @property
    def query(self) -> str:
        return self.kept.row.query


def news_of(kept: saved.Kept) -> News:
    lines = lines_of(list(kept.new[:MOST]))
    return News(kept, concordance.hits(lines, parse(kept.row.query)))


class NewHits(Feed):
    """Each entry is a hit, at the address that outlives a new transcript. Lines bear no date, so
    an entry has the day since which it is new: when its owner last looked at all hits."""

    feed_type = Atom1Feed

    def __init__(self, news: News) -> None:
        self.news = news

    def title(self) -> str:
        return _plain(f"New for “{self.news.query}”")

    def link(self) -> str:
        return f"{reverse('search')}?{urlencode({'q': self.news.query, 'new': 'yes'})}"

    def feed_guid(self) -> str:
        return f"urn:reelproof:search:{self.news.kept.row.pk}"

    def subtitle(self) -> str:
        kept = self.news.kept
        if kept.is_capped:
            return "More hits than are counted: what is new among them cannot be told. Narrow it."
        if kept.row.places is None:
            return "Where its hits were was not kept: look at all of them once on the search page."
        more = f", the first {MOST} of them here" if len(kept.new) > MOST else ""
        return f"{len(kept.new)} new since you last looked at all of its {kept.said_count}{more}"

    def items(self) -> Sequence[Hit]:
        return self.news.hits

    def item_title(self, item: Hit) -> str:
        place = f", {item.start_timecode}" if item.start_timecode else ""
        return _plain(f"{item.line.reel}{place}: {item.hit}")

    def item_description(self, item: Hit) -> str:
        said_by = f"{item.line.speaker}: " if item.line.speaker else ""
        wording = f" ({item.standing[0]})" if item.standing[0] else ""
        return format_html(
            "{}{} <mark>{}</mark> {}{}",
            *map(_plain, (said_by, item.left, item.hit, item.right, wording)),
        )

    def item_link(self, item: Hit) -> str:
        return item.address(self.news.query)

    def item_guid(self, item: Hit) -> str:
        """The same as long as it is the same line at the same frame."""
        line = item.line
        return f"urn:reelproof:line:{line.reel_id}:{line.kind}:{line.start_frame}:{line.key}"

    def item_updateddate(self, item: Hit) -> datetime:
        return self.news.kept.row.seen


def answer(request: HttpRequest, kept: saved.Kept) -> HttpResponse:
    response: HttpResponse = NewHits(news_of(kept))(request)
    del response.headers["Last-Modified"]  # of the last look: a hit that came after it is older
    return response


def _plain(text: str) -> str:
    return _NO_XML.sub(" ", text)
