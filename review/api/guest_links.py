"""Links for guests: listed, made with an address that is shown once, revoked."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, writing
from archive.api.catalogue import reels_of
from archive.api.rows import Id, Text
from archive.api.views import Revocable, Rows
from restoration.models import Scene, Take
from review.guests import copies, links
from review.guests.links import Wish
from review.models import ShareLink

_RIGHT = "review.share"
_RIGHTS = dict.fromkeys(("GET", "POST", "DELETE"), _RIGHT)
SCOPE = "deliver"


class SharedShown(serializers.Serializer):
    scene = serializers.IntegerField(source="scene_id")
    take = serializers.IntegerField(source="take_id")
    digest = serializers.CharField()


class GuestLinkShown(serializers.ModelSerializer):
    """A guest's way to takes that were named when it was made."""

    by = serializers.CharField(source="by.username")
    revoked_by = serializers.CharField(source="revoked_by.username", default=None, allow_null=True)
    has_password = serializers.SerializerMethodField()
    shown = SharedShown(many=True)

    class Meta:
        model = ShareLink
        fields: tuple[str, ...] = (
            *("id", "reel", "guest", "use", "version", "word", "has_password", "shown", "by", "at"),
            *("expires", "revoked", "revoked_by"),
        )

    def get_has_password(self, link: ShareLink) -> bool:
        return bool(link.password)


class GuestLinkWhole(GuestLinkShown):
    """With `closed`: why it opens nothing at this moment; empty: it is open."""

    closed = serializers.SerializerMethodField()

    class Meta(GuestLinkShown.Meta):
        fields = (*GuestLinkShown.Meta.fields, "closed")

    def get_closed(self, link: ShareLink) -> str:
        return links.closed_because(link)


class GuestLinkMade(GuestLinkShown):
    """With its `address`, told this once: what is kept of it is a digest. The same request sent
    again under its key is answered without (null)."""

    address = serializers.SerializerMethodField()

    class Meta(GuestLinkShown.Meta):
        fields = (*GuestLinkShown.Meta.fields, "address")

    @extend_schema_field({"type": "string", "nullable": True})
    def get_address(self, link: ShareLink) -> str | None:
        address: str | None = self.context.get("address")
        return address


class GuestLinkFilters(serializers.Serializer):
    reel = Id()
    revoked = serializers.BooleanField(required=False, allow_null=True, default=None)


class GuestLinkSaid(serializers.Serializer):
    """For whom, of what and for how long; without a scene all of the reel that have a take."""

    reel = Id(required=True)
    scene = Id(allow_null=True)
    guest = serializers.CharField(max_length=60, help_text="The name that stands in each picture")
    use = Text(max_length=60, help_text="A policy's; left out: to be judged, and used for nothing")
    version = serializers.ChoiceField(Take.Version.choices, default=Take.Version.RESTORATION.value)
    days = serializers.IntegerField(min_value=1, max_value=3660, default=links.DAYS)
    password = Text(max_length=128)
    word = Text(max_length=2000, help_text="What the guest is asked")


class GuestLinks(Rows):
    """Links of the reels that you may share."""

    rights: ClassVar = _RIGHTS
    scope = SCOPE
    queryset = ShareLink.objects.all()
    serializer_class = GuestLinkShown
    filters = GuestLinkFilters
    reads = GuestLinkSaid
    _address: str | None = None

    def rows(self, user: Any) -> QuerySet[ShareLink]:
        return links_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if (revoked := wanted.pop("revoked", None)) is not None:
            rows = rows.filter(revoked__isnull=not revoked)
        return rows.filter(**wanted)

    @extend_schema(responses={201: GuestLinkMade})
    def post(self, request: Request) -> Response:
        """Make a link. Its address stands in this answer alone."""
        said = self.said()
        answer = writing.once(request, lambda: self._make(said))
        answer.data["address"] = self._address  # afterwards: an answer that is kept has it not
        return answer

    def _make(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        reel = reels_of(by).select_related("element__title").filter(pk=said.pop("reel")).first()
        if reel is None:
            raise NotFound
        self.ask_right(reel)
        scene = None
        if (pk := said.pop("scene", None)) is not None:
            of_reel = Scene.objects.current().select_related("scan").filter(scan__reel=reel)
            scene = of_reel.filter(pk=pk).first()
            if scene is None:
                raise problems.Refused("No link was made: the reel has no such scene.", 422)
        made = links.make(reel, Wish(scene=scene, **said), by=by)
        shown = list(made.link.shown.values_list("pk", flat=True))
        transaction.on_commit(partial(_ring, shown))
        where = reverse("guest-door", args=[made.secret])
        self._address = self.request.build_absolute_uri(where)
        link = links_of(by).get(pk=made.link.pk)
        return Response(GuestLinkMade(link).data, 201)


def _ring(shown: list[int]) -> None:
    """Have the copies made that the guest will see."""
    for pk in shown:
        copies.ring(pk)


class OneGuestLink(Revocable):
    """A guest's link; revoked it is closed for good, and the copies that were made for it go."""

    rights: ClassVar = _RIGHTS
    scope = SCOPE
    queryset = ShareLink.objects.all()
    serializer_class = GuestLinkWhole

    def rows(self, user: Any) -> QuerySet[ShareLink]:
        return links_of(user)

    def take_back(self, row: ShareLink, by: Any) -> None:
        links.revoke(row, by=by)
        transaction.on_commit(lambda: copies.remove(row.pk))


def links_of(user: Any) -> QuerySet[ShareLink]:
    if not settings.SHARE_LINKS:
        return ShareLink.objects.none()
    found = ShareLink.objects.filter(reel__in=reels_of(user, _RIGHT))
    found = found.select_related("reel__element__title__collection", "by", "revoked_by")
    return found.prefetch_related("shown")
