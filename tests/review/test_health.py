"""What machines are told that watch the server, and what they are not told."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from archive.models import FixityCheck, FixitySchedule
from config import tracing
from restoration.models import StageRun
from review.models import Approval
from tests import factories
from tests.config.conftest import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def static_folder(settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


def metrics(client: Client, **headers: str) -> dict[tuple[str, ...], float]:
    """Each sample's value by its name and its labels' values."""
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    families = text_string_to_metric_families(response.content.decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_it_is_ready_with_a_database_and_not_without(client, monkeypatch):
    assert client.get("/health/ready").content == b"ready\n"

    def away(*_arguments):
        raise OperationalError("gone")

    monkeypatch.setattr(connection, "cursor", away)
    response = client.get("/health/ready")
    assert (response.status_code, response.content) == (503, b"the database is away\n")
    assert client.get("/health/alive").status_code == 200


def test_figures_are_for_who_has_the_token(client, settings, researcher):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401
    settings.METRICS_TOKEN = "open sesame"
    assert client.get("/metrics", headers={"Authorization": "Bearer open"}).status_code == 401
    assert metrics(client, Authorization="Bearer open sesame")
    client.force_login(researcher)
    assert client.get("/metrics").status_code == 403


def test_they_say_what_waits_what_was_worked_and_what_an_approved_minute_cost(
    client, operator: User, archivist: User
):
    scan = factories.make_scan(frames=96, rate=16)
    scene = factories.make_scene(scan=scan, frames=(0, 48))
    take = factories.make_take(scene=scene)
    run = factories.make_run(scene=scene, stage="repair", queue="gpu", attempt=3)
    StageRun.objects.filter(pk=run.pk).update(
        status="done", take=take, started="2026-01-01T00:00:00Z", ended="2026-01-01T00:00:07.5Z",
        device="cpu",
    )  # fmt: skip
    factories.make_run(scene=scene, stage="repair", queue="gpu")
    Approval.objects.create(
        scene=scene, take=take, digest=take.digest, decision="approved", by=archivist
    )
    other = factories.make_scene(scan=scan, frames=(48, 96))
    for decision, reason in (("approved", ""), ("changes", "dust")):
        again = factories.make_take(scene=other)
        Approval.objects.create(
            scene=other, take=again, digest=again.digest, decision=decision, reason=reason,
            by=archivist,
        )  # fmt: skip
    FixityCheck.objects.create(scan=scan, outcome="changed")
    FixityCheck.objects.create(scan=scan, outcome="intact")
    client.force_login(operator)
    found = metrics(client)
    assert found["reelproof_runs", "gpu", "repair", "queued"] == 1
    assert found["reelproof_run_attempts_total", "gpu"] == 3
    assert found["reelproof_lost_attempts_total", "gpu"] == 2
    assert found["reelproof_computed_reels", "cpu"] == 1
    assert found["reelproof_stage_seconds_total", "cpu", "repair"] == 7.5
    assert found["reelproof_stage_frames_total", "cpu", "repair"] == 48
    assert found["reelproof_approved_film_seconds",] == 3
    assert found["reelproof_approved_stage_seconds",] == 7.5
    assert found["reelproof_fixity_scans", "intact"] == 1
    assert found["reelproof_fixity_scans", "changed"] == 0
    assert found["reelproof_fixity_due_scans",] == 0
    FixitySchedule.objects.create(place="/", days=1)
    FixityCheck.objects.update(at="2026-01-01T00:00:00Z")
    assert metrics(client)["reelproof_fixity_due_scans",] == 1
    assert found["reelproof_queue_oldest_seconds", "gpu"] >= 0


def test_an_answer_bears_the_mark_of_its_request(client, settings):
    first, second = (client.get("/health/alive")["X-Request-ID"] for _ in range(2))
    assert first != second
    given = {"X-Request-ID": "from-the-proxy"}
    assert client.get("/health/alive", headers=given)["X-Request-ID"] != "from-the-proxy"
    settings.BEHIND_HTTPS = True
    assert client.get("/health/alive", headers=given)["X-Request-ID"] == "from-the-proxy"
    forged = {"X-Request-ID": "a b; c"}
    assert client.get("/health/alive", headers=forged)["X-Request-ID"] != "a b; c"


def test_a_line_that_is_logged_names_its_run():
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "done", (), None)
    with tracing.of_run(12):
        tracing.Marks().filter(record)
    assert record.marks == " [run 12]"
    tracing.Marks().filter(record)
    assert record.marks == ""


def test_json_lines_have_the_marks_as_fields():
    told = subprocess.run(
        [sys.executable, "-c", LOGS],
        cwd=ROOT,
        env={**os.environ, "LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    line = json.loads(told.strip().splitlines()[-1])
    assert (line["message"], line["run"], line["level"]) == ("it's done", "7", "WARNING")


LOGS = """
import django, logging
django.setup()
from config import tracing
with tracing.of_run(7):
    logging.getLogger("x").warning("it's %s", "done")
"""
