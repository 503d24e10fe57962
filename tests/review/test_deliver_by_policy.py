"""A policy decides at the door, and what it decided stands in every record of what left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from archive.models import Event, Reel, Restriction, Rights
from restoration import transcripts
from restoration.mapfile import MapReader
from restoration.models import Scene, Take
from restoration.provenance import Label
from restoration.speech import transcript as speech
from review import custody_words, decisions
from review.deliverables import DeliveryRefused, build_deliverable
from review.delivery import requests
from review.delivery.attempts import execute_delivery
from review.errors import DecisionRefused, NotAllowed
from review.gating import hold
from review.models import Approval, Deliverable, Delivery
from review.override import Override
from tests import factories
from tests.api.asking import Program
from tests.review.approved_reel import (
    approve_all,
    current_scan,
    make_approved_reel,
    make_real_take,
    make_scanned_reel,
    split_and_restore,
)
from tests.review.labelled_takes import CLEAN, SIZE, labelling

pytestmark = pytest.mark.django_db

PEOPLE = "people who approved"


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.DELIVERY_HOME = tmp_path / "out"


@pytest.fixture
def reel(tmp_path: Path, archivist: User) -> Reel:
    return make_approved_reel(tmp_path, by=archivist)


def timeline_of(made: Deliverable) -> Any:
    """The timeline as plain JSON values."""
    (path,) = [file["path"] for file in made.files if file["name"] == "timeline.otio"]
    return json.loads(Path(path).read_text())


def clips_of(made: Deliverable) -> list[dict[str, Any]]:
    """What is ours in the metadata of each picture clip."""
    children = timeline_of(made)["tracks"]["children"][0]["children"]
    return [clip["metadata"]["reelproof"] for clip in children]


def reasons_for(reel: Reel, use: str) -> list[str]:
    return [str(reason) for reason in hold(reel, use).verdict.reasons]


def test_broadcast_wants_two_people(reel: Reel, archivist: User, reviewer: User) -> None:
    assert [text.split(": ")[1] for text in reasons_for(reel, "broadcast")] == [PEOPLE] * 2
    approve_all(Scene.objects.filter(scan=current_scan(reel)), by=reviewer)
    assert reasons_for(reel, "broadcast") == []


def test_an_approval_that_was_taken_back_or_is_of_another_take_counts_for_nobody(
    reel: Reel, archivist: User, reviewer: User
) -> None:
    first, second = Scene.objects.current().filter(scan=current_scan(reel))
    approve_all([first, second], by=reviewer)
    decisions.withdraw(Approval.objects.get(scene=first, by=archivist), by=archivist)
    make_real_take(second, strength=0.5)
    approve_all([second], by=reviewer)
    assert [text.split(" (")[0] for text in reasons_for(reel, "broadcast")] == [
        "Scene 1", "Scene 2",
    ]  # fmt: skip


def test_rights_that_rule_a_use_out_are_named(reel: Reel, reviewer: User) -> None:
    approve_all(Scene.objects.filter(scan=current_scan(reel)), by=reviewer)
    address = "http://rightsstatements.org/vocab/InC-NC/1.0/"
    Rights.objects.create(title=reel.title, statement=address)
    (reason,) = reasons_for(reel, "broadcast")
    assert reason.startswith("rights: broadcast allows no statement") and address in reason
    assert hold(reel, "exhibition").verdict.allowed


def test_a_restriction_binds_until_its_day_and_an_override_of_it_is_in_every_record(
    reel: Reel, tmp_path: Path, archivist: User, reviewer: User
) -> None:
    approve_all(Scene.objects.filter(scan=current_scan(reel)), by=reviewer)
    row = Restriction.objects.create(
        title=reel.title, use="broadcast", territory="Norway", until="2001~", note="heirs"
    )
    assert reasons_for(reel, "broadcast") == []  # long over
    Restriction.objects.filter(pk=row.pk).update(until="2999")
    (reason,) = reasons_for(reel, "broadcast")
    words = "broadcast in Norway: not allowed until 2999 (heirs)"
    assert reason.startswith("uses and territories: broadcast allows broadcast and publication")
    assert f"measured {words}. Clear it with the holder" in reason
    assert hold(reel, "exhibition").verdict.allowed
    with pytest.raises(DeliveryRefused, match="uses and territories"):
        build_deliverable(reel, format="cues", use="broadcast", to=tmp_path, by=archivist)
    made = build_deliverable(
        reel, format="otio", use="broadcast", to=tmp_path / "out", by=archivist, override="cleared"
    )
    told = made.record["policy"]["override"]
    assert (told["by"], told["reason"]) == (archivist.get_full_name() or "anna", "cleared")
    assert told["measured"] == {"uses and territories": words}
    assert timeline_of(made)["metadata"]["reelproof"]["policy"]["override"] == told
    event = Event.objects.get(kind="delivery", subject=f"deliverable:{made.pk}")
    assert event.detail["override"] == told
    Rights.objects.create(title=reel.title, statement="https://x.org/", embargo="2999-01-01")
    with pytest.raises(DecisionRefused, match="nobody override embargo"):
        build_deliverable(
            reel, format="otio", use="broadcast", to=tmp_path, by=archivist, override="please"
        )


def test_of_a_transcript_a_person_must_answer_for_every_word(
    reel: Reel, archivist: User, reviewer: User
) -> None:
    approve_all(Scene.objects.filter(scan=current_scan(reel)), by=reviewer)
    assert hold(reel, "broadcast").verdict.allowed  # there is none
    word = speech.Word("Ahoy", 0, 4000, 0.4)
    said = speech.Transcript((speech.Line((word,), 0, 4000),), "en")
    transcripts.keep(current_scan(reel), said, source="tiny.en", maker="machine")
    (reason,) = reasons_for(reel, "broadcast")
    assert reason.startswith("transcript: ") and "nobody answers for 1 of 1 lines" in reason
    assert hold(reel, "exhibition").verdict.allowed
    transcripts.keep(current_scan(reel), said, source="Rosa", maker="person")
    assert hold(reel, "broadcast").verdict.allowed


def labelled(folder: Path, by: User, *, frames: int = 6) -> Reel:
    """One scene, in whose frame 2 sixteen pixels are made up."""
    reel = make_scanned_reel(folder, frames=frames, width=SIZE, height=SIZE, pixel="yuv420p")
    scene = factories.make_scene(scan=current_scan(reel), frames=(0, frames))
    wanted = [CLEAN] * frames
    wanted[2] = (Label.SYNTHESISED, Label.SYNTHESISED)
    make_real_take(scene, by=labelling(wanted, start=0))
    approve_all([scene], by=by)
    return reel


def test_the_reason_names_the_frames_and_what_was_measured(tmp_path: Path, archivist: User) -> None:
    reasons = reasons_for(labelled(tmp_path, archivist), "forensic")
    assert reasons[0] == (
        "Scene 1 (frames 0 to 5): structure: RECOVERED, HUMAN, SYNTHESISED, NOT_MEASURED per "
        "frame: forensic allows none; measured 6.25\N{NO-BREAK SPACE}% in frame 2. In frame 2."
    )


def test_where_a_machine_made_the_picture_is_marked_in_record_and_timeline(
    tmp_path: Path, archivist: User
) -> None:
    reel = labelled(tmp_path, archivist)
    made = build_deliverable(
        reel, format="otio", use="exhibition", to=tmp_path / "out", by=archivist
    )
    marked = made.record["scenes"][0]["marked"]
    assert marked == [
        {"frames": [2, 3], "plane": "structure", "kind": "machine-made"},
        {"frames": [2, 3], "plane": "colour", "kind": "machine-made"},
    ]
    assert clips_of(made)[0]["marked"] == marked


def test_study_may_see_what_nobody_approved_marked_as_that_with_the_map(
    tmp_path: Path, archivist: User
) -> None:
    reel = make_scanned_reel(tmp_path, frames=8, width=64, height=48)
    scenes = split_and_restore(reel, cuts=(4,))
    approve_all(scenes[:1], by=archivist)
    with pytest.raises(DeliveryRefused, match="Scene 2"):
        build_deliverable(reel, format="otio", use="exhibition", to=tmp_path / "out", by=archivist)
    made = build_deliverable(
        reel, format="otio", use="scholarly", to=tmp_path / "out", by=archivist
    )
    names = [file["name"] for file in made.files]
    assert names == ["map.mkv", "timeline.otio", "record.json"]
    assert len(MapReader(Path(made.files[0]["path"]))) == 8
    approved, open_scene = made.record["scenes"]
    assert approved["approval"]["by"] == "anna" and approved["unapproved"] == ""
    assert open_scene["approval"] is None
    assert open_scene["unapproved"] == "nobody has approved its take yet."
    assert any(text.startswith("Scene 2 (frames 4 to 7) is not") for text in made.record["remarks"])
    clip = clips_of(made)[1]
    assert (clip["approval"], clip["unapproved"]) == (None, open_scene["unapproved"])


def test_a_scene_without_any_take_does_not_leave_even_for_study(tmp_path: Path) -> None:
    reel = make_scanned_reel(tmp_path, frames=6, width=64, height=48)
    factories.make_scene(scan=current_scan(reel), frames=(0, 6))
    assert "no take has been made" in reasons_for(reel, "scholarly")[0]


def test_an_override_has_a_name_and_a_reason_in_every_record(
    reel: Reel, tmp_path: Path, archivist: User, client: Client
) -> None:
    told = {"by": "anna", "reason": "the second reviewer is ill", "rules": [PEOPLE]}
    told |= {"measured": {PEOPLE: "1: anna"}, "takes": hold(reel, "broadcast").takes}
    made = build_deliverable(
        reel, format="otio", use="broadcast", to=tmp_path / "out", by=archivist,
        override="the second reviewer is ill",
    )  # fmt: skip
    assert made.record["policy"]["override"] == told
    assert any("anna let this leave against" in remark for remark in made.record["remarks"])
    assert timeline_of(made)["metadata"]["reelproof"]["policy"]["override"] == told
    event = Event.objects.get(kind="delivery")
    assert event.detail["override"] == told
    assert "anna overrode people who approved: the second" in custody_words.words(event)
    client.force_login(archivist)
    page = client.get(reverse("reel", args=[reel.pk])).content.decode()
    assert "overridden by anna: the second reviewer is ill" in page


def test_only_a_named_person_with_the_right_and_a_reason_overrides(
    reel: Reel, tmp_path: Path, archivist: User, reviewer: User
) -> None:
    def attempt(by: User | None, reason: str) -> None:
        build_deliverable(
            reel, format="otio", use="broadcast", to=tmp_path / "out", by=by, override=reason
        )

    with pytest.raises(NotAllowed, match="a named person who has the right"):
        attempt(None, "because")
    with pytest.raises(NotAllowed, match="vera may not"):
        attempt(reviewer, "because")
    with pytest.raises(DecisionRefused, match="say why"):
        attempt(archivist, "   ")
    assert not (tmp_path / "out").exists()


def test_nobody_overrides_a_rule_that_the_policy_keeps(tmp_path: Path, archivist: User) -> None:
    reel = labelled(tmp_path, archivist)
    with pytest.raises(DecisionRefused, match="forensic lets nobody override structure: RECOV"):
        requests.ask(reel, format="otio", use="forensic", by=archivist, override="please")
    for approval in Approval.objects.all():
        decisions.withdraw(approval, by=archivist)
    with pytest.raises(CommandError, match="broadcast lets nobody override approval"):
        call_command(
            "deliver", str(reel.pk), "--format", "otio", "--use", "broadcast",
            "--to", str(tmp_path / "out"), "--by", "anna", "--override", "please",
        )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_the_worker_overrides_only_what_the_person_saw(
    tmp_path: Path, archivist: User, client: Client
) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    client.force_login(archivist)
    order = {"format": "otio", "use": "broadcast", "override": "a deadline", "rule": [PEOPLE]}
    client.post(reverse("deliver", args=[reel.pk]), order)
    delivery = reel.deliveries.get()
    given = {"by": "anna", "reason": "a deadline", "rules": [PEOPLE]}
    assert delivery.override == given | {
        "measured": {PEOPLE: "1: anna"},
        "takes": hold(reel, "broadcast").takes,
    }
    address = "https://rightsstatements.org/vocab/NoC-NC/1.0/"
    statement = Rights.objects.create(title=reel.title, statement=address)
    execute_delivery(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.status == "refused" and delivery.reasons[0].startswith("rights: ")
    statement.delete()
    requests.retry(delivery, by=archivist)
    execute_delivery(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error) == ("done", "")
    assert delivery.deliverable.record["policy"]["override"]["reason"] == "a deadline"


def overridden(reel: Reel, by: User, reason: str = "a deadline") -> Delivery:
    return requests.ask(
        reel, format="otio", use="broadcast", by=by, override=reason, rules=(PEOPLE,)
    )


def make_anew(reel: Reel, by: User) -> None:
    """Every take made again, otherwise, and approved."""
    scenes = list(Scene.objects.current().filter(scan=current_scan(reel)))
    for scene in scenes:
        make_real_take(scene, strength=0.5)
    approve_all(scenes, by=by)


def test_an_override_does_not_go_on_to_takes_that_its_giver_never_saw(
    reel: Reel, archivist: User
) -> None:
    waiting = overridden(reel, archivist)
    make_anew(reel, archivist)
    execute_delivery(waiting.pk)
    waiting.refresh_from_db()
    assert waiting.status == "refused"
    assert any("given for other takes or other measures" in each for each in waiting.reasons)
    with pytest.raises(DeliveryRefused, match="give it anew"):
        requests.retry(waiting, by=archivist)
    anew = overridden(reel, archivist, "seen again")
    assert anew.override["reason"] == "seen again"


def test_an_override_lapses_when_a_rule_measures_something_else(
    reel: Reel, archivist: User, reviewer: User
) -> None:
    given = overridden(reel, archivist).override
    approve_all(list(Scene.objects.current()), by=reviewer)
    for approval in Approval.objects.filter(by=archivist):
        decisions.withdraw(approval, by=archivist)
    held = hold(reel, "broadcast", override=Override.from_json(given))
    assert not held.verdict.allowed and "give it anew" in str(held.verdict.reasons[-1])


def test_another_person_tries_again_only_with_an_override_of_their_own(
    reel: Reel, archivist: User, member: Any
) -> None:
    delivery, boss = overridden(reel, archivist), member("boss", "archivist")
    requests.cancel(delivery, by=archivist)
    delivery.refresh_from_db()
    with pytest.raises(DecisionRefused, match="counts for anna alone"):
        requests.retry(delivery, by=boss)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.by) == ("cancelled", archivist)
    own = overridden(reel, boss, "a reason of his own")
    assert (own.by, own.override["by"]) == (boss, "boss")


def test_no_override_vanishes_behind_that_of_another(
    reel: Reel, archivist: User, member: Any
) -> None:
    first, boss = overridden(reel, archivist), member("boss", "archivist")
    assert overridden(reel, archivist) == first  # a second click
    with pytest.raises(DecisionRefused, match="already under the override of anna"):
        overridden(reel, boss, "a reason of his own")


def test_an_override_of_a_page_that_showed_other_takes_is_refused(
    reel: Reel, archivist: User, client: Client
) -> None:
    client.force_login(archivist)
    shown = hold(reel, "broadcast").takes
    assert shown in client.get(f"/reels/{reel.pk}/?use=broadcast").content.decode()
    make_anew(reel, archivist)
    order = {"format": "otio", "use": "broadcast", "override": "a deadline", "rule": [PEOPLE]}
    page = client.post(reverse("deliver", args=[reel.pk]), order | {"takes": shown}, follow=True)
    assert "other takes would leave now" in page.content.decode()
    assert not reel.deliveries.exists()


def test_the_page_shows_the_gate_of_the_chosen_use(
    tmp_path: Path, archivist: User, reviewer: User, client: Client
) -> None:
    reel = labelled(tmp_path, archivist)
    client.force_login(archivist)
    address = reverse("gate", args=[reel.pk])
    live = client.get(address, {"use": "forensic"}, headers={"HX-Request": "true"})
    shown = live.content.decode()
    assert "6.25" in shown and "scene 1, frame 2" in shown and "may not leave yet" in shown
    assert "Nobody can override" in shown and ">Deliver<" not in shown
    assert "not measured" in shown  # there is no transcript
    broadcast = client.get(address, {"use": "broadcast"}, headers={"HX-Request": "true"})
    assert "Override and deliver" in broadcast.content.decode()
    client.force_login(reviewer)
    theirs = client.get(address, {"use": "broadcast"}, headers={"HX-Request": "true"})
    assert "Override and deliver" not in theirs.content.decode()
    plain = client.get(address, {"use": "forensic"})
    assert plain.headers["Location"] == f"/reels/{reel.pk}/?use=forensic#deliver"
    whole = client.get(plain.headers["Location"]).content.decode()
    assert "scene 1, frame 2" in whole


def test_what_left_before_there_were_policies_is_still_listed_and_fetched(
    reel: Reel, tmp_path: Path, archivist: User, client: Client
) -> None:
    path = tmp_path / "old.otio"
    path.write_text("{}")
    entry = {"name": "old.otio", "path": str(path), "sha256": "0" * 64, "bytes": 2}
    old = Deliverable.objects.create(
        reel=reel, scan=current_scan(reel), format="otio", use="forensic", files=[entry],
        record={"schema": "reelproof/delivery/1"}, by=archivist,
    )  # fmt: skip
    client.force_login(archivist)
    page = client.get(reverse("reel", args=[reel.pk])).content.decode()
    assert reverse("deliverable-file", args=[old.pk, 0]) in page
    assert "left before policies were held" in page


def test_takes_of_a_scene_that_lost_its_frame_counts_are_not_evidence(
    tmp_path: Path, archivist: User
) -> None:
    from restoration.storage import storage

    reel = labelled(tmp_path, archivist)
    (storage().folder(Take.objects.get().storage_key) / "frames.jsonl").unlink()
    assert "were not counted one by one" in reasons_for(reel, "forensic")[0]


@pytest.mark.slow
def test_a_program_overrides_what_its_owner_was_shown(
    reel: Reel, archivist: User, reviewer: User
) -> None:
    asked = Program(archivist)
    gate = asked.get(f"reels/{reel.pk}/gate?use=broadcast").json()
    (failed,) = [each for each in gate["findings"] if each["outcome"] == "failed"]
    assert failed["rule"] == PEOPLE and failed["can_be_overridden"]
    order = {
        "reel": reel.pk, "format": "otio", "use": "broadcast", "reason": "a deadline",
        "rules": [failed["rule"]], "takes": gate["takes"],
    }  # fmt: skip
    path = "deliveries/overriding"
    assert Program(archivist, "read", "deliver").post(path, order).status_code == 403
    assert Program(reviewer).post(path, order).status_code == 403
    assert asked.post(path, order | {"rules": []}).status_code == 400
    other = asked.post(path, order | {"takes": "0" * 64})
    assert other.status_code == 409 and "other takes" in other.json()["detail"]
    assert asked.post(path, order | {"rules": ["a rule of another's"]}).status_code == 422
    made = asked.post(path, order)
    assert made.status_code == 202, made.content
    told = reel.deliveries.get(pk=made.json()["id"]).override
    assert (told["by"], told["reason"], told["rules"]) == ("anna", "a deadline", [PEOPLE])
