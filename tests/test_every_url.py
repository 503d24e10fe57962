"""Every address, for every role: a new one without an expectation here fails.

The table says who may come in; whoever may not is sent away by 403, and whoever is not logged in
to the log-in page, whatever the method. What is behind the door, the tests of each page tell.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from archive.api import tokens
from archive.models import Collection, Reel, Title, TrashedReel, Upload, Webhook
from restoration import glossary, namings, transcripts
from restoration.models import (
    ColourCorrection,
    ColourReference,
    FaceTrack,
    Hint,
    Palette,
    PaletteEntry,
    Photograph,
    ProtectedRegion,
    RepairDecision,
    StageRun,
    Take,
)
from restoration.speech.transcript import Transcript
from restoration.storage import storage
from review import trash
from review.guests.links import digest_of
from review.live import hub
from review.models import Approval, Delivery, Note, ShareLink
from tests import factories
from tests.conftest import empty_tables, tables_with_rows
from tests.restoration.speech.said import line

pytestmark = pytest.mark.django_db

ROLES = ("archivist", "restorer", "reviewer", "researcher", "operator", "")
EVERYBODY = frozenset(ROLES)
VIEWERS = frozenset({"archivist", "restorer", "reviewer"})
RESEARCH = VIEWERS | {"researcher"}
WORKERS = frozenset({"archivist", "restorer", "operator"})
RESTORERS = frozenset({"archivist", "restorer"})
JUDGES = frozenset({"archivist", "reviewer"})
ARCHIVIST = frozenset({"archivist"})

READ = frozenset({"GET", "HEAD"})
WRITE = frozenset({"POST"})


@dataclass(frozen=True)
class Expected:
    methods: frozenset[str]
    roles: frozenset[str]
    names: tuple[str, ...] = ()
    """Of the rows in `things` that the address takes, in order."""
    is_tus: bool = False
    """Spoken to by a program: answers 401 instead of sending to the log-in page."""
    is_guests: bool = False
    """For whoever came in by a link; to everybody else, logged in or not, it is not there."""
    is_public: bool = False
    """Shows everybody the same few words, logged in or not."""


EXPECTED = {
    "today": Expected(READ, EVERYBODY),
    "account": Expected(READ | WRITE, EVERYBODY),
    "new-token": Expected(READ | WRITE, EVERYBODY),
    "revoke-token": Expected(WRITE, EVERYBODY, ("own_token",)),
    "webhooks": Expected(READ | WRITE, VIEWERS),
    "webhook": Expected(READ, VIEWERS, ("own_webhook",)),
    "try-webhook": Expected(WRITE, VIEWERS, ("own_webhook",)),
    "remove-webhook": Expected(WRITE, VIEWERS, ("own_webhook",)),
    "tell-again": Expected(WRITE, VIEWERS, ("own_webhook", "own_message")),
    "password_change": Expected(READ | WRITE | {"PUT"}, EVERYBODY),
    "alive": Expected(READ, EVERYBODY, is_public=True),
    "ready": Expected(READ, EVERYBODY, is_public=True),
    "metrics": Expected(READ, WORKERS, is_tus=True),
    "queue": Expected(READ, VIEWERS),
    "hand-over": Expected(WRITE, VIEWERS, ("scene",)),
    "batch": Expected(READ | WRITE, JUDGES, ("reel",)),
    "catalogue": Expected(READ, RESEARCH),
    "catalogue-searches": Expected(READ, RESEARCH),
    "save-catalogue-search": Expected(WRITE, RESEARCH),
    "edit-many": Expected(READ | WRITE, ARCHIVIST),
    "trash": Expected(READ, ARCHIVIST),
    "put-in-trash": Expected(WRITE, ARCHIVIST, ("reel",)),
    "restore-from-trash": Expected(WRITE, ARCHIVIST, ("trashed",)),
    "hold-in-trash": Expected(WRITE, ARCHIVIST, ("trashed",)),
    "search": Expected(READ, RESEARCH),
    "search-hits": Expected(READ, RESEARCH, ("hits",)),
    "characters": Expected(READ, RESEARCH),
    "character": Expected(READ, VIEWERS, ("character",)),
    "dump-transcripts": Expected(READ, ARCHIVIST),
    "iiif-manifest": Expected(READ, VIEWERS, ("reel",)),
    "iiif-lines": Expected(READ, VIEWERS, ("reel",)),
    "iiif-scenes": Expected(READ, VIEWERS, ("reel",)),
    "iiif-search": Expected(READ, VIEWERS, ("reel",)),
    "open-reel": Expected(READ, VIEWERS, ("reel",)),
    "sitemap": Expected(READ, EVERYBODY),
    "robots": Expected(READ, EVERYBODY, is_public=True),
    "iiif-collection": Expected(READ, EVERYBODY),
    "iiif-collection-part": Expected(READ, EVERYBODY, ("zero",)),
    "embed": Expected(READ, VIEWERS, ("scene",)),
    "embed-film": Expected(READ, VIEWERS, ("scene",)),
    "oembed": Expected(READ, EVERYBODY),
    "save-search": Expected(WRITE, RESEARCH),
    "forget-search": Expected(WRITE, RESEARCH, ("search",)),
    "mail-search": Expected(WRITE, RESEARCH, ("search",)),
    "alert-address": Expected(WRITE, RESEARCH),
    "confirm-alerts": Expected(READ | WRITE, EVERYBODY, ("signed",), is_guests=True),
    "end-alerts": Expected(READ | WRITE, EVERYBODY, ("signed",), is_guests=True),
    "cite": Expected(READ, VIEWERS, ("reel", "zero")),
    "reel": Expected(READ, VIEWERS, ("reel",)),
    "transcript": Expected(READ, VIEWERS, ("reel",)),
    "transcript-file": Expected(READ, VIEWERS, ("reel", "kind")),
    "correct-transcript": Expected(WRITE, VIEWERS, ("reel",)),
    "transcript-lines": Expected(READ, VIEWERS, ("reel",)),
    "transcript-line": Expected(READ, VIEWERS, ("reel",)),
    "transcript-cues": Expected(READ, VIEWERS, ("reel",)),
    "speak-transcript": Expected(WRITE, VIEWERS, ("reel",)),
    "replace-transcript": Expected(READ | WRITE, VIEWERS, ("reel",)),
    "withdraw-transcript-act": Expected(WRITE, VIEWERS, ("reel", "batch")),
    "add-term": Expected(WRITE, VIEWERS, ("reel",)),
    "withdraw-term": Expected(WRITE, VIEWERS, ("reel", "term")),
    "transcribe-reel": Expected(WRITE, RESTORERS, ("reel",)),
    "undo-transcript": Expected(WRITE, VIEWERS, ("reel",)),
    "import-transcript": Expected(WRITE, RESTORERS, ("reel",)),
    "withdraw-transcript-correction": Expected(WRITE, VIEWERS, ("correction_of_line",)),
    "cast": Expected(READ, VIEWERS, ("reel",)),
    "face-picture": Expected(READ, VIEWERS, ("face",)),
    "name-face": Expected(WRITE, VIEWERS, ("face",)),
    "name-again": Expected(WRITE, VIEWERS, ("naming",)),
    "withdraw-naming": Expected(WRITE, VIEWERS, ("naming",)),
    "rename-character": Expected(WRITE, VIEWERS, ("reel", "character")),
    "put-faces-together": Expected(WRITE, VIEWERS, ("face",)),
    "put-faces-back": Expected(WRITE, VIEWERS, ("face",)),
    "part-faces": Expected(WRITE, VIEWERS, ("reel",)),
    "add-character": Expected(WRITE, ARCHIVIST, ("reel",)),
    "keep-photograph": Expected(WRITE, ARCHIVIST, ("reel", "character")),
    "photograph-picture": Expected(READ, VIEWERS, ("reel", "photograph")),
    "remove-photograph": Expected(WRITE, ARCHIVIST, ("reel", "photograph")),
    "describe": Expected(READ | WRITE, ARCHIVIST, ("reel",)),
    "description-draft": Expected(WRITE, ARCHIVIST, ("reel",)),
    "examination-draft": Expected(WRITE, ARCHIVIST, ("reel",)),
    "give-out": Expected(READ, VIEWERS, ("reel", "record")),
    "take-in": Expected(WRITE, ARCHIVIST, ("reel",)),
    "condition": Expected(READ | WRITE, ARCHIVIST, ("reel",)),
    "fault-photograph": Expected(READ, VIEWERS, ("reel", "fault")),
    "earlier-event": Expected(READ | WRITE, ARCHIVIST, ("reel",)),
    "readings": Expected(READ, ARCHIVIST),
    "collections": Expected(READ, ARCHIVIST),
    "collection-roles": Expected(READ | WRITE, ARCHIVIST, ("collection",)),
    "description-history": Expected(READ, VIEWERS, ("reel",)),
    "deliver": Expected(WRITE, ARCHIVIST, ("reel",)),
    "verify": Expected(READ | WRITE, EVERYBODY),
    "gate": Expected(READ, VIEWERS, ("reel",)),
    "deliveries": Expected(READ, VIEWERS, ("reel",)),
    "cancel-delivery": Expected(WRITE, ARCHIVIST, ("delivery",)),
    "retry-delivery": Expected(WRITE, ARCHIVIST, ("delivery",)),
    "deliverable-file": Expected(READ, ARCHIVIST, ("deliverable", "zero")),
    "withdraw-deliverable": Expected(WRITE, ARCHIVIST, ("deliverable",)),
    "live-scene": Expected(READ, VIEWERS, ("scene",)),
    "scene-news": Expected(READ, VIEWERS, ("scene",)),
    "live-reel": Expected(READ, VIEWERS, ("reel",)),
    "reel-news": Expected(READ, VIEWERS, ("reel",)),
    "scene-notes": Expected(READ, VIEWERS, ("scene",)),
    "share-links": Expected(READ | WRITE, JUDGES, ("reel",)),
    "revoke-link": Expected(WRITE, JUDGES, ("link",)),
    "guest-door": Expected(READ | WRITE, EVERYBODY, ("secret",), is_guests=True),
    "guest-link": Expected(READ, EVERYBODY, ("link",), is_guests=True),
    "guest-scene": Expected(READ, EVERYBODY, ("link", "shared"), is_guests=True),
    "guest-state": Expected(READ, EVERYBODY, ("link", "shared"), is_guests=True),
    "guest-note": Expected(WRITE, EVERYBODY, ("signed",), is_guests=True),
    "guest-film": Expected(READ, EVERYBODY, ("signed",), is_guests=True),
    "guest-still": Expected(READ, EVERYBODY, ("signed", "zero"), is_guests=True),
    "guest-labels": Expected(READ, EVERYBODY, ("signed",), is_guests=True),
    "guest-labels-index": Expected(READ, EVERYBODY, ("signed",), is_guests=True),
    "scene": Expected(READ, VIEWERS, ("scene",)),
    "last-act": Expected(READ, VIEWERS, ("scene",)),
    "approve": Expected(WRITE, JUDGES, ("scene",)),
    "request-changes": Expected(WRITE, JUDGES, ("scene",)),
    "withdraw": Expected(WRITE, JUDGES, ("approval",)),
    "add-note": Expected(WRITE, VIEWERS, ("scene",)),
    "answer-note": Expected(WRITE, VIEWERS, ("note",)),
    "resolve-note": Expected(WRITE, VIEWERS, ("note",)),
    "protect-note": Expected(WRITE, VIEWERS, ("note",)),
    "hint-note": Expected(WRITE, VIEWERS, ("note",)),
    "notes-file": Expected(READ, VIEWERS, ("reel", "csv")),
    "work": Expected(READ, WORKERS),
    "cancel-run": Expected(WRITE, WORKERS, ("run",)),
    "hasten-run": Expected(WRITE, WORKERS, ("run",)),
    "slacken-run": Expected(WRITE, WORKERS, ("run",)),
    "retry-run": Expected(WRITE, WORKERS, ("run",)),
    "process-reel": Expected(WRITE, RESTORERS, ("reel",)),
    "process-scene": Expected(WRITE, RESTORERS, ("scene",)),
    "split-scene": Expected(WRITE, RESTORERS, ("scene",)),
    "merge-scene": Expected(WRITE, RESTORERS, ("scene",)),
    "move-cut": Expected(WRITE, RESTORERS, ("scene",)),
    "check-cut": Expected(WRITE, RESTORERS, ("scene",)),
    "describe-cut": Expected(WRITE, RESTORERS, ("scene",)),
    "mark-splice": Expected(WRITE, RESTORERS, ("scene",)),
    "undo-cut-edit": Expected(WRITE, RESTORERS, ("reel",)),
    "redo-cut-edit": Expected(WRITE, RESTORERS, ("reel",)),
    "storyboard": Expected(READ, VIEWERS, ("reel",)),
    "scene-frame": Expected(READ, VIEWERS, ("scene", "zero")),
    "take-frame": Expected(READ, VIEWERS, ("take", "zero")),
    "take-pixel": Expected(READ, VIEWERS, ("take", "zero", "zero", "zero")),
    "scene-repairs": Expected(READ, VIEWERS, ("scene",)),
    "repair-again": Expected(WRITE, RESTORERS, ("scene",)),
    "protect-region": Expected(WRITE, VIEWERS, ("scene",)),
    "remove-protected-region": Expected(WRITE, VIEWERS, ("region",)),
    "take-repairs": Expected(READ, VIEWERS, ("take", "zero")),
    "decide-repair": Expected(WRITE, VIEWERS, ("take",)),
    "withdraw-repair-decision": Expected(WRITE, VIEWERS, ("repair_decision",)),
    "scene-colour": Expected(READ, VIEWERS, ("scene",)),
    "colour-again": Expected(WRITE, VIEWERS, ("scene",)),
    "colour-cancel": Expected(WRITE, VIEWERS, ("scene",)),
    "take-doubt": Expected(READ, VIEWERS, ("take",)),
    "paint-hints": Expected(WRITE, VIEWERS, ("scene",)),
    "undo-hint": Expected(WRITE, VIEWERS, ("scene",)),
    "withdraw-hint": Expected(WRITE, VIEWERS, ("scene", "hint")),
    "keep-colour": Expected(WRITE, VIEWERS, ("scene",)),
    "use-colour": Expected(READ, VIEWERS, ("scene", "palette_entry")),
    "put-colour": Expected(WRITE, VIEWERS, ("scene", "palette_entry")),
    "propose-colour": Expected(READ, VIEWERS, ("scene", "palette_entry")),
    "take-back-colour": Expected(WRITE, VIEWERS, ("scene", "palette_entry", "batch")),
    "withdraw-colour": Expected(WRITE, VIEWERS, ("scene", "palette_entry")),
    "keep-reference": Expected(WRITE, VIEWERS, ("scene",)),
    "withdraw-reference": Expected(WRITE, VIEWERS, ("scene", "reference")),
    "reference-picture": Expected(READ, VIEWERS, ("scene", "reference")),
    "correct-colour": Expected(WRITE, VIEWERS, ("scene",)),
    "take-in-cdl": Expected(WRITE, VIEWERS, ("scene",)),
    "grade-again": Expected(WRITE, VIEWERS, ("scene",)),
    "withdraw-correction": Expected(WRITE, VIEWERS, ("scene", "correction")),
    "correction-cc": Expected(READ, VIEWERS, ("scene", "correction")),
    "correction-cdl": Expected(READ, VIEWERS, ("scene", "correction")),
    "take-viewing": Expected(READ, VIEWERS, ("take",)),
    "take-proxy": Expected(READ, VIEWERS, ("take",)),
    "take-labels": Expected(READ, VIEWERS, ("take",)),
    "take-labels-index": Expected(READ, VIEWERS, ("take",)),
    "scan-proxy": Expected(READ, VIEWERS, ("scan",)),
    "scan-waveform": Expected(READ, VIEWERS, ("scan",)),
    "scan-viewing": Expected(READ, VIEWERS, ("scan",)),
    "scan-still": Expected(READ, VIEWERS, ("scan", "zero")),
    "scan-frame": Expected(READ, VIEWERS, ("scan", "zero")),
    "upload": Expected(READ, ARCHIVIST),
    "upload-list": Expected(READ, ARCHIVIST),
    "tus-files": Expected(frozenset({"POST", "OPTIONS"}), ARCHIVIST, is_tus=True),
    "tus-file": Expected(
        frozenset({"HEAD", "PATCH", "DELETE", "OPTIONS"}), ARCHIVIST, ("upload",), is_tus=True
    ),
    "tus-folders": Expected(WRITE, ARCHIVIST, is_tus=True),
    "tus-folder": Expected(frozenset({"POST", "DELETE"}), ARCHIVIST, ("folder",), is_tus=True),
    "tus-frame": Expected(
        frozenset({"HEAD", "PATCH", "OPTIONS"}), ARCHIVIST, ("folder", "zero"), is_tus=True
    ),
    "upload-discard": Expected(WRITE, ARCHIVIST, ("upload",)),
    "upload-retry": Expected(WRITE, ARCHIVIST, ("upload",)),
}
OPEN = {
    *("login", "logout", "admin/login/", "login-code", "login-enrol"),
    *("institution-begin", "institution-back", "institution-leave"),  # 404 where none is named
}
"""For anybody: tests/config/test_logging_in.py."""


def addresses(patterns: list[URLPattern | URLResolver] | None = None) -> Iterator[str]:
    """The names of all our addresses; the admin has its own tests and its own doors."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                yield from addresses(pattern.url_patterns)
        else:
            yield pattern.name or str(pattern.pattern)


