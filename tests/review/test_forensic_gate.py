"""No way out lets a pixel leave as evidence that was recovered, entered by hand, or made up."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from archive.fixity import sha256_file
from archive.models import Reel
from restoration.mapfile import MapReader
from restoration.models import Scene, Take
from restoration.provenance import Label
from restoration.storage import storage
from review.delivery.attempts import execute_delivery
from review.guests import copies
from review.guests.links import digest_of
from review.models import Deliverable, Delivery, SharedTake, ShareLink
from review.policies import LabelLimit
from review.uses import policy_for
from tests import factories
from tests.api.asking import Program
from tests.review.approved_reel import (
    approve_all,
    current_scan,
    make_real_take,
    make_scanned_reel,
)
from tests.review.guests.guest import status_of
from tests.review.labelled_takes import CLEAN, SIZE, Wanted, labelling

pytestmark = pytest.mark.django_db(transaction=True)

FRAMES = 3
LABELS = (
    Label.ORIGINAL,
    Label.ADJUSTED,
    Label.RECOVERED,
    Label.HUMAN,
    Label.SYNTHESISED,
    Label.NOT_MEASURED,
)
EVIDENCE = {Label.ORIGINAL, Label.ADJUSTED}
PATHS = ("page", "command", "worker", "retry", "api", "link")
RULES = [limit.name for limit in policy_for("forensic").labels]

pairs = st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS))
frames = st.lists(
    st.one_of(st.just(CLEAN), st.just(CLEAN), pairs), min_size=2 * FRAMES, max_size=2 * FRAMES
)


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.DELIVERY_HOME = tmp_path / "out"


def labelled_reel(folder: Path, wanted: Sequence[Wanted], by: User) -> Reel:
    """Two approved scenes, with these labels frame by frame."""
    name = folder.name
    reel = make_scanned_reel(
        folder, name=name, frames=2 * FRAMES, width=SIZE, height=SIZE, pixel="yuv420p"
    )
    scenes: list[Scene] = []
    for start in (0, FRAMES):
        scene = factories.make_scene(scan=current_scan(reel), frames=(start, start + FRAMES))
        make_real_take(scene, by=labelling(wanted[start : start + FRAMES], start=start))
        scenes.append(scene)
    approve_all(scenes, by=by)
    return reel


def by_page(reel: Reel, by: User, format: str, out: Path) -> None:
    client = Client()
    client.force_login(by)
    form = {"format": format, "use": "forensic", "override": "we need it", "rule": RULES}
    assert client.post(reverse("deliver", args=[reel.pk]), form).status_code == 302
    execute_all(reel)


def by_command(reel: Reel, by: User, format: str, out: Path) -> None:
    order = [str(reel.pk), "--format", format, "--use", "forensic", "--to", str(out)]
    for more in ([], ["--by", by.username, "--override", "we need it"]):
        with contextlib.suppress(CommandError):
            call_command("deliver", *order, *more)


def by_worker(reel: Reel, by: User, format: str, out: Path) -> None:
    """A row that no gate let in, with an override that nobody gave."""
    override = {"by": "Anna", "reason": "we need it", "rules": RULES}
    reel.deliveries.create(
        scan=reel.current_scan(), format=format, use="forensic", by=by, override=override
    )
    execute_all(reel)


def by_retry(reel: Reel, by: User, format: str, out: Path) -> None:
    row = reel.deliveries.create(
        scan=reel.current_scan(), format=format, use="forensic", by=by,
        status="failed", error="the disk was full",
    )  # fmt: skip
    client = Client()
    client.force_login(by)
    client.post(reverse("retry-delivery", args=[row.pk]))
    execute_all(reel)


def by_api(reel: Reel, by: User, format: str, out: Path) -> None:
    """Through the interface for programs, with every scope."""
    order = {"reel": reel.pk, "format": format, "use": "forensic"}
    Program(by).post("deliveries", order)
    execute_all(reel)


def execute_all(reel: Reel) -> None:
    for delivery in Delivery.objects.filter(reel=reel, status="queued"):
        execute_delivery(delivery.pk)


def seen_by_link(reel: Reel, by: User) -> bool:
    """Whether a guest gets a picture by a link for evidence: one that was asked for, and a row
    that no gate let in."""
    client = Client()
    client.force_login(by)
    form = {"guest": "Ada", "use": "forensic", "days": 3}
    assert client.post(reverse("share-links", args=[reel.pk]), form).status_code == 200
    found = list(ShareLink.objects.filter(reel=reel))
    if not found:
        found = [link_past_the_gate(reel, by)]
    return any([pictures_by(link) for link in found])


def link_past_the_gate(reel: Reel, by: User) -> ShareLink:
    link = ShareLink.objects.create(
        reel=reel, digest="", guest="Ada", use="forensic", version="restoration", by=by,
        expires=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    for number, take in enumerate(current_scan(reel).takes.order_by("start_frame"), start=1):
        scene = Scene.objects.get(scan=take.scan, start_frame=take.start_frame)
        link.shown.create(scene=scene, take=take, digest=take.digest, number=number)
    return link


def pictures_by(link: ShareLink) -> bool:
    secret = f"secret-{link.pk}"
    ShareLink.objects.filter(pk=link.pk).update(digest=digest_of(secret))
    for shown in link.shown.all():
        copies.make_by_message(shown.pk)
    guest = Client()
    guest.post(reverse("guest-door", args=[secret]), {"name": "Ada"})
    states = [
        guest.get(reverse("guest-state", args=[link.pk, shown.pk])) for shown in link.shown.all()
    ]
    ready = [each.json()["film"] for each in states if each.status_code == 200]
    return any(status_of(guest, film) == 200 for film in ready)


WAYS = {
    "page": by_page, "command": by_command, "worker": by_worker, "retry": by_retry, "api": by_api,
}  # fmt: skip


given_anything = given(
    wanted=frames,
    way=st.sampled_from(PATHS),
    format=st.sampled_from(("otio", "mp4", "webm", "prores", "ffv1", "title", "package")),
)
derandomized = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@derandomized
@given_anything
@example([CLEAN] * 6, "page", "otio")
@example([CLEAN] * 6, "command", "ffv1")
@example([CLEAN] * 6, "worker", "package")
@example([CLEAN] * 6, "link", "otio")
@example([CLEAN] * 5 + [(Label.ADJUSTED, Label.HUMAN)], "link", "otio")
@example([CLEAN] * 5 + [(Label.ADJUSTED, Label.HUMAN)], "page", "otio")
@example([CLEAN] * 5 + [(Label.ADJUSTED, Label.HUMAN)], "retry", "package")
@example([(Label.RECOVERED, Label.ORIGINAL)] + [CLEAN] * 5, "command", "mp4")
@example([CLEAN] * 3 + [(Label.SYNTHESISED, Label.ADJUSTED)] + [CLEAN] * 2, "worker", "ffv1")
@example([CLEAN] * 6, "api", "title")
@example([CLEAN] * 5 + [(Label.ADJUSTED, Label.RECOVERED)], "api", "title")
@example([CLEAN] * 5 + [(Label.NOT_MEASURED, Label.NOT_MEASURED)], "retry", "otio")
def test_no_path_lets_it_out(
    tmp_path: Path, archivist: User, wanted: list[Wanted], way: str, format: str
) -> None:
    let_out(tmp_path, archivist, wanted, way, format)


@pytest.mark.slow
@settings(derandomized, max_examples=30)
@given_anything
def test_no_path_lets_anything_out(
    tmp_path: Path, archivist: User, wanted: list[Wanted], way: str, format: str
) -> None:
    let_out(tmp_path, archivist, wanted, way, format)


def let_out(tmp_path: Path, archivist: User, wanted: list[Wanted], way: str, format: str) -> None:
    """Nothing but evidence leaves, and what is nothing else does."""
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    reel = labelled_reel(folder, wanted, archivist)
    is_evidence = all(label in EVIDENCE for pair in wanted for label in pair)
    if way == "link":
        assert seen_by_link(reel, archivist) == is_evidence
        return
    WAYS[way](reel, archivist, format, folder / "out")
    left = list(Deliverable.objects.filter(reel=reel))
    assert bool(left) == is_evidence, [each.reasons for each in reel.deliveries.all()]
    for made in left:
        counted = MapReader(map_of(made, folder)).totals()
        for counts in (counted.structure, counted.colour):
            assert {label for label, pixels in counts.items() if pixels} <= EVIDENCE
    if not is_evidence:
        assert not list(folder.glob("out/*")), "nothing was left behind"


def map_of(made: Deliverable, folder: Path) -> Path:
    """The provenance map that left, loose or within its package."""
    paths = {file["name"]: Path(file["path"]) for file in made.files}
    if made.format != "package":
        (path,) = [
            path for name, path in paths.items() if re.fullmatch(r"map(-1-R\d+)?\.mkv", name)
        ]
        return path
    with zipfile.ZipFile(paths["package.zip"]) as packed:
        (name,) = [each for each in packed.namelist() if each.endswith("/map.mkv")]
        return Path(packed.extract(name, folder / "unpacked"))


def lie_of_each_frame(take: Take) -> str:
    """The digest of the frames' record, rewritten to say the same as the lie above."""
    path = storage().folder(take.storage_key) / "frames.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line["structure"]["ADJUSTED"] += line["structure"]["SYNTHESISED"]
        line["structure"]["SYNTHESISED"] = 0
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return sha256_file(path)


