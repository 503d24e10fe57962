"""Coloured stills are kept for a frame, lead the colour of the next run, and can be taken back."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from archive.media.decode import open_source
from archive.models import Event
from restoration import references, runs, scenes
from restoration.attempts import make_order
from restoration.claims import Claim
from restoration.errors import DrawingError
from restoration.models import ColourReference
from restoration.starting import params_for
from restoration.storage import storage
from tests import factories
from tests.review.approved_reel import current_scan, make_real_take, make_scanned_reel

pytestmark = pytest.mark.django_db

STEP = {"stage": "colourise", "params": {}}


def png(picture) -> bytes:
    """Of (H, W, 3) BGR."""
    return cv2.imencode(".png", picture)[1].tobytes()


def claiming(width: int, height: int) -> bytes:
    """A PNG that claims a size and has no pixels, as little as a bomb needs."""
    chunks = (b"IHDR" + struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0), b"IEND")
    parts = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    ]
    return COAT[:8] + b"".join(parts)


COAT = png(np.full((24, 32, 3), (40, 60, 170), np.uint8))


@pytest.fixture
def scene():
    return factories.make_scene(frames=(8, 32))


def keep(scene, by, **values) -> ColourReference:
    given = {"frame": 9, "data": COAT, "name": "coat.png", "source": "a photograph of 1911"}
    return references.keep(scene, by=by, **given | values)


def test_a_still_is_kept_by_its_digest_and_handed_to_the_next_run(scene, reviewer):
    still = keep(scene, reviewer)
    (entry,) = params_for(scene, STEP)["references"]
    assert entry == {"frame": 9, "sha256": hashlib.sha256(COAT).hexdigest()}
    run = runs.process_scene(scene, stages=["colourise"], by=reviewer)
    order = make_order(Claim(run, run.token))
    assert order.params["references"] == [entry]
    (located,) = order.params_with_files["references"]
    assert Path(located["path"]).read_bytes() == COAT
    again = keep(scene, reviewer, frame=10)
    assert again.storage_key == still.storage_key
    event = Event.objects.filter(kind="coloured still").first()
    assert event.detail["source"] == "a photograph of 1911"


def test_a_file_that_a_crash_cut_short_heals_when_it_is_sent_again(scene, reviewer):
    path = storage().folder(keep(scene, reviewer).storage_key)
    path.write_bytes(COAT[:30])
    keep(scene, reviewer, frame=10)
    assert path.read_bytes() == COAT
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_still_taken_back_is_left_out_and_its_file_stays(scene, reviewer, restorer):
    still = keep(scene, reviewer)
    manifest = {"params": params_for(scene, STEP)}
    take = factories.make_take(scene=scene, stage="colourise", manifest=manifest)
    assert not any("still" in reason for reason in scenes.outdated(scene, take))
    references.withdraw(still, by=restorer)
    assert "references" not in params_for(scene, STEP)
    assert "1 coloured still removed since (by rosa)" in scenes.outdated(scene, take)
    assert storage().folder(still.storage_key).is_file()
    with pytest.raises(DrawingError, match="taken back before"):
        references.withdraw(still, by=restorer)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"frame": 40}, "frames 8 to 31, not 40"),
        ({"source": " "}, "say what the still is"),
        ({"data": b"GIF89a"}, "neither PNG nor JPEG"),
        ({"data": COAT[:8] + bytes(references.LARGEST)}, "40 are the most"),
        ({"data": COAT[:20]}, "cannot be read as a picture"),
        ({"data": claiming(8000, 8000)}, "more than 40 million pixels"),
        ({"data": claiming(30000, 30000)}, "more than 40 million pixels"),
    ],
)
def test_what_is_no_still_is_refused_and_says_why(scene, reviewer, values, words):
    with pytest.raises(DrawingError, match=words):
        keep(scene, reviewer, **values)
    assert not ColourReference.objects.exists()


def test_the_still_leads_the_colour_of_a_real_take(tmp_path, reviewer):
    clip = {"frames": 3, "width": 96, "height": 72, "rate": 16}
    scan = current_scan(make_scanned_reel(tmp_path, name=factories.unique_digest()[:8], **clip))
    scene = factories.make_scene(scan=scan, frames=(0, 3))
    with open_source(scan.path) as source:
        grey = next(source.frames(1, 2)).planes[0].astype(np.float32)
    painted = np.stack([grey * 0.6, grey * 0.8, np.minimum(grey * 1.2, 255)], axis=-1)
    keep(scene, reviewer, frame=1, data=png(painted.astype(np.uint8)))
    take = make_real_take(scene, stage="colourise", **params_for(scene, STEP))
    with open_source(storage().folder(take.storage_key) / "picture.mkv") as source:
        red, _, blue = next(source.frames(2, 3)).planes
    middle = (slice(20, 60), slice(20, 80))
    assert red[middle].astype(int).mean() > blue[middle].astype(int).mean() + 15
    assert take.totals["colour"].get("HUMAN", 0) == 0
    assert str(storage().folder("takes").parent) not in json.dumps(take.manifest)
    assert not any("still" in reason for reason in scenes.outdated(scene, take))


def test_the_page_takes_a_still_and_shows_it(scene, reviewer, settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    desk = Client()
    desk.force_login(reviewer)
    values = {"frame": 9, "source": "a photograph",
              "file": SimpleUploadedFile("coat.png", COAT)}  # fmt: skip
    response = desk.post(reverse("keep-reference", args=[scene.pk]), values, follow=True)
    assert "Kept: coat.png for frame 9" in str(next(iter(response.context["messages"])))
    still = ColourReference.objects.get()
    shown = desk.get(reverse("reference-picture", args=[scene.pk, still.pk]))
    assert b"".join(shown) == COAT and shown.headers["Content-Type"] == "image/png"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    values["file"] = SimpleUploadedFile("coat.svg", b"<svg/>")
    response = desk.post(reverse("keep-reference", args=[scene.pk]), values, follow=True)
    assert "neither PNG nor JPEG" in str(next(iter(response.context["messages"])))