@pytest.fixture(autouse=True)
def short_streams(monkeypatch):
    """What an open room would be told goes on for minutes; here it ends at once."""
    monkeypatch.setattr(hub, "LIFE_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def static_folder(settings):
    """Whitenoise warns of a folder that only `collectstatic` makes."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture(scope="module")
def rows(django_db_setup, django_db_blocker) -> Iterator[dict[str, object]]:
    """Committed once for all tests here, whose own changes are rolled back; gone after them."""
    with django_db_blocker.unblock():
        seeded = tables_with_rows()
        made = one_of_each(factories.make_user("archivist"))
    yield made
    with django_db_blocker.unblock():
        empty_tables(except_for=seeded)


@pytest.fixture
def things(rows: dict[str, object]) -> dict[str, object]:
    return dict(rows)


@pytest.fixture(scope="module")
def visitors(rows, django_db_blocker) -> dict[str, Visitor]:
    """Somebody of each role, logged in once for all tests: to log in costs more than to ask."""
    with django_db_blocker.unblock():
        return {role: Visitor.come(factories.make_user(role)) for role in ROLES}


@pytest.fixture(scope="module")
def owner(rows, django_db_blocker) -> Visitor:
    """Whose uploads the rows are."""
    with django_db_blocker.unblock():
        return Visitor.come(Upload.objects.get(pk=rows["upload"]).owner)


@dataclass(frozen=True)
class Visitor:
    user: User
    session: str

    @classmethod
    def come(cls, user: User) -> Visitor:
        client = Client()
        client.force_login(user)
        return cls(user, client.cookies[settings.SESSION_COOKIE_NAME].value)

    def client(self) -> Client:
        """A browser of its own, with nothing in it but the log-in."""
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = self.session
        return client


def one_of_each(archivist: User) -> dict[str, object]:
    """One row of each kind, on a reel that is for staff only."""
    scan = factories.make_scan()
    scene = factories.make_scene(scan=scan)
    take = factories.make_take(scene=scene)
    run = factories.make_run(scene=scene)
    approval = Approval.objects.create(
        scene=scene, take=take, digest=take.digest, decision="approved", by=archivist
    )
    note = Note.objects.create(scan=scan, start_frame=0, end_frame=1, text="dust", by=archivist)
    upload = Upload.objects.create(owner=archivist, name="a.mov", length=10, title="A")
    folder = Upload.objects.create(
        owner=archivist, name="frames", length=10, title="A", files=1, fingerprint="f"
    )
    folder.frames.create(place=0, name="1.png", length=10)
    deliverable = scan.reel.deliverables.create(
        scan=scan,
        format="otio",
        use="exhibition",
        record={},
        by=archivist,
        files=[{"path": "/nowhere/a.otio", "sha256": "0" * 64}],
    )
    delivery = scan.reel.deliveries.create(scan=scan, format="otio", use="exhibition", by=archivist)
    region = ProtectedRegion.objects.create(
        scan=scan, start_frame=0, end_frame=1, polygon=[[0, 0], [9, 0], [9, 9]], by=archivist
    )
    repair = RepairDecision.objects.create(
        scan=scan, take=take, frame=0, polygon=[[1, 1]], pixels=1, label=2, decision="keep",
        by=archivist,
    )  # fmt: skip
    hint = Hint.objects.create(
        scan=scan, frame=0, y=1, x=1, height=2, width=2, red=200, green=90, blue=70, by=archivist
    )
    palette = Palette.objects.create(title=scan.reel.element.title, name="Anna", by=archivist)
    entry = PaletteEntry.objects.create(
        palette=palette, name="hat", red=200, green=90, blue=70, source="a letter",
        certainty="likely", by=archivist,
    )  # fmt: skip
    correction = ColourCorrection.objects.create(
        scan=scan, start_frame=0, end_frame=1, slope=[1, 1, 1], offset=[0, 0, 0], power=[1, 1, 1],
        by=archivist,
    )  # fmt: skip
    reference = ColourReference.objects.create(
        scan=scan, frame=0, name="coat.png", storage_key="references/none.png", sha256="0" * 64,
        media_type="image/png", source="a photograph", by=archivist,
    )  # fmt: skip
    said = line("Farewell to Earth.", 0.1, 1.5)
    transcripts.keep(scan, Transcript((said,), "en"), source="test", maker="machine")
    of_line = transcripts.correct(scan.transcripts.get(), "confirm", ["m0"], {}, by=archivist)
    face = FaceTrack.objects.create(
        scan=scan,
        run=run,
        number=1,
        person=1,
        start_frame=0,
        end_frame=8,
        best_frame=0,
        box=[4, 4, 12, 12],
    )
    naming = namings.name_face(face, "Anna", by=archivist)
    photograph = Photograph.objects.create(
        character=naming.character, storage_key="photographs/none.jpg", sha256="0" * 64, width=9,
        height=9, source="a programme", by=archivist,
    )  # fmt: skip
    link = ShareLink.objects.create(
        reel=scan.reel, digest=digest_of("open sesame"), guest="Ada", version="restoration",
        by=archivist, expires=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    shared = link.shown.create(scene=scene, take=take, digest=take.digest, number=1)
    term = glossary.add(scan, "Kellogg", by=archivist)
    report = scan.reel.conditions.create(on=date(2024, 5, 1), examined_by="Anna", by=archivist)
    fault = report.faults.create(kind="scratches", grade=2, photograph="0" * 64)
    trashed = TrashedReel.objects.create(
        reel=factories.make_reel(element=factories.make_element(title=factories.make_title("Old"))),
        act=uuid.uuid4(), by=archivist, reason="a double",
    )  # fmt: skip
    kept_in = Collection.objects.create(name="Of a family in the hills")
    token = tokens.make(archivist, name="harvest", scopes=["read"], days=1).token
    webhook = Webhook.objects.create(owner=archivist, url="https://x.org/", events=[], salt="x")
    message = webhook.messages.create(
        event=scan.reel.events.first(), kind="run.failed", due=timezone.now(), status="sent"
    )
    return {
        "own_token": token.pk, "collection": kept_in.pk,
        "own_webhook": webhook.pk, "own_message": message.pk,
        "photograph": photograph.pk, "trashed": trashed.pk,
        "term": term.pk, "fault": fault.pk,
        "link": link.pk, "shared": shared.pk, "secret": "another", "signed": "signed",
        "face": face.pk, "naming": naming.pk, "character": naming.character_id,
        "record": "pbcore",
        "csv": "csv", "hits": "csv", "search": 0, "kind": "vtt", "correction_of_line": of_line.pk,
        "reference": reference.pk,
        "correction": correction.pk,
        "hint": hint.pk, "palette_entry": entry.pk, "batch": uuid.uuid4(),
        "region": region.pk, "repair_decision": repair.pk,
        "reel": scan.reel.pk, "scan": scan.pk, "scene": scene.pk, "take": take.pk, "run": run.pk,
        "approval": approval.pk, "note": note.pk, "upload": upload.pk, "zero": 0,
        "folder": folder.pk, "deliverable": deliverable.pk, "delivery": delivery.pk,
    }  # fmt: skip


def address(name: str, things: dict[str, object]) -> str:
    return reverse(name, args=[things[entry] for entry in EXPECTED[name].names])


def ask(client: Client, method: str, path: str) -> HttpResponse:
    response = client.generic(method, path, headers={"Tus-Resumable": "1.0.0"})
    if response.streaming:
        list(response.streaming_content)
        hub.HUB.end()
        hub.HUB.open()
    return response


def test_every_address_has_an_expectation():
    found = {name for name in addresses() if not name.startswith("api-")}  # tests/api has these
    assert found - set(EXPECTED) - OPEN == set(), "say in EXPECTED who may use these"
    assert set(EXPECTED) - found == set(), "these are gone"


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_nobody_comes_in_without_logging_in(name, things):
    for method in ("GET", "POST"):
        response = ask(Client(), method, address(name, things))
        if EXPECTED[name].is_guests:
            assert response.status_code in (404, 405), method
        elif EXPECTED[name].is_public and method == "GET":
            assert response.status_code == 200
        elif EXPECTED[name].is_public or (EXPECTED[name].is_tus and method == "POST"):
            assert response.status_code in (401, 405), method
        elif EXPECTED[name].is_tus:
            assert response.status_code == 401, method
        else:
            assert response.status_code == 302, method
            assert response.headers["Location"].startswith("/login/")


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_only_the_roles_that_may_come_in(name, things, visitors):
    """Somebody in no group, one role that may and one that may not, by turns; all are below."""
    assert wrongly_met(name, sorted(in_turn(name)), things, visitors) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_role_at_every_address(name, things, visitors):
    assert wrongly_met(name, ROLES, things, visitors) == []


def in_turn(name: str) -> set[str]:
    refused = tuple(role for role in ROLES[:-1] if role not in EXPECTED[name].roles)
    return {"", one_in_turn(name, ROLES), by_turns(name, refused)}


def one_in_turn(name: str, roles: tuple[str, ...]) -> str:
    """Of these roles one that may come in; nobody's if none may."""
    return by_turns(name, tuple(role for role in roles if role in EXPECTED[name].roles))


def by_turns(name: str, roles: tuple[str, ...]) -> str:
    return roles[TURNS[name] % len(roles)] if roles else ""


TURNS = {name: place for place, name in enumerate(sorted(EXPECTED))}


def wrongly_met(
    name: str, roles: Iterable[str], things: dict[str, object], visitors: dict[str, Visitor]
) -> list[str]:
    """Of whom the address asks more, or less, than the table says; a link's address is no one's."""
    expected = EXPECTED[name]
    found = []
    for role in roles:
        method = min(expected.methods)
        status = ask(visitors[role].client(), method, address(name, things)).status_code
        if expected.is_guests:
            is_right = status == 404
        else:
            is_right = status < 500 and (status != 403) == (role in expected.roles)
        if not is_right:
            found.append(f"{role or 'no role'} got {status}")
    return found


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_wrong_method_is_refused(name, things, owner):
    client = owner.client()
    wrong = {"GET", "POST", "PUT", "DELETE"} - EXPECTED[name].methods
    for method in wrong:
        status = ask(client, method, address(name, things)).status_code
        assert status == 405, f"{method} gave {status}"


@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if EXPECTED[name].names))
def test_what_is_not_there_is_not_found(name, things, visitors):
    client = visitors["archivist"].client()
    named = ("upload", "folder", "batch")
    nothing = {key: uuid.uuid4() if key in named else 987654 for key in things} | {
        "zero": 0, "kind": "vtt", "record": "pbcore", "csv": "csv",
        "secret": "nothing", "signed": "nothing",
    }  # fmt: skip
    response = ask(client, min(EXPECTED[name].methods), address(name, nothing))
    assert response.status_code in (404, 410)


