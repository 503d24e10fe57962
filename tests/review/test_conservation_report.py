"""The conservation report says what was found, done and decided, and shows it."""

from __future__ import annotations

import dataclasses
import io
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from PIL import Image

from archive.models import ConditionReport, Fault
from restoration.provenance import Label
from review.condition import condition
from review.deliverables import allowed_edition, circumstances
from review.formats.plates import make_plate, shown_frame
from review.formats.report_parts import (
    captions_of,
    decision_rows,
    object_rows,
    share_rows,
    treatment_rows,
)
from review.formats.report_pdf import write_report
from review.frame_ranges import listed
from tests import factories
from tests.review.approved_reel import (
    approve_all,
    current_scan,
    make_real_take,
    make_scanned_reel,
)
from tests.review.formats.editions import make_edition
from tests.review.labelled_takes import CLEAN, SIZE, labelling

pytestmark = pytest.mark.django_db


def test_it_tells_object_condition_treatments_and_decisions_and_shows_what_was_made(
    settings: Any, tmp_path: Path, archivist: User
) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    reel = make_scanned_reel(tmp_path, frames=6, width=SIZE, height=SIZE, pixel="yuv420p")
    reel.element.gauge = "35 mm"
    reel.element.save()
    scan = current_scan(reel)
    scan.warnings = ["The sound is shorter."]
    scan.save()
    scene = factories.make_scene(scan=scan, frames=(0, 6))
    wanted = [CLEAN] * 4 + [(Label.SYNTHESISED, Label.ADJUSTED)] + [CLEAN]
    make_real_take(scene, by=labelling(wanted, start=0))
    approve_all([scene], by=archivist)
    report = ConditionReport.objects.create(
        reel=reel, on=date(2026, 10, 3), examined_by="Ida", shrinkage="0.80", by=archivist
    )
    Fault.objects.create(report=report, kind="tear", grade=2, where="feet 120")
    edition = allowed_edition(reel, format="report", use="exhibition", by=archivist)

    assert ("Gauge", "35 mm") in list(object_rows(edition))
    assert edition.condition == (
        "Examined on 2026-10-03 by Ida: shrinkage 0.80\u00a0%; tear, moderate (feet 120)",
        "The sound is shorter.",
    )
    scene.marks = [{"frame": 2, "kind": "splice", "confidence": 0.9}]
    assert "splice: 1, at 00:00:00:02 (frame 2)" in list(condition(scan, [scene]))[2]
    (treatment,) = treatment_rows(edition)
    assert "made by a machine in 1 frames" in treatment[2]
    assert "approved by anna" in next(decision_rows(edition))[3]
    assert sum(row[2] for row in share_rows(edition)) == pytest.approx(1)

    assert shown_frame(edition.scenes[0]) == 4, "the frame in which something was made up"
    plate = make_plate(edition, edition.scenes[0])
    after, marked = (
        np.asarray(Image.open(io.BytesIO(data)), np.int16) for data in (plate.after, plate.marked)
    )
    assert np.abs(after - marked).max() > 40, "its labels are drawn over it"

    assert captions_of(plate)[1] == "as restored"
    take = dataclasses.replace(plate.scene.take, version="colour")
    coloured = dataclasses.replace(plate, scene=dataclasses.replace(plate.scene, take=take))
    assert captions_of(coloured)[1] == "colour version"

    told, told_of = circumstances(reel, archivist, "exhibition"), list[int]()
    for name in ("a.pdf", "b.pdf"):
        write_report(
            tmp_path / name, edition, told, progress=lambda done, total: told_of.append(total)
        )
    data = (tmp_path / "a.pdf").read_bytes()
    assert data.startswith(b"%PDF") and data == (tmp_path / "b.pdf").read_bytes()
    assert told_of == [1, 1]


def test_long_lists_of_scenes_are_told_as_ranges() -> None:
    assert listed([1, 2, 3, 4, 7, 9, 10]) == "1-4, 7, 9, 10"
    edition = make_edition(Fraction(24), cuts=(0, 10, 20, 30, 40))
    assert [row[1] for row in treatment_rows(edition)] == ["1-4", "1-4"]
