"""Many reels, scenes, lines and faces in one act by a program: looked over first, then done."""

from __future__ import annotations

import base64

import pytest

from archive import description
from archive.models import Collection, Reel, Title
from restoration import transcripts
from restoration.models import FaceTrack, GlossaryTerm
from restoration.speech.transcript import Transcript
from review import decisions
from review.models import Approval
from tests import factories
from tests.api.asking import Program, program
from tests.restoration.speech.said import line

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_one_field_is_set_for_many_reels_and_taken_back():
    asked = program("archivist")
    reels = [factories.make_reel(), factories.make_reel()]
    said = {"reels": [reel.pk for reel in reels], "column": "location", "value": "Vault 3"}
    tried = asked.post("bulk-edits", said | {"dry_run": True}).json()
    assert (tried["import"], tried["counts"]["changed"]) == (None, 2)
    assert {reel.location for reel in Reel.objects.all()} == {""}
    strange = asked.post("bulk-edits", said | {"reels": [reels[0].pk, 999_999]})
    assert strange.status_code == 422 and "999999" in strange.json()["detail"]
    made = asked.post("bulk-edits", said).json()
    assert {reel.location for reel in Reel.objects.all()} == {"Vault 3"}
    both = asked.post("bulk-edits", said | {"empty": True})
    assert both.status_code == 400, "a value, or empty"
    said_nothing = {"reels": said["reels"], "column": "location", "empty": True, "dry_run": True}
    assert asked.post("bulk-edits", said_nothing).json()["counts"]["changed"] == 2
    assert asked.post(f"imports/{made['import']}/undo").json()["restored"] == 2
    assert {reel.location for reel in Reel.objects.all()} == {""}
    wrong = asked.post("bulk-edits", said | {"column": "gauge", "value": "36 mm"}).json()
    assert wrong["counts"]["refused"] == 2 and "Did you mean" in wrong["rows"][0]["reasons"][0]


def test_a_film_is_put_into_no_collection_that_the_person_does_not_describe():
    asked, reel = program("researcher"), factories.make_reel(access="research")
    own, other = (Collection.objects.create(name=name) for name in ("A", "B"))
    Title.objects.update(collection=own)
    factories.give_role(asked.owner, "archivist", own)
    said = {"reels": [reel.pk], "column": "collection", "value": other.name}
    assert asked.post("bulk-edits", said).status_code == 400
    assert asked.post("bulk-edits", said | {"value": own.name}).json()["counts"]["unchanged"] == 1


def test_a_record_goes_out_comes_in_elsewhere_and_stands_in_the_history():
    asked, reel = program("archivist"), factories.make_reel()
    reel.title.year = "1926~"
    reel.title.save()
    out = asked.get(f"reels/{reel.pk}/records/pbcore")
    assert out.headers["Content-Type"] == "application/xml" and b"1926~" in out.content
    assert asked.get(f"reels/{reel.pk}/records/marc").status_code == 404
    other = factories.make_reel(
        element=factories.make_element(title=factories.make_title("Untitled"))
    )
    path = f"reels/{other.pk}/records"
    sent = {"name": "harbour.xml", "file": base64.b64encode(out.content).decode()}
    assert asked.post(path, sent | {"file": "AAAA"}).status_code == 422
    taken = asked.post(path, sent)
    assert taken.status_code == 200, taken.content
    assert taken.json()["changes"]["title"]["year"] == ["", "1926~"]
    assert (
        description.describe(other.__class__.objects.get(pk=other.pk))["title"]["year"] == "1926~"
    )
    told = asked.get(f"reels/{other.pk}/history").json()["results"]
    assert "1926~" in str(told) and told[0]["by"] == asked.owner.username
    researcher = program("researcher")
    Reel.objects.update(access="research")
    assert researcher.get(f"reels/{reel.pk}/records/dc").status_code == 200
    assert researcher.get(f"reels/{reel.pk}/records/premis").status_code == 403


@pytest.fixture
def scenes():
    """Six scenes of one reel with a take each."""
    made = factories.make_scenes(factories.make_scan(frames=48), length=8)
    for scene in made:
        factories.make_take(scene=scene)
    return made


@pytest.mark.slow
def test_a_reel_is_approved_by_a_sample(scenes):
    asked, reel = program("reviewer"), scenes[0].scan.reel_id
    path = f"reels/{reel}/batch"
    plan = asked.get(f"{path}?every=5&most=1").json()
    assert plan["missing"] and plan["rest"] and len(plan["members"]) == 6, plan
    rule = {"every": 5, "most": 1}
    early = asked.post(path, rule | {"seen": plan["digest"]})
    assert early.status_code == 409 and "look at scene" in early.json()["detail"]
    for member in (each for each in plan["members"] if each["is_sampled"]):
        scene = scenes[member["number"] - 1]
        take = scene.scan.takes.get(start_frame=scene.start_frame)
        decisions.approve(scene, take, by=asked.owner, digest=take.digest)
    late = asked.post(path, rule | {"seen": plan["digest"]})
    assert late.status_code == 409, "something was decided since the plan"
    plan = asked.get(f"{path}?every=5&most=1").json()
    assert plan["missing"] == []
    made = asked.post(path, rule | {"seen": plan["digest"]})
    assert made.status_code == 201, made.content
    assert len({each["batch"] for each in made.json()}) == 1
    assert Approval.objects.count() == 6