def test_a_researcher_sees_reels_that_are_open_to_research(things, researcher):
    scan = factories.make_scan(reel=factories.make_reel(access="research"))
    client = Client()
    client.force_login(researcher)
    assert client.get(reverse("reel", args=[scan.reel.pk])).status_code == 200
    assert client.get(reverse("scan-viewing", args=[scan.pk])).status_code == 200
    page = client.get(reverse("catalogue")).content.decode()
    assert reverse("reel", args=[scan.reel.pk]) in page
    assert reverse("reel", args=[things["reel"]]) not in page


STRANGERS = {
    "open-reel", "iiif-manifest", "iiif-lines", "iiif-scenes", "iiif-search", "scan-proxy",
    "scan-still", "embed", "embed-film", "sitemap", "iiif-collection", "oembed",
}  # fmt: skip
"""What answers without logging in where the catalogue is public, and only of reels open to all."""


def test_a_public_catalogue_shows_strangers_only_what_is_open_to_all(things, settings):
    settings.PUBLIC_CATALOGUE = True
    lists = {"sitemap", "iiif-collection"}
    assert opened_to_strangers(things, "staff") == lists
    assert opened_to_strangers(things, "research") == lists
    # Neither the scan nor the approved take has files, and no clip's address is given to oEmbed.
    nothing = {"embed-film", "oembed", "scan-proxy", "scan-still"}
    assert opened_to_strangers(things, "public") == STRANGERS - nothing


