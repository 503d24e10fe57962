"""Streams of a room: what is new, to those who may know it, and to so many at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from archive.models import Rights
from restoration.models import Scene
from review import notes
from review.live import hub, marks, presence
from review.live.hub import HUB, Hub, Listener, Stream
from review.models import Presence
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    made = factories.make_scene()
    factories.make_take(scene=made)
    return made


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> Iterator[None]:
    """A watcher that looks often, and is gone before the tables are emptied."""
    monkeypatch.setattr(hub, "EVERY_SECONDS", 0.02)
    monkeypatch.setattr(hub, "ASKED_AGAIN_SECONDS", 0.1)
    HUB.open()
    yield
    HUB.end()


def until(holds, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


class Reader:
    """Reads a stream's answer, event by event."""

    def __init__(self, user, scene: Scene, **headers: str) -> None:
        self.client = Client()
        self.client.force_login(user)
        since = marks.written(marks.marks_of((marks.SCENE, scene.pk)))
        address = reverse("live-scene", args=[scene.pk])
        self.answer = self.client.get(address, {"since": since}, headers=headers)
        self.events: list[dict[str, str]] = []
        self._body = iter(self.answer.streaming_content) if self.answer.streaming else iter(())

    def next(self, kind: str) -> dict[str, object]:
        """The next event of that kind."""
        for _ in range(50):
            while self.events:
                event = self.events.pop(0)
                if event.get("event") == kind:
                    self.id = event.get("id", "")
                    found: dict[str, object] = json.loads(event["data"])
                    return found
            for block in next(self._body).decode().split("\n\n"):
                lines = (line.partition(": ") for line in block.splitlines())
                self.events.append({name: value for name, _, value in lines if name})
        raise AssertionError(f"no {kind} came")

    def close(self) -> None:
        self.answer.close()


def test_a_note_comes_while_the_room_is_open_and_who_is_here(scene, reviewer, restorer):
    reader = Reader(reviewer, scene)
    assert reader.answer.headers["Content-Type"] == "text/event-stream"
    assert reader.next("people")["people"] == [{"by": "vera", "name": "vera"}]
    notes.add(scene, by=restorer, start_frame=0, end_frame=1, text="a hair")
    assert reader.next("notes")["name"] == "rosa"
    missed = reader.id
    reader.close()
    until(lambda: HUB.count() == 0)
    notes.add(scene, by=restorer, start_frame=1, end_frame=2, text="another")
    again = Reader(reviewer, scene, **{"Last-Event-ID": missed})
    assert again.next("notes")["did"] == "wrote a note"
    again.close()


def test_who_may_no_longer_see_the_room_is_told_nothing_more(scene, reviewer, restorer):
    reader = Reader(reviewer, scene)
    reader.next("people")
    Rights.objects.create(
        title=scene.scan.reel.title, statement="http://rightsstatements.org/x", embargo="2999-01-01"
    )
    notes.add(scene, by=restorer, start_frame=0, end_frame=1, text="secret")
    assert reader.next("closed") == {}
    assert HUB.count() == 0
    assert not any("notes" in each.values() for each in reader.events)
    reader.close()


def test_who_logs_out_is_told_nothing_more(scene, reviewer):
    reader = Reader(reviewer, scene)
    reader.next("people")
    reader.client.logout()
    assert reader.next("closed") == {}
    reader.close()


def test_there_are_so_many_streams_and_no_more(scene, reviewer, settings):
    settings.LIVE_STREAMS = 1
    first = Reader(reviewer, scene)
    second = Reader(reviewer, scene)
    assert second.answer.status_code == 503 and second.answer.headers["Retry-After"]
    first.close()
    third = Reader(reviewer, scene)
    assert third.answer.status_code == 200
    third.close()


def test_a_stream_whose_reader_never_came_gives_its_place_back(scene, reviewer):
    own = Hub()
    listener = Listener(reviewer.pk, "", (marks.SCENE, scene.pk), {})
    assert own.join(listener)
    Stream(own, listener).close()
    assert own.count() == 0
    until(lambda: own._watcher is None)


def test_who_has_no_stream_asks(scene, reviewer, restorer):
    client = Client()
    client.force_login(reviewer)
    address = reverse("scene-news", args=[scene.pk])
    first = client.get(address, {"since": ""}).json()
    assert [each["kind"] for each in first["events"]] == ["people"]
    notes.add(scene, by=restorer, start_frame=0, end_frame=1, text="a hair")
    told = client.get(address, {"since": first["since"]}).json()
    assert [each["kind"] for each in told["events"]] == ["notes"]
    assert client.get(address, {"since": told["since"]}).json()["events"] == []
    assert Presence.objects.get().user == reviewer


def test_only_those_who_have_the_room_open_are_named(scene, reviewer, restorer):
    other = factories.make_scene(scan=scene.scan, frames=(24, 48))
    presence.note_down([(restorer.pk, (marks.SCENE, other.pk))])
    assert marks.names_in((marks.SCENE, scene.pk)) == []


def test_whoever_has_no_account_any_more_is_not_noted_down(scene, reviewer, restorer):
    gone = restorer.pk
    restorer.delete()
    room = (marks.SCENE, scene.pk)
    presence.note_down([(gone, room), (reviewer.pk, room)])
    assert Presence.objects.get().user == reviewer


def test_a_hub_that_has_ended_takes_no_listener_until_it_is_opened(scene, reviewer):
    own = Hub()
    listener = Listener(reviewer.pk, "", (marks.SCENE, scene.pk), {})
    own.end()
    assert not own.join(listener)
    own.open()
    assert own.join(listener)
    own.end()