def test_the_gate_says_what_stands_in_the_way(scenes):
    asked, reel = program("restorer"), scenes[0].scan.reel_id
    told = asked.get(f"reels/{reel}/gate?use=exhibition")
    assert told.status_code == 200, told.content
    assert told.json()["allowed"] is False and told.json()["reasons"]
    assert {each["outcome"] for each in told.json()["findings"]} & {"failed"}
    assert asked.get(f"reels/{reel}/gate?use=teaching+aliens").status_code == 422
    assert asked.get(f"reels/{reel}/gate").status_code == 400
    assert not Approval.objects.exists()


@pytest.fixture
def spoken() -> tuple[Program, str]:
    asked, scan = program("reviewer"), factories.make_scan(frames=48, rate=16)
    said = Transcript((line("The cat is in", 0.2, 1.0), line("A cat, a cat", 1.2, 2.0)), "en")
    transcripts.keep(scan, said, source="tiny.en", maker="machine")
    return asked, f"reels/{scan.reel_id}"


def texts(asked: Program, path: str) -> list[str]:
    return [each["text"] for each in asked.get(f"{path}/lines").json()["results"]]


@pytest.mark.slow
def test_words_are_replaced_in_many_lines_and_put_back(spoken):
    asked, path = spoken
    before = texts(asked, path)
    found = asked.get(f"{path}/replace?find=cat&by=catch").json()
    assert (found["lines"], found["words"]) == (2, 3), found
    lines = [{"key": each["key"], "seen": each["seen"]} for each in found["places"]]
    said = {"find": "cat", "by": "catch", "lines": lines}
    stale = said | {"lines": [said["lines"][0] | {"seen": "The dog is in"}]}
    assert asked.post(f"{path}/replace", stale).status_code == 422
    made = asked.post(f"{path}/replace", said)
    assert made.status_code == 201, made.content
    assert texts(asked, path) == [each["to"] for each in found["places"]]
    (act,) = {each["act"] for each in made.json()}
    assert asked.ask("DELETE", f"{path}/acts/{act}").status_code == 204
    assert texts(asked, path) == before


def test_a_speaker_is_named_and_terms_are_kept(spoken):
    asked, path = spoken
    first = asked.get(f"{path}/lines").json()["results"][0]
    said = {"key": first["key"], "seen": first["text"], "speaker": "Anna", "scope": "line"}
    assert asked.post(f"{path}/speaker", said | {"scope": "planet"}).status_code == 400
    assert asked.post(f"{path}/speaker", said).json() == {"lines": 1}
    everywhere = said | {"scope": "everywhere", "speaker": "Anna Moe"}
    assert asked.post(f"{path}/speaker", everywhere).json() == {"lines": 1}
    reel = int(path.split("/")[1])
    term = asked.post("glossary", {"reel": reel, "text": "Kellogg"})
    assert term.status_code == 201, term.content
    assert asked.get(f"glossary?title={term.json()['title']}").json()["results"] == [term.json()]
    assert asked.ask("DELETE", f"glossary/{term.json()['id']}").status_code == 204
    assert not GlossaryTerm.objects.standing().exists()


@pytest.mark.slow
def test_faces_are_put_together_put_back_and_parted(settings):
    settings.BIOMETRICS = True
    asked, run = (
        program("restorer"),
        factories.make_run(
            scene=factories.make_scene(), stage="attribute", status="done", findings={}
        ),
    )
    one, other, third = (
        FaceTrack.objects.create(
            scan=run.scan, run=run, number=number, person=person, found_person=person,
            start_frame=number * 6, end_frame=number * 6 + 4, best_frame=number * 6,
            box=[4, 4, 12, 12],
        )
        for number, person in ((1, 1), (2, 2), (3, 2))
    )  # fmt: skip
    assert asked.post(f"faces/{one.pk}/same", {"face": 999_999}).status_code == 422
    assert asked.post(f"faces/{one.pk}/same", {"face": other.pk}).status_code == 204
    assert set(FaceTrack.objects.values_list("person", flat=True)) == {2}
    assert asked.post(f"faces/{one.pk}/same", {"face": other.pk}).status_code == 422, "they are"
    assert asked.post(f"faces/{one.pk}/back").status_code == 204
    one.refresh_from_db()
    assert one.person == 1
    parted = asked.post(f"reels/{run.scan.reel_id}/part-faces", {"faces": [third.pk]})
    assert parted.status_code == 200 and parted.json()["person"] not in (1, 2)
    settings.BIOMETRICS = False
    assert asked.post(f"faces/{one.pk}/back").status_code == 409