def opened_to_strangers(things: dict[str, object], access: str) -> set[str]:
    """The addresses that do not send a stranger away, of a reel with that access."""
    Reel.objects.update(access=access)
    answers = {
        name: ask(Client(), min(expected.methods), address(name, things)).status_code
        for name, expected in EXPECTED.items()
        if not (expected.is_public or expected.is_guests)
    }
    return {name for name, status in answers.items() if status not in (302, 401)}


OF_NO_REEL = {
    "today", "catalogue", "catalogue-searches", "save-catalogue-search", "search",
    "save-search", "forget-search", "mail-search", "alert-address", "work", "sitemap", "oembed",
    "search-hits", "webhooks",
}  # fmt: skip
"""Lists, which leave out what is under embargo; and a person's own searches."""
STEERED = {"cancel-run", "retry-run", "hasten-run", "slacken-run"}
"""Of runs, which whoever keeps the machine running may steer: they show nothing of the film."""


def test_what_is_under_embargo_is_for_archivists_alone(things, settings):
    """Every address for a stranger and for one of the roles by turns; all of them are below."""
    reel = put_under_embargo(things, settings)
    assert shown_to(None, things) == set()
    for role in BARRED:
        names = [name for name in EXPECTED if one_in_turn(name, BARRED) == role]
        assert shown_to(role, things, names=names) == set(), role
    assert shown_to("archivist", things, names={"reel"})
    reel.title.rights.update(embargo=timezone.localdate())
    assert shown_to("reviewer", things, names={"reel"}), "the day has come"


