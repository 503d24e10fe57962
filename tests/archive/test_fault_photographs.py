"""A fault is photographed: only its pixels are kept, and only staff see them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from archive import damage_photographs
from archive.models import Event, Fault, Reel
from tests import factories

pytestmark = pytest.mark.django_db


def photograph(size: tuple[int, int] = (60, 40)) -> bytes:
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGB", size, (200, 30, 30)).save(written, "JPEG", exif=exif)
    return written.getvalue()


def examined(**more: Any) -> dict[str, Any]:
    return {
        "condition-on": "2024-05-01", "condition-examined_by": "Anna Moe",
        "faults-TOTAL_FORMS": "1", "faults-INITIAL_FORMS": "0", "faults-0-kind": "scratches",
        "faults-0-grade": "3", "faults-0-where": "head",
    } | more  # fmt: skip


@pytest.fixture
def reel(settings: Any, tmp_path: Path) -> Reel:
    settings.MEDIA_HOME = tmp_path
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    return factories.make_reel(access="research")


def test_its_pixels_are_kept_named_in_custody_and_shown_to_staff(
    client: Client, reel: Reel, archivist: Any, researcher: Any
) -> None:
    client.force_login(archivist)
    sent = SimpleUploadedFile("my house.jpg", photograph())
    client.post(reverse("condition", args=[reel.pk]), examined(**{"faults-0-picture": sent}))

    fault = Fault.objects.get()
    event = Event.objects.get(kind="condition assessment")
    assert event.detail["faults"][0]["photograph_sha256"] == fault.photograph
    address = reverse("fault-photograph", args=[reel.pk, fault.pk])
    answer = client.get(address)
    shown = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert b"taken at home" in photograph() and b"taken at home" not in shown
    assert Image.open(io.BytesIO(shown)).size == (60, 40)
    assert address in client.get(reverse("reel", args=[reel.pk])).content.decode()
    client.force_login(researcher)
    assert client.get(address).status_code == 403
    assert address not in client.get(reverse("reel", args=[reel.pk])).content.decode()


def test_what_is_no_photograph_is_refused_with_the_examination(
    client: Client, reel: Reel, archivist: Any, tmp_path: Path
) -> None:
    client.force_login(archivist)
    sent = SimpleUploadedFile("a.jpg", b"<svg onload='alert(1)'/>")
    answer = client.post(
        reverse("condition", args=[reel.pk]), examined(**{"faults-0-picture": sent})
    )
    assert "It is no picture" in answer.content.decode()
    assert not Fault.objects.exists() and not list(tmp_path.rglob("*.jpg"))


def test_a_picture_too_large_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage_photographs, "MOST_PIXELS", 2399)
    with pytest.raises(damage_photographs.NoPhotograph, match="million pixels"):
        damage_photographs.read(photograph())
    with pytest.raises(damage_photographs.NoPhotograph, match="20 MB"):
        damage_photographs.read(b"x" * (damage_photographs.LARGEST + 1))
