"""Reels as the catalogue's page finds them, each with the state of the work on it; their events."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from archive import earlier
from archive.access import signed_in
from archive.api import rows, writing
from archive.api.catalogue import BROWSE, Described, called, reels_of
from archive.api.of_reel import reel_named, reel_with_right
from archive.api.rows import Id, Text
from archive.api.views import Rows
from archive.models import Agent, Event, Reel, ReelIdentifier
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


class NarrowingSaid(serializers.Serializer):
    """As on the catalogue's page."""

    words = Text(max_length=400, help_text="Of the description, misspelt too")
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


class ReelFilters(NarrowingSaid):
    title = Id()
    element = Id()
    barcode = Text(max_length=100, help_text="Asked by staff alone")
    identifier = Text(max_length=200, help_text="One of its own, whole, whatever its source")


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
        return shown_to(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        reels: QuerySet[Reel] = reels_of(self.request.user)
        if "barcode" in wanted:
            user, barcode = self.request.user, wanted.pop("barcode")
            told = reels_of(user, _STAFF) if user.has_perm(_STAFF) else reels.none()
            reels = told.filter(barcode=barcode)
        reels = called(reels, ReelIdentifier, "reel", wanted)
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
        return shown_to(user)

    def reel_of(self, row: Reel) -> Reel:
        return row


def shown_to(user: Any) -> ReelQuerySet:
    return pages.with_state(reels_of(user)).for_list().prefetch_related("identifiers")


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


class EarlierSaid(serializers.Serializer):
    """Something that happened before this system kept the reel's history."""

    kind = serializers.ChoiceField(list(earlier.KINDS.items()))
    when = serializers.CharField(max_length=100, help_text="EDTF: 1952, 1952~ about, 195X")
    who = serializers.CharField(max_length=200, help_text="A person, a firm, an archive")
    note = Text(max_length=2000)
    source = serializers.CharField(max_length=400, help_text="Known from: a ledger, a letter")
    certainty = serializers.ChoiceField(list(earlier.CERTAINTIES.items()))


class EventFilters(serializers.Serializer):
    kind = Text(max_length=60)
    outcome = Text(max_length=40)


class Events(Rows):
    """What happened to a reel, the newest first: its chain of custody."""

    rights: ClassVar = BROWSE | {"POST": "archive.describe"}
    queryset = Event.objects.all()
    serializer_class = EventShown
    filters = EventFilters
    reads = EarlierSaid
    order = ("-sequence",)

    @extend_schema(responses={201: EventShown})
    def post(self, request: Request, pk: int) -> Response:
        """Enter by hand what happened before the system, with how it is known and how surely. It
        is never changed; what was wrong is entered again."""
        reel_with_right(self)
        said = self.said()
        return writing.once(request, lambda: self._enter(said))

    def _enter(self, said: dict[str, Any]) -> Response:
        self.reel = reel_with_right(self)
        form = earlier.EarlierForm(said)
        if not form.is_valid():
            raise ValidationError(form.errors)
        made = earlier.keep(self.reel, form.cleaned_data, by=signed_in(self.request._request))
        return Response(self.shown(made), 201)

    def rows(self, user: Any) -> QuerySet[Event]:
        self.reel = reel = reel_named(self)
        if user.has_perm(_STAFF, reel):  # with what was entered by hand
            return reel.events.select_related("agent")
        return pages.custody_timeline(reel, user)