@pytest.mark.slow
def test_nothing_under_embargo_is_shown_to_any_role_but_archivists(things, settings):
    put_under_embargo(things, settings)
    assert {(name, role) for role in BARRED for name in shown_to(role, things)} == set()


BARRED = ("restorer", "reviewer", "researcher")
"""Who may look at film, and not while it is under embargo."""


def put_under_embargo(things, settings) -> Reel:
    settings.PUBLIC_CATALOGUE = True
    reel = Reel.objects.get(pk=things["reel"])
    Reel.objects.update(access="public")
    reel.title.rights.create(statement="http://rightsstatements.org/vocab/InC/1.0/", embargo=LATER)
    return reel


@pytest.mark.slow
def test_what_is_in_the_trash_is_for_nobody(things, settings):
    settings.PUBLIC_CATALOGUE = True
    Reel.objects.update(access="public")
    reel = Reel.objects.get(pk=things["reel"])
    for work in (StageRun, Delivery):  # what is worked on is not put there
        work.objects.update(status="cancelled")
    trash.put([reel], by=factories.make_user("archivist"), reason="a double")
    # Another reel's, and the collection's, which has more than this reel.
    of_others = {"restore-from-trash", "hold-in-trash", "collection-roles"}
    roles = ("archivist", "restorer", "reviewer", "researcher", "operator", None)
    shown = {(name, role) for role in roles for name in shown_to(role, things) - of_others}
    assert shown == set()
    lists = ("/", "/catalogue/", f"/search/?q={reel.title.name}", "/queue/", "/work/",
             "/characters/", "/sitemap.xml", "/iiif/collection.json")  # fmt: skip
    for role in ("archivist", "restorer", "operator"):
        client = Client()
        client.force_login(factories.make_user(role))
        for page in lists:
            said = client.get(page).content.decode()
            assert f"/reels/{reel.pk}/" not in said, f"{page} for {role}"
            assert f"<strong>{reel.title.name}" not in said, f"{page} for {role}"


