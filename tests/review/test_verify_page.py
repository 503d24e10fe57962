"""Files dropped on a page are told what they are, and nothing of them stays."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from archive.models import Event, Reel, Rights
from review.deliverables import build_deliverable
from review.verify_views import A_MINUTE
from review.withdrawals import withdraw
from tests import factories
from tests.review.approved_reel import make_approved_reel

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(settings: Any, tmp_path: Path, archivist: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.CREDENTIALS_HOME = tmp_path / "credentials"
    (tmp_path / "held").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "held"))
    cache.clear()
    client = Client(enforce_csrf_checks=False)
    client.force_login(archivist)
    return client


def drop(client: Client, *files: tuple[str, bytes]) -> Any:
    sent = [SimpleUploadedFile(name, data) for name, data in files]
    return client.post(reverse("verify"), {"files": sent})


def test_a_delivered_master_is_known_and_its_sidecar_speaks_for_it(
    page: Client, tmp_path: Path, archivist: User
) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    made = build_deliverable(
        reel, format="ffv1", use="exhibition", to=tmp_path / "out", by=archivist
    )
    files = {each["name"]: Path(each["path"]).read_bytes() for each in made.files}
    before = Event.objects.count()
    master = files["master.mkv"]
    said = drop(page, ("master.mkv", master), ("credentials.zip", files["credentials.zip"]))
    text = said.content.decode()
    assert said.status_code == 200 and "something is wrong" not in text
    assert f"master.mkv of deliverable {made.pk}" in text
    assert "signed by an authority that this installation trusts" in text
    assert "<dt>approved</dt><dd>scene 1" in text and "whole, signer trusted" in text
    changed = drop(
        page, ("master.mkv", master[:-1] + b"x"), ("credentials.zip", files["credentials.zip"])
    ).content.decode()
    assert "INVALID" in changed and "something is wrong" in changed
    assert Event.objects.count() == before
    assert not list((tmp_path / "held").iterdir()), "nothing is kept"


def test_each_is_told_of_the_reels_that_they_may_see_and_the_signature_by_itself(
    page: Client, settings: Any, tmp_path: Path, archivist: User
) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    made = build_deliverable(
        reel, format="ffv1", use="exhibition", to=tmp_path / "out", by=archivist
    )
    withdraw(made, by=archivist, reason="the heirs object")
    files = {each["name"]: Path(each["path"]).read_bytes() for each in made.files}
    sent = [(name, files[name]) for name in ("master.mkv", "credentials.zip")]
    researcher = Client()
    researcher.force_login(factories.make_user(role="researcher"))
    settings.VERIFY_PUBLIC = settings.PUBLIC_CATALOGUE = True
    stranger = Client(REMOTE_ADDR="192.0.2.7")
    for client in (researcher, stranger):
        closed = drop(client, *sent).content.decode()
        assert f"of deliverable {made.pk}" not in closed
        assert "nothing that this catalogue holds" in closed and "whole, signer trusted" in closed
    Reel.objects.filter(pk=reel.pk).update(access=Reel.Access.PUBLIC)
    for client in (researcher, stranger):
        opened = drop(client, *sent).content.decode()
        assert f"of deliverable {made.pk}" in opened
        assert "it may no longer be used; ask the archive why" in opened
        assert "heirs" not in opened
    assert "heirs object" in drop(page, *sent).content.decode()
    Rights.objects.create(title=reel.title, statement="https://x.org/", embargo="2999-01-01")
    assert f"deliverable {made.pk}" not in drop(stranger, *sent).content.decode()
    settings.VERIFY_PUBLIC = False
    assert drop(stranger, *sent).status_code == 302


def test_strangers_have_a_smaller_limit_and_one_count_an_address(
    page: Client, settings: Any
) -> None:
    settings.VERIFY_PUBLIC, settings.VERIFY_PUBLIC_LIMIT_BYTES = True, 1000
    one, other = Client(REMOTE_ADDR="192.0.2.1"), Client(REMOTE_ADDR="192.0.2.2")
    assert drop(one, ("a.bin", b"x" * 2000)).status_code == 413
    assert drop(page, ("a.bin", b"x" * 2000)).status_code == 200
    statuses = [drop(one, ("a.bin", b"x")).status_code for _ in range(A_MINUTE + 1)]
    assert (statuses[0], statuses[-1]) == (200, 429)
    assert drop(other, ("a.bin", b"x")).status_code == 200


def test_a_stranger_s_file_is_told_to_be_unknown(page: Client) -> None:
    text = drop(page, ("<b>.mkv", b"nothing at all")).content.decode()
    assert "nothing that this catalogue holds or delivered" in text
    assert "<b>" not in text


def test_a_record_of_another_shape_is_said_not_met(page: Client) -> None:
    record = b'{"schema": "reelproof/delivery/1"}'
    answer = drop(page, ("a.mkv", b"nothing"), ("record.json", record))
    assert answer.status_code == 200
    assert "has another shape" in answer.content.decode()


def test_too_much_too_many_and_too_often_are_refused(page: Client, settings: Any) -> None:
    assert drop(page).status_code == 400
    assert drop(page, *[(f"{n}.bin", b"x") for n in range(9)]).status_code == 400
    assert drop(page, ("a.bin", b"x"), ("a.bin", b"y")).status_code == 400
    settings.VERIFY_LIMIT_BYTES = 1000
    assert drop(page, ("a.bin", b"x" * 2000)).status_code == 413
    cache.clear()
    statuses = [drop(page, ("a.bin", b"x")).status_code for _ in range(A_MINUTE + 1)]
    assert statuses[0] == 200 and statuses[-1] == 429


def test_a_form_without_its_token_is_refused(page: Client, archivist: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(archivist)
    assert drop(strict, ("a.bin", b"x")).status_code == 403
