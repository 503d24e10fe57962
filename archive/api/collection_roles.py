"""Who is what in a collection: given and taken back by those who give roles there."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive import granting
from archive.access import signed_in
from archive.api import problems, writing
from archive.api.catalogue import collections_of
from archive.api.rows import person_named
from archive.api.views import Revocable, Rows
from archive.errors import RoleRefused
from archive.models import Collection, CollectionRole
from archive.roles import Subject

_RIGHTS = dict.fromkeys(("GET", "POST", "DELETE"), granting.RIGHT)
SCOPE = "roles"

problems.answer_with(422, RoleRefused)


class RoleShown(serializers.ModelSerializer):
    """What a person is in the collection, in place of what their groups say."""

    person = serializers.CharField(source="user.username")
    given_by = serializers.CharField(source="given_by.username", default=None, allow_null=True)

    class Meta:
        model = CollectionRole
        fields = ("id", "collection", "person", "role", "given_by", "given")


class PersonSaid(serializers.Serializer):
    person = serializers.CharField(max_length=150, help_text="Log-in name")

    def validate_person(self, name: str) -> User:
        return person_named(name)


class RoleSaid(PersonSaid):
    role = serializers.ChoiceField(CollectionRole.Role.choices)


class CollectionRoles(Rows):
    """Roles that were given in a collection."""

    rights: ClassVar = _RIGHTS
    scope = SCOPE
    queryset = CollectionRole.objects.all()
    serializer_class = RoleShown
    reads = RoleSaid

    def rows(self, user: Any) -> QuerySet[CollectionRole]:
        return _given_in(collection_named(self))

    @extend_schema(responses={201: RoleShown})
    def post(self, request: Request, pk: int) -> Response:
        """Give somebody a role here; it replaces the one that they had. `none` shuts them out."""
        collection_named(self)
        said = self.said()
        return writing.once(request, lambda: self._give(said))

    def _give(self, said: dict[str, Any]) -> Response:
        collection, by = collection_named(self), signed_in(self.request._request)
        made = granting.give(collection, said["person"], said["role"], by=by)
        return Response(self.shown(_given_in(collection).get(pk=made.pk)), 201)


class OneCollectionRole(Revocable):
    """A role in a collection; taken back, what the person's groups say holds again."""

    rights: ClassVar = _RIGHTS
    scope = SCOPE
    queryset = CollectionRole.objects.all()
    serializer_class = RoleShown

    def rows(self, user: Any) -> QuerySet[CollectionRole]:
        return _given_in(collection_named(self)).filter(pk=self.kwargs["role"])

    def row(self, **named: Any) -> Any:
        return super().row(pk=self.kwargs["role"])

    def film_of(self, row: CollectionRole) -> Subject:
        return row.collection

    def take_back(self, row: CollectionRole, by: Any) -> None:
        granting.take_back(row.collection, row.user, by=by)


def _given_in(collection: Collection) -> QuerySet[CollectionRole]:
    return collection.roles.select_related("user", "given_by", "collection")


def collection_named(view: Any) -> Collection:
    """The collection of the address, if the person sees it or gives roles in it.

    Raises: NotFound, PermissionDenied.
    """
    user = view.request.user
    found = Collection.objects.filter(pk=view.kwargs["pk"]).first()
    if found is None:
        raise NotFound
    if not user.has_perm(granting.RIGHT, found) and not collections_of(user).contains(found):
        raise NotFound
    view.ask_right(found)
    return found