@pytest.mark.slow
def test_a_collection_with_members_is_for_them_and_archivists(things, settings):
    settings.PUBLIC_CATALOGUE = True
    Reel.objects.update(access="public")
    title = Reel.objects.get(pk=things["reel"]).title
    title.collection = Collection.objects.create(name="Of a family")
    title.save()
    member = factories.make_user("reviewer")
    title.collection.members.create(user=member)
    others = {(name, role) for role in ("reviewer", "researcher", None)
              for name in shown_to(role, things)}  # fmt: skip
    assert others == set()
    assert {"reel", "scene"} <= shown_to("reviewer", things, user=member)
    assert "reel" in shown_to("archivist", things)
    pages = (reverse("catalogue"), f"{reverse('search')}?q={title.name}", "/sitemap.xml")
    client = Client()
    client.force_login(factories.make_user("reviewer"))
    for page in pages:
        assert f"<strong>{title.name}" not in client.get(page).content.decode(), page
    client.force_login(member)
    assert f"<strong>{title.name}" in client.get(pages[0]).content.decode()


@dataclass(frozen=True)
class Person:
    """Somebody by their group, their role in the reel's collection, and one in another."""

    group: str
    here: str
    elsewhere: str = ""

    def make(self, kept_in: Collection) -> User:
        user = factories.make_user(self.group)
        if self.here:
            factories.give_role(user, self.here, kept_in)
        if self.elsewhere:
            other = Collection.objects.get_or_create(name="Of another family")[0]
            factories.give_role(user, self.elsewhere, other)
        return user

    def comes_in(self, name: str) -> bool:
        """By the role that is theirs here, for what is of the reel; for lists by any."""
        roles = EXPECTED[name].roles
        if name in OF_THE_MACHINE:
            return self.group in roles
        if EXPECTED[name].names and name not in OF_A_PERSON:
            return roles == EVERYBODY or (self.here or self.group) in roles
        return bool({self.group, self.here, self.elsewhere} & roles)


