"""A reel's faces and what people call them: named, taken back, renamed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, writing
from archive.api.catalogue import reels_of
from archive.api.of_reel import reel_named, reel_with_right
from archive.api.views import Endpoint, Rows
from archive.models import Scan
from restoration import cast, namings, photographs
from restoration.models import Character, FaceTrack, Naming

_VIEW = {"GET": "review.view_cast"}
_NAME = dict.fromkeys(("POST", "DELETE"), "review.name_faces")


class CharacterShown(serializers.ModelSerializer):
    """Somebody in a film, and who plays them; the same in all its reels."""

    class Meta:
        model = Character
        fields = ("id", "title", "name", "actor", "at")


class NamingShown(serializers.ModelSerializer):
    """A person said: this face is that character."""

    character = serializers.CharField(source="character.name")
    by = serializers.CharField(source="by.username")

    class Meta:
        model = Naming
        fields = ("id", "character", "everywhere", "by", "at")


class FaceShown(serializers.ModelSerializer):
    """One face through a scene, as the newest run followed it. Faces that look alike share
    `person` (0: not told). `name` is what it is called, `named_by` who said so: empty where a
    machine did."""

    name = serializers.SerializerMethodField()
    named_by = serializers.SerializerMethodField()
    box = serializers.ListField(
        child=serializers.IntegerField(), help_text="left, top, right, bottom in the best frame"
    )
    namings = NamingShown(many=True)

    class Meta:
        model = FaceTrack
        fields = (
            *("id", "scan", "number", "person", "start_frame", "end_frame", "best_frame", "box"),
            *("name", "named_by", "namings"),
        )

    def _called(self, face: FaceTrack) -> cast.Called | None:
        by_track, by_person = self.context["called"]
        called: cast.Called | None = by_track.get(face.number) or by_person.get(face.person)
        return called

    def get_name(self, face: FaceTrack) -> str:
        called = self._called(face)
        return called.name if called else ""

    def get_named_by(self, face: FaceTrack) -> str:
        called = self._called(face)
        return called.by if called else ""


class FaceFilters(serializers.Serializer):
    person = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)


class FaceNamed(serializers.Serializer):
    name = serializers.CharField(max_length=200)
    actor = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    everywhere = serializers.BooleanField(
        required=False, default=True, help_text="Wherever a face looks like it, not here alone"
    )


class CharacterNamed(serializers.Serializer):
    name = serializers.CharField(max_length=200, help_text="One that is taken merges both")
    actor = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class CharacterAdded(serializers.Serializer):
    name = serializers.CharField(max_length=200)
    actor = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


def refuse_switched_off() -> None:
    """Raises: Refused where the archive tells no faces apart."""
    if not settings.BIOMETRICS:
        raise problems.Refused(cast.SWITCHED_OFF, 409)


class _Faces:
    """Asks what the faces of a scan are called at once."""

    def get_serializer(self, *args: Any, **options: Any) -> Any:
        if args:
            faces = list(args[0]) if options.get("many") else [args[0]]
            called = cast.called(faces[0].scan) if faces else ({}, {})
            context = self.get_serializer_context() | {"called": called}  # type: ignore[attr-defined]
            return FaceShown(faces if options.get("many") else faces[0],
                             many=bool(options.get("many")), context=context)  # fmt: skip
        return super().get_serializer(*args, **options)  # type: ignore[misc]


class Faces(_Faces, Rows):
    """The faces of a reel's newest run, with what they are called."""

    rights: ClassVar = _VIEW
    queryset = FaceTrack.objects.all()
    serializer_class = FaceShown
    filters = FaceFilters

    def rows(self, user: Any) -> QuerySet[FaceTrack]:
        reel = reel_with_right(self)
        refuse_switched_off()
        scan = reel.current_scan()
        run = cast.newest_run(scan) if scan is not None else None
        return faces_of(user).filter(run=run.pk if run else 0)


class NameFace(_Faces, Endpoint):
    """Say who a face is."""

    rights: ClassVar = _NAME
    queryset = FaceTrack.objects.all()
    serializer_class = FaceShown
    reads = FaceNamed
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[FaceTrack]:
        return faces_of(user)

    @extend_schema(responses={200: FaceShown})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        refuse_switched_off()
        said = self.said()
        return writing.once(request, lambda: self._name(said))

    def _name(self, said: dict[str, Any]) -> Response:
        namings.name_face(self.row(), by=signed_in(self.request._request), **said)
        return Response(self.shown(self.row()))


class TakeBackName(Endpoint):
    """Take a name back that a person gave; it stays on record."""

    rights: ClassVar = _NAME
    queryset = Naming.objects.all()
    serializer_class = NamingShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Naming]:
        standing = Naming.objects.filter(
            withdrawn=None, track__scan__reel__in=reels_of(user, _VIEW["GET"])
        )
        return standing.select_related("track__scan", "character", "by")

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        refuse_switched_off()
        return writing.once(request, self._take_back)

    def _take_back(self) -> Response:
        namings.take_back(self.row(), by=signed_in(self.request._request))
        return Response(status=204)


class Characters(Rows):
    """Whom people named in the film that a reel is of."""

    rights: ClassVar = _VIEW | {"POST": "review.keep_photographs"}
    queryset = Character.objects.all()
    serializer_class = CharacterShown
    reads = CharacterAdded

    def rows(self, user: Any) -> QuerySet[Character]:
        return Character.objects.filter(title=reel_with_right(self).element.title_id)

    @extend_schema(responses={201: CharacterShown})
    def post(self, request: Request, pk: int) -> Response:
        """Add a character whom no face has yet, for photographs of them."""
        reel_with_right(self)
        refuse_switched_off()
        said = self.said()
        return writing.once(request, lambda: self._add(said))

    def _add(self, said: dict[str, Any]) -> Response:
        scan = reel_with_right(self).current_scan()
        if scan is None:
            raise problems.Refused("Nothing was kept: this reel has no scan.", 422)
        by = signed_in(self.request._request)
        made = photographs.add_character(scan, said["name"], actor=said["actor"], by=by)
        return Response(self.shown(made), 201)


class RenameCharacter(Endpoint):
    """Call somebody otherwise, in every reel of the film."""

    rights: ClassVar = _NAME
    queryset = Character.objects.all()
    serializer_class = CharacterShown
    reads = CharacterNamed
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Character]:
        found = Character.objects.filter(title=reel_with_right(self).element.title_id)
        return found.select_related("title")

    @extend_schema(responses={200: CharacterShown})
    def post(self, request: Request, pk: int, character: int) -> Response:
        self.row(pk=character)
        refuse_switched_off()
        said = self.said()
        return writing.once(request, lambda: self._rename(character, said))

    def _rename(self, character: int, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        found, scan = self.row(pk=character), self._scan()
        made = namings.rename(found, said["name"], scan=scan, by=by, actor=said["actor"])
        return Response(self.shown(made))

    def _scan(self) -> Scan:
        scan = reel_named(self).current_scan()
        if scan is None:
            raise NotFound
        return scan


def faces_of(user: Any) -> QuerySet[FaceTrack]:
    standing = Naming.objects.filter(withdrawn=None).select_related("character", "by")
    found = FaceTrack.objects.filter(scan__reel__in=reels_of(user, _VIEW["GET"])).select_related(
        "scan__reel"
    )
    return found.prefetch_related(Prefetch("namings", standing))
