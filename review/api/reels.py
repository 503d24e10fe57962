"""Reels as the catalogue's page finds them, each with the state of the work on it; their events."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import NotFound

from archive import reading
from archive.api import rows
from archive.api.catalogue import BROWSE, Described, reels_of
from archive.api.rows import Id, Text
from archive.api.views import Rows
from archive.models import Agent, Event, Reel
from archive.models.catalogue import ReelQuerySet
from review import custody_words, pages
from review.catalogue import narrow

_STAFF = "archive.view_history"
STATES = list(pages.REEL_STATES.items())


class ReelWithState(rows.ReelShown):
    """One roll or can of an element; where it stands is told to staff."""

    state = serializers.ChoiceField(STATES)

    class Meta(rows.ReelShown.Meta):
        fields = (*rows.ReelShown.Meta.fields, "state")


class ReelFilters(serializers.Serializer):
    """As on the catalogue's page."""

    words = Text(max_length=400, help_text="Of the description, misspelt too")
    title = Id()
    element = Id()
    collection = Id()
    year = Text(max_length=40, help_text="How the date begins: 192, 1926")
    decade = serializers.RegexField(r"^[0-9]{3}$", required=False, help_text="192 for the 1920s")
    country = Text(max_length=400)
    language = Text(max_length=400)
    gauge = Text(max_length=400)
    generation = Text(max_length=400)
    colour = Text(max_length=400)
    sound = Text(max_length=400)
    access = serializers.ChoiceField(Reel.Access.choices, required=False)
    state = serializers.ChoiceField(STATES, required=False)
    barcode = Text(max_length=100, help_text="Asked by staff alone")


_BY_NUMBER = {
    "title": "element__title",
    "element": "element",
    "collection": "element__title__collection",
}


class Reels(Rows):
    """Reels that you may see, with the state of the work on each."""

    rights: ClassVar = BROWSE
    queryset = Reel.objects.all()
    serializer_class = ReelWithState
    filters = ReelFilters

    def rows(self, user: Any) -> QuerySet[Reel]:
        return _shown(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        reels: ReelQuerySet = reels_of(self.request.user)
        if "barcode" in wanted:
            user, barcode = self.request.user, wanted.pop("barcode")
            told = reels_of(user, _STAFF) if user.has_perm(_STAFF) else reels.none()
            reels = told.filter(barcode=barcode)
        for name, path in _BY_NUMBER.items():
            if name in wanted:
                reels = reels.filter(**{path: wanted.pop(name)})
        if wanted:
            rows = rows.filter(pk__in=narrow(self.request.user, wanted).reels.values("pk"))
        return rows.filter(pk__in=reels.order_by().values("pk"))


class OneReel(Described):
    queryset = Reel.objects.all()
    serializer_class = ReelWithState
    reads = rows.ReelChange
    part = "reel"

    def rows(self, user: Any) -> QuerySet[Reel]:
        return _shown(user)

    def reel_of(self, row: Reel) -> Reel:
        return row


def _shown(user: Any) -> ReelQuerySet:
    return pages.with_state(reels_of(user)).for_list()


class AgentShown(serializers.ModelSerializer):
    class Meta:
        model = Agent
        fields = ("kind", "name", "version")


class EventShown(serializers.ModelSerializer):
    """Something that happened; `detail`, which may name places on disks, is for staff."""

    agent = AgentShown()
    words = serializers.SerializerMethodField(help_text="In one sentence")
    detail = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = (
            *("sequence", "at", "kind", "agent", "subject", "outcome", "words", "detail"),
            *("previous", "digest"),
        )

    def get_words(self, event: Event) -> str:
        return custody_words.words(event)

    def get_detail(self, event: Event) -> dict[str, Any] | None:
        reel = self.context["view"].reel
        staff = self.context["request"].user.has_perm(_STAFF, reel)
        found: dict[str, Any] = event.detail
        return found if staff else None


class EventFilters(serializers.Serializer):
    kind = Text(max_length=60)
    outcome = Text(max_length=40)


class Events(Rows):
    """What happened to a reel, the newest first: its chain of custody."""

    rights: ClassVar = BROWSE
    queryset = Event.objects.all()
    serializer_class = EventShown
    filters = EventFilters
    order = ("-sequence",)

    def rows(self, user: Any) -> QuerySet[Event]:
        self.reel = reel = reel_named(self)
        if user.has_perm(_STAFF, reel):  # with what was entered by hand
            return reel.events.select_related("agent")
        return pages.custody_timeline(reel, user)


def reel_named(view: Any) -> Reel:
    """The reel that an address below it names, if the person sees it.

    Raises: NotFound.
    """
    found = reels_of(view.request.user).filter(pk=view.kwargs["pk"]).first()
    if found is None:
        raise NotFound
    reading.note(view.request._request, found)
    return found