PEOPLE = (
    Person("archivist", "none"),
    Person("", "reviewer"),
    Person("researcher", "archivist"),
    Person("archivist", "reviewer"),
    Person("operator", "restorer"),
    Person("reviewer", "researcher", elsewhere="archivist"),
    Person("", "", elsewhere="archivist"),
)
OF_THE_MACHINE = {"metrics"}
OF_A_PERSON = {
    "revoke-token", "forget-search", "mail-search", "search-hits", "iiif-collection-part",
    "upload-discard", "upload-retry", "tus-file", "tus-folder", "tus-frame",
    "webhook", "try-webhook", "remove-webhook", "tell-again",
}  # fmt: skip
"""Lists with a part in their address, and a person's own rows."""


def kept_together(things: dict[str, object]) -> Collection:
    """The collection that the reel is put into, and the one that lies in the trash."""
    kept_in = Collection.objects.get(pk=things["collection"])
    reels = Reel.objects.filter(pk__in=(things["reel"], things["trashed"]))
    Title.objects.filter(elements__reels__in=reels).update(collection=kept_in)
    return kept_in


def wrongly_answered(person: Person, things: dict[str, object]) -> list[str]:
    kept_in = kept_together(things)
    client = Client()
    client.force_login(person.make(kept_in))
    found = []
    for name, expected in EXPECTED.items():
        if expected.is_guests or expected.is_public:
            continue
        with transaction.atomic():
            status = ask(client, min(expected.methods), address(name, things)).status_code
            transaction.set_rollback(True)
        if (status != 403) != person.comes_in(name) or status >= 500:
            found.append(f"{name}: {status}")
    return found