def test_a_map_that_says_other_than_its_manifest_does_not_leave(
    tmp_path: Path, archivist: User
) -> None:
    """The rows and the frames' record are believed on the page; what leaves is counted again."""
    dirty = [CLEAN] * 5 + [(Label.SYNTHESISED, Label.ADJUSTED)]
    reel = labelled_reel(tmp_path / "a", dirty, archivist)
    for take in current_scan(reel).takes.all():
        lie = take.totals["structure"]
        lie["ADJUSTED"] += lie["SYNTHESISED"]
        lie["SYNTHESISED"] = 0
        take.manifest["totals"] = take.totals
        take.manifest["files"]["frames.jsonl"]["sha256"] = lie_of_each_frame(take)
        take.save()
    out = tmp_path / "out"
    with pytest.raises(CommandError, match="scene 2 counts other labels"):
        call_command(
            "deliver", str(reel.pk), "--format", "otio", "--use", "forensic", "--to", str(out)
        )
    assert not out.exists()
    seen_by_link(reel, archivist)
    liar = SharedTake.objects.get(link__reel=reel, number=2)
    assert not copies.copy_of(liar).is_ready(), "no copy is made of a map that lies"


def test_the_forensic_policy_limits_every_label_but_those_of_evidence() -> None:
    limits = policy_for("forensic").labels
    refused = tuple(label for label in Label if label not in EVIDENCE)
    assert set(limits) == {
        LabelLimit(plane, refused, 0.0, "frame") for plane in ("structure", "colour")
    }
