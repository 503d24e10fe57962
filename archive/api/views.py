"""What every address of the interface does: lists in pages, single rows with their ETag, acts."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from archive import reading as readers
from archive import roles
from archive.access import NOT_HERE, signed_in
from archive.api import reading, writing
from archive.api.pages import Pages
from archive.models import Collection, Element, Reel, Title
from archive.roles import Subject


class Endpoint(GenericAPIView):
    """`rights` names for each method the right without which it is refused (403); a row that the
    person may not see is not there (404): `rows` says which these are, by the pages' own rules."""

    http_method_names: ClassVar = ["get", "head", "post", "patch", "delete"]
    rights: ClassVar[dict[str, str]] = {}
    scope = "write"
    """Of a token, for methods that write."""
    filters: type[Serializer] | None = None
    reads: type[Serializer] | None = None
    """What a POST or PATCH is to say."""
    is_guarded = False
    """Whether a write must name the state that it saw."""
    is_keyed = True
    """Whether a write may bear an Idempotency-Key."""
    queryset: Any = None

    def rows(self, user: Any) -> QuerySet[Any]:
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):  # while the document is made
            model: type[Model] = self.queryset.model
            return model._default_manager.none()
        return self.rows(self.request.user)

    def row(self, **named: Any) -> Any:
        """The row that the address names, if the person sees it.

        Raises: NotFound.
        """
        found = self.get_queryset().filter(**(named or {"pk": self.kwargs["pk"]})).first()
        if found is None:
            raise NotFound
        if roles.of(self.request.user).there and (film := self.film_of(found)) is not None:
            self.ask_right(film)
        return found

    def film_of(self, row: Any) -> Subject | None:
        """What rights are asked of, for a row of this address."""
        return film_behind(row)

    def ask_right(self, film: Subject) -> None:
        """Ask the right that the method needs over this very film.

        Raises: PermissionDenied.
        """
        method = "GET" if self.request.method == "HEAD" else str(self.request.method)
        right = self.rights.get(method, "")
        if right and not self.request.user.has_perm(right, film):
            raise PermissionDenied(NOT_HERE)

    def said(self) -> dict[str, Any]:
        """The body, checked.

        Raises: ValidationError.
        """
        assert self.reads is not None
        body = self.reads(data=self.request.data, context={"request": self.request})
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def shown(self, row: Any) -> Any:
        return self.get_serializer(row).data

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers.setdefault("Cache-Control", "private, no-cache")
        return answer


def film_behind(row: Any) -> Subject | None:
    """What rights are asked of, for a row: its reel, or itself where it is the description of one;
    None: it belongs to no film, but to a person."""
    return row if isinstance(row, (Collection, Title, Element)) else reel_behind(row)


def reel_behind(row: Any) -> Reel | None:
    """The reel that a row is of; none of a title, which is no film."""
    while row is not None and not isinstance(row, Reel):
        above = (getattr(row, name, None) for name in ("scene", "scan", "reel"))
        row = next((each for each in above if each is not None), None)
    return row


class Rows(Endpoint, ListAPIView):
    """A list, narrowed by `filters`."""

    pagination_class = Pages
    order: ClassVar[tuple[str, ...]] = ("pk",)
    _READ_BY_PAGES = ("cursor", "page_size")

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        """The rows that are asked for; `wanted` holds only filters that were given."""
        return rows.filter(**wanted)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = reading.wanted(self.request, self.filters, self._READ_BY_PAGES)
        return self.narrowed(queryset, wanted)


class Row(Endpoint, RetrieveAPIView):
    """One row, with its ETag; `If-None-Match` is answered 304 while nothing changed."""

    pagination_class = None

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        reading.wanted(request, None, ())
        row = self.row()
        if (reel := reel_behind(row)) is not None:
            readers.note(request._request, reel)
        return self.answer(row)

    def answer(self, row: Any, status: int = 200) -> Response:
        shown = self.shown(row)
        etag = writing.etag_of(shown)
        unseen = self.request.headers.get("If-None-Match", "")
        if self.request.method in ("GET", "HEAD") and unseen and writing.matches(unseen, etag):
            return Response(status=304, headers={"ETag": etag})
        return Response(shown, status, headers={"ETag": etag})


class Revocable(Row):
    """One row that people entered, with its ETag; it can be taken back."""

    def take_back(self, row: Any, by: Any) -> None:
        raise NotImplementedError

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take it back. Who entered it, who took it back and when stays on record."""
        return writing.once(request, self._take_back)  # asked again, it is there no more

    def _take_back(self) -> Response:
        self.take_back(self.row(), signed_in(self.request._request))
        return Response(status=204)
