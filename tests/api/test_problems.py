"""One shape for everything that goes wrong, wherever it does."""

from __future__ import annotations

import pytest
from django.test import Client

from review.search import finding
from tests import factories
from tests.api.asking import program

pytestmark = pytest.mark.django_db


def told(answer) -> dict[str, object]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    found = answer.json()
    assert {"type", "title", "status", "detail", "request"} <= set(found)
    assert found["status"] == answer.status_code
    assert found["request"] == answer.headers["X-Request-ID"]
    return found


def test_every_error_has_the_same_shape():
    asked = program("archivist")
    scene = factories.make_scene()
    answers = {
        401: Client().get("/api/v1/reels"),
        403: program("operator").get("reels"),
        404: asked.get("reels/987654"),
        405: asked.ask("DELETE", "reels"),
        400: asked.post("notes", {"scene": "x"}),
        428: asked.patch(f"reels/{scene.scan.reel_id}", {"notes": "x"}),
        412: asked.patch(f"reels/{scene.scan.reel_id}", {"notes": "x"}, If_Match='"old"'),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        told(answer)
    assert answers[405].headers["Allow"]


def test_an_address_that_there_is_not_is_a_problem_and_no_page():
    for path in ("/api", "/api/v2/reels", "/api/v1/nothing", "/api/v1/reels/", "/api/v1/reels/x"):
        answer = Client().get(path)
        assert answer.status_code == 404 and told(answer)["detail"], path
    assert Client().post("/api/v1/nothing").status_code == 404


def test_a_fault_of_ours_is_a_problem_that_tells_nothing(monkeypatch):
    def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(finding, "find", broken)
    asked = program("archivist")
    client = Client(raise_request_exception=False)
    header = {"Authorization": f"Bearer {asked.made.secret}"}
    answer = client.get("/api/v1/search?q=x", headers=header)
    assert answer.status_code == 500 and "secret" not in str(told(answer))


def test_faults_name_the_field_or_the_parameter():
    asked = program("archivist")
    answer = told(asked.post("notes", {"scene": 1, "start_frame": -1, "text": ""}))
    assert {each["pointer"] for each in answer["errors"]} == {
        "/start_frame", "/end_frame", "/text",
    }  # fmt: skip
    answer = told(asked.get("reels?colection=1"))
    assert answer["errors"][0]["parameter"] == "colection"
    assert "collection" in answer["errors"][0]["detail"]


@pytest.mark.parametrize(
    "body",
    ["{", '{"text": "\\u0000"}', '{"text": "\\ud800"}', "[" * 100_000, '{"a": NaN}', "1e999"],
)
def test_what_is_no_sound_json_is_refused_in_words(body):
    asked = program("archivist")
    header = {"Authorization": f"Bearer {asked.made.secret}"}
    answer = Client().post("/api/v1/notes", body, content_type="application/json", headers=header)
    assert answer.status_code == 400 and told(answer)


def test_other_bodies_than_json_and_too_large_ones_are_refused():
    asked = program("archivist")
    header = {"Authorization": f"Bearer {asked.made.secret}"}
    answer = Client().post("/api/v1/notes", {"text": "x"}, headers=header)
    assert answer.status_code == 415 and told(answer)
    answer = asked.post("notes", {"text": "x" * (1 << 20)})
    assert answer.status_code == 413 and told(answer)
