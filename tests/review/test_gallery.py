"""Photographs of the cast: kept without metadata, used by the next run, forgotten as embeddings."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from PIL import Image

from archive.models import Event, Scan
from restoration import biometrics, namings, photographs, runs
from restoration.errors import CastRefused
from restoration.models import Biometric, Character, Photograph, Recognition, StageRun
from restoration.stages.attribute.record import pack
from restoration.storage import storage
from tests.restoration.stages.test_attribute import two_people_in_turn
from tests.review.test_cast_page import follow, scan, speakers, static_folder, visit

__all__ = ["scan", "static_folder", "visit"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def store(settings, tmp_path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"


def portrait(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **saved: object) -> bytes:
    data = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(data, kind, **saved)
    return data.getvalue()


def taken_by_a_telephone() -> bytes:
    """Lying on its side, with maker and place."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Telephone Ltd", 6
    exif.get_ifd(0x8825)[1] = "N"
    return portrait(exif=exif)


@pytest.fixture
def anna(scan: Scan, archivist: User) -> Character:
    return photographs.add_character(scan, "Anna", actor="Ida Bell", by=archivist)


def looks_of(number: int) -> np.ndarray:
    """An embedding near the face of that person in `two_people_in_turn`."""
    return two_people_in_turn().tracks[number - 1].faces + np.float32(0.01)


def test_a_photograph_is_kept_upright_and_without_metadata(
    scan: Scan, anna: Character, visit
) -> None:
    sent = SimpleUploadedFile("a.jpg", taken_by_a_telephone(), "image/jpeg")
    keep = reverse("keep-photograph", args=[scan.reel_id, anna.pk])
    visit.client.post(keep, {"file": sent, "source": "a programme of 1931"})
    kept = Photograph.objects.get()
    assert (kept.width, kept.height) == (40, 60)
    path = storage().folder(kept.storage_key)
    with Image.open(path) as picture:
        assert picture.size == (40, 60) and not picture.getexif() and "exif" not in picture.info
    assert b"Telephone" not in path.read_bytes()
    address = reverse("photograph-picture", args=[scan.reel_id, kept.pk])
    assert address in visit() and "a programme of 1931" in visit()
    answer = visit.client.get(address)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content == path.read_bytes()
    assert Event.objects.filter(kind="photograph kept").exists()
    visit.client.post(reverse("remove-photograph", args=[scan.reel_id, kept.pk]))
    assert not Photograph.objects.exists()


def test_what_is_no_photograph_is_refused(scan: Scan, anna: Character, archivist: User) -> None:
    whole = portrait("PNG", (300, 200))
    for data, why in (
        (b"GIF89a" + bytes(20), "cannot be read"),
        (whole[: len(whole) // 2], "cannot be read"),
        (b"<svg/>", "cannot be read"),
        (portrait("PNG", (8000, 6000)), "million"),
        (bytes(photographs.LARGEST + 1), "MiB"),
    ):
        with pytest.raises(CastRefused, match=why):
            photographs.keep(scan, anna, data, source="a file", by=archivist)
    with pytest.raises(CastRefused, match="where it is from"):
        photographs.keep(scan, anna, whole, source=" ", by=archivist)
    photographs.keep(scan, anna, whole, source="a file", by=archivist)
    with pytest.raises(CastRefused, match="there already"):
        photographs.keep(scan, anna, whole, source="a file", by=archivist)
    assert Photograph.objects.count() == 1


def test_the_next_run_is_given_the_photographs_of_the_film(
    scan: Scan, anna: Character, archivist: User
) -> None:
    kept = photographs.keep(scan, anna, portrait(), source="a programme", by=archivist)
    (run,) = runs.process_reel(scan.reel, stages=["attribute"], by=archivist)
    assert run.params["photographs"] == [{"character": anna.pk, "sha256": kept.sha256}]
    path = storage().folder(kept.storage_key)
    assert photographs.files_of(run.params) == {kept.sha256: str(path)} and path.is_file()
    without = StageRun.objects.exclude(pk=run.pk).latest("pk")
    assert run.key != without.key, "other photographs are another run"


def test_a_name_by_photographs_is_a_machine_s_until_a_person_says_so(
    scan: Scan, anna: Character, visit, archivist: User
) -> None:
    run = follow(scan, key="c", gallery={str(anna.pk): pack(looks_of(1), "<f4")})
    assert speakers(scan) == ["Anna", None]
    shown = visit()
    assert "machine-made, by photographs" in shown and "0.11 away" in shown
    assert "named by photographs, 0.11 away" in visit("transcript")
    # A person's word stands over it, and nobody is Anna beside her.
    namings.name_face(run.face_tracks.get(number=1), "Boris", by=archivist)
    assert speakers(scan) == ["Boris", None]
    namings.name_face(run.face_tracks.get(number=2), "Anna", by=archivist)
    assert speakers(scan) == ["Boris", "Anna"]


def test_the_embeddings_of_photographs_are_forgotten_and_that_is_shown(
    scan: Scan, anna: Character, archivist: User
) -> None:
    photographs.keep(scan, anna, portrait(), source="a programme", by=archivist)
    follow(scan, key="c", gallery={str(anna.pk): pack(looks_of(1), "<f4")})
    assert "gallery" in Biometric.objects.latest("pk").data
    out = io.StringIO()
    call_command("forget_biometrics", reel=scan.reel_id, json=True, stdout=out)
    told = json.loads(out.getvalue())
    assert told["deleted"]["photographs_compared"] == 1 and told["deleted"]["recognised"] == 1
    assert set(told["left"].values()) == {0}
    assert not Biometric.objects.exists() and not Recognition.objects.exists()
    assert Photograph.objects.count() == 1, "the photograph is no embedding"


def test_one_that_is_left_is_counted(scan: Scan, anna: Character) -> None:
    follow(scan, key="c", gallery={str(anna.pk): pack(looks_of(1), "<f4")})
    left = biometrics.left(scan)
    assert left.photographs_compared == 1 and left.recognised == 1 and not left.is_nothing


def test_switched_off_no_photograph_is_taken_compared_or_shown(
    scan: Scan, anna: Character, visit, archivist: User, settings
) -> None:
    kept = photographs.keep(scan, anna, portrait(), source="a programme", by=archivist)
    follow(scan, key="c", gallery={str(anna.pk): pack(looks_of(1), "<f4")})
    settings.BIOMETRICS = False
    assert speakers(scan) == [None, None]
    with pytest.raises(CastRefused, match="BIOMETRICS=no"):
        photographs.keep(scan, anna, portrait("PNG"), source="a file", by=archivist)
    address = reverse("photograph-picture", args=[scan.reel_id, kept.pk])
    assert visit.client.get(address).status_code == 404
    assert "Anna" not in visit()