@pytest.mark.slow
def test_an_archivist_elsewhere_who_has_none_here_gets_at_nothing_of_it(things):
    names = [each for each in EXPECTED if EXPECTED[each].names and each not in OF_A_PERSON]
    person = Person("archivist", "none")
    kept_in = kept_together(things)
    client = Client()
    client.force_login(person.make(kept_in))
    answers = {
        name: ask(client, min(EXPECTED[name].methods), address(name, things)).status_code
        for name in names
        if not EXPECTED[name].is_guests
    }
    assert {name for name, status in answers.items() if status != 403} == set()
    for page in (reverse("catalogue"), f"{reverse('search')}?q=Harbour", "/", "/queue/", "/work/"):
        said = client.get(page).content.decode()
        assert f"/reels/{things['reel']}/" not in said, page
        assert kept_in.name not in said, page


@pytest.mark.slow
@pytest.mark.parametrize("person", PEOPLE, ids=str)
def test_every_address_for_roles_in_the_collection(person, things):
    assert wrongly_answered(person, things) == []


def shown_to(
    role: str | None,
    things: dict[str, object],
    *,
    user: User | None = None,
    names: Iterable[str] = tuple(EXPECTED),
) -> set[str]:
    """Which of these addresses of the reel and its parts answer this role with something."""
    client = Client()
    if role:
        client.force_login(user or factories.make_user(role))
    found = set()
    for name in names:
        expected = EXPECTED[name]
        if expected.is_public or name in OF_NO_REEL | STEERED or not expected.names:
            continue
        if role and role not in expected.roles:
            continue
        answer = ask(client, min(expected.methods), address(name, things))
        sent_away = answer.status_code == 302 and (
            answer.headers["Location"].startswith("/login/") or not expected.methods & WRITE
        )
        if not sent_away and answer.status_code not in (401, 403, 404):
            found.add(name)
    return found


def test_lists_leave_out_what_is_under_embargo(things, settings):
    settings.PUBLIC_CATALOGUE = True
    reel = Reel.objects.get(pk=things["reel"])
    Reel.objects.update(access="public")
    name, there = reel.title.name, reverse("reel", args=[reel.pk])
    pages = (
        reverse("today"),
        reverse("catalogue"),
        f"{reverse('search')}?q={name}",
        "/sitemap.xml",
        "/iiif/collection.json",
    )
    for role in ("restorer", "reviewer", "researcher"):
        client = Client()
        client.force_login(factories.make_user(role))
        reel.title.rights.all().delete()
        assert any(name in client.get(page).content.decode() for page in pages)
        reel.title.rights.create(statement="http://rightsstatements.org/x", embargo=LATER)
        for page in pages:
            said = client.get(page).content.decode()
            assert there not in said and f"<strong>{name}" not in said, f"{page} for {role}"
            assert f"/open/reels/{reel.pk}/" not in said
            assert f"/iiif/reels/{reel.pk}/" not in said


LATER = date(2999, 1, 1)


def test_the_admin_is_for_administrators_alone(archivist):
    client = Client()
    client.force_login(archivist)
    assert client.get("/admin/").status_code == 302


GUESTS = {"guest-door", "guest-link", "guest-scene", "guest-state", "guest-note"}
"""What opens for a guest of a link whose copy nobody has made yet; the media wait for it."""


def test_a_guest_gets_at_the_link_they_came_by_and_at_nothing_else(things):
    storage().folder(Take.objects.get(pk=things["take"]).storage_key).mkdir(parents=True)
    things |= {"secret": "open sesame"}
    client = Client()
    assert client.post(address("guest-door", things), {"name": "Ada"}).status_code == 302
    page = client.get(address("guest-scene", things))
    things |= {"signed": page.context["signed"]}
    opened = set()
    for name, expected in EXPECTED.items():
        if expected.is_public:
            continue
        answer = ask(client, min(expected.methods), address(name, things))
        away = answer.status_code == 302 and answer.headers["Location"].startswith("/login/")
        if not away and answer.status_code not in (401, 403, 404):
            opened.add(name)
    assert opened == GUESTS
