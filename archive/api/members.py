"""Who is let into a closed collection."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive import granting, membership
from archive.access import signed_in
from archive.api import writing
from archive.api.collection_roles import SCOPE, PersonSaid, collection_named
from archive.api.views import Revocable, Rows
from archive.models import CollectionMember
from archive.roles import Subject

_RIGHTS = {
    "GET": granting.RIGHT,
    "POST": "archive.add_collectionmember",
    "DELETE": "archive.delete_collectionmember",
}
"""Administrators let people in, as on their own pages: who gives roles alone only looks."""


class CollectionMemberShown(serializers.ModelSerializer):
    """Somebody who sees a collection that others do not, with the rights of their own roles."""

    person = serializers.CharField(source="user.username")

    class Meta:
        model = CollectionMember
        fields = ("id", "collection", "person")


class Members(Rows):
    """Members of a collection; one that has none is open to whoever its reels are open to."""

    rights: ClassVar = _RIGHTS
    scope = SCOPE
    queryset = CollectionMember.objects.all()
    serializer_class = CollectionMemberShown
    reads = PersonSaid

    def rows(self, user: Any) -> QuerySet[CollectionMember]:
        return collection_named(self).members.select_related("user")

    @extend_schema(responses={201: CollectionMemberShown})
    def post(self, request: Request, pk: int) -> Response:
        """Let somebody in. The first member closes the collection to all who are none, but
        archivists and whoever has a role in it."""
        collection_named(self)
        said = self.said()
        return writing.once(request, lambda: self._let_in(said))

    def _let_in(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        made = membership.let_in(collection_named(self), said["person"], by=by)
        return Response(self.shown(made), 201)


class OneMember(Revocable):
    """A member; when the last one is taken out, the collection is closed no more."""

    http_method_names: ClassVar = ["delete"]
    rights: ClassVar = _RIGHTS
    scope = SCOPE
    queryset = CollectionMember.objects.all()
    serializer_class = CollectionMemberShown

    def rows(self, user: Any) -> QuerySet[CollectionMember]:
        return collection_named(self).members.select_related("user", "collection")

    def row(self, **_named: Any) -> Any:
        return super().row(pk=self.kwargs["member"])

    def film_of(self, row: CollectionMember) -> Subject:
        return row.collection

    def take_back(self, row: CollectionMember, by: Any) -> None:
        membership.take_out(row, by=by)
