"""Scenes with where each stands, and what is said in a reel."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from archive.api.catalogue import BROWSE, reels_of
from archive.api.rows import LARGEST, Id, Text
from archive.api.views import Row, Rows
from restoration import transcripts
from restoration.models import Scene, Take, Transcript
from restoration.scenes import COLOUR, RESTORATION
from review.api.reels import reel_named
from review.models import SearchLine
from review.search.index import SPOKEN
from review.standing import Standing, State, standings


class SceneShown(serializers.ModelSerializer):
    """Frames [start_frame, end_frame) of a scan: the unit of work and of decision."""

    reel = serializers.IntegerField(source="scan.reel_id")
    state = serializers.SerializerMethodField(help_text="Where the restoration stands")
    reasons = serializers.SerializerMethodField(
        help_text="Why its decision is stale, and which stages were sent back by themselves"
    )
    take = serializers.SerializerMethodField(help_text="At the end of the restoration's chain")
    digest = serializers.SerializerMethodField(help_text="Of that take: a decision names it")
    colour_state = serializers.SerializerMethodField(help_text="Where the colour version stands")
    colour_take = serializers.SerializerMethodField()

    class Meta:
        model = Scene
        fields = (
            *("id", "reel", "scan", "start_frame", "end_frame", "kind", "transition"),
            *("confidence", "by_hand", "state", "reasons", "take", "digest"),
            *("colour_state", "colour_take", "created"),
        )

    def _of(self, scene: Scene, version: str = RESTORATION) -> Standing:
        found: Standing = self.context["standings"][version][scene.pk]
        return found

    def get_state(self, scene: Scene) -> State:
        return self._of(scene).state

    def get_reasons(self, scene: Scene) -> list[str]:
        return self._of(scene).told

    def get_take(self, scene: Scene) -> int | None:
        return _number(self._of(scene).take)

    def get_digest(self, scene: Scene) -> str | None:
        take = self._of(scene).take
        return take.digest if take else None

    def get_colour_state(self, scene: Scene) -> State | None:
        standing = self._of(scene, COLOUR)
        return standing.state if standing.take else None

    def get_colour_take(self, scene: Scene) -> int | None:
        return _number(self._of(scene, COLOUR).take)


def _number(take: Take | None) -> int | None:
    return take.pk if take else None


class _WithStandings:
    """Asks where all scenes of an answer stand at once."""

    def get_serializer(self, *args: Any, **options: Any) -> Any:
        if args:
            scenes = list(args[0]) if options.get("many") else [args[0]]
            told = {
                version: {each.scene.pk: each for each in standings(scenes, version)}
                for version in (RESTORATION, COLOUR)
            }
            options["context"] = self.get_serializer_context() | {"standings": told}  # type: ignore[attr-defined]
            return SceneShown(*args, **options)
        return super().get_serializer(*args, **options)  # type: ignore[misc]


class SceneFilters(serializers.Serializer):
    reel = Id()
    scan = Id()
    kind = serializers.ChoiceField(Scene.Kind.choices, required=False)


class Scenes(_WithStandings, Rows):
    """Scenes that no later edit of the cuts replaced, with where each stands."""

    rights: ClassVar = BROWSE
    queryset = Scene.objects.all()
    serializer_class = SceneShown
    filters = SceneFilters

    def rows(self, user: Any) -> QuerySet[Scene]:
        return scenes_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if (reel := wanted.pop("reel", None)) is not None:
            rows = rows.filter(scan__reel=reel)
        return rows.filter(**wanted)


class OneScene(_WithStandings, Row):
    rights: ClassVar = BROWSE
    queryset = Scene.objects.all()
    serializer_class = SceneShown

    def rows(self, user: Any) -> QuerySet[Scene]:
        return scenes_of(user)


def scenes_of(user: Any) -> QuerySet[Scene]:
    current = Scene.objects.current().select_related("scan")
    return current.filter(scan__reel__in=reels_of(user))


class TranscriptShown(serializers.ModelSerializer):
    """Who heard it, and in which version it stands."""

    class Meta:
        model = Transcript
        fields = ("id", "scan", "number", "maker", "source", "language", "digest", "at")


class TheTranscript(Row):
    """The newest transcript of the reel's scan; its lines have an address of their own."""

    rights: ClassVar = BROWSE
    queryset = Transcript.objects.all()
    serializer_class = TranscriptShown

    def rows(self, user: Any) -> QuerySet[Transcript]:
        scan = reel_named(self).current_scan()
        found = transcripts.current(scan) if scan else None
        return Transcript.objects.filter(pk=found.pk if found else 0)

    def row(self, **_named: Any) -> Any:
        return super().row(pk__isnull=False)


class LineShown(serializers.ModelSerializer):
    """One line as it reads now. `checked`: a person answers for every word."""

    class Meta:
        model = SearchLine
        fields = (
            *("key", "number", "kind", "start_frame", "end_frame", "text", "speaker"),
            *("language", "checked", "doubtful"),
        )


class LineFilters(serializers.Serializer):
    speaker = Text(max_length=200)
    checked = serializers.BooleanField(required=False, allow_null=True, default=None)
    from_frame = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False)
    to_frame = serializers.IntegerField(
        min_value=0, max_value=LARGEST, required=False, help_text="Half-open"
    )


class Lines(Rows):
    """What is said and shown in a reel, in order, with people's corrections."""

    rights: ClassVar = BROWSE
    queryset = SearchLine.objects.all()
    serializer_class = LineShown
    filters = LineFilters
    order = ("number", "kind", "key")
    _LOOKUPS: ClassVar = {"from_frame": "end_frame__gt", "to_frame": "start_frame__lt"}

    def rows(self, user: Any) -> QuerySet[SearchLine]:
        return SearchLine.objects.filter(reel=reel_named(self), kind__in=SPOKEN).defer("vector")

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        return rows.filter(**{self._LOOKUPS.get(name, name): wanted[name] for name in wanted})
