"""Scenes of a reel coloured by one hint, approved, and delivered as a test asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from archive.models import Reel
from restoration import hints
from restoration.drawn import drawn_params
from restoration.models import Hint, Scene, Take
from review import decisions
from review.deliverables import build_deliverable
from review.version_choice import COLOUR, VersionChoice
from tests.review.approved_reel import current_scan, make_real_take

OTHERS_AS_RESTORED = VersionChoice(COLOUR, uncoloured=True)
FIRST_HINT = 1_000_000


def scenes_of(reel: Reel) -> list[Scene]:
    return list(Scene.objects.current().filter(scan=current_scan(reel)))


def colour(scene: Scene, **params: Any) -> Take:
    """One red patch on the scene's first frame, spread over the restoration."""
    if not Hint.objects.of_scene(scene).exists():
        anna = User.objects.get(username="anna")
        made = hints.paint(scene, scene.start_frame, [(11, 11)], size=6, rgb=(180, 60, 40), by=anna)
        # A number that is the same for every test: the take has it in it, and is made once.
        Hint.objects.filter(pk=made[0].pk).update(id=FIRST_HINT + scene.start_frame)
    restored = Take.objects.of_scene(scene).filter(version="restoration").latest("pk")
    drawn = drawn_params(scene, "colourise")
    return make_real_take(scene, stage="colourise", after=restored, **drawn, **params)


def approve(take: Take, *, by: User) -> None:
    scene = Scene.objects.current().get(scan=take.scan, start_frame=take.start_frame)
    decisions.approve(scene, take, by=by)


def deliver(reel: Reel, folder: Path, by: User, choice: VersionChoice, format: str = "all") -> Path:
    made = build_deliverable(reel, format=format, use="exhibition", to=folder, by=by, choice=choice)
    return Path(made.files[0]["path"]).parent
