"""Borders come with what speaks for them, with the network and without, and doubt is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from restoration.stages import CUTS
from restoration.stages.contract import Cancelled
from restoration.stages.cuts.evidence import Evidence, fit
from tests.restoration.stages.films import clip_of, moving, run_stage

CUT = Evidence(10, network=0.9, ranks=70.0, ratio=8.0, motion=0.04, usual=0.95)
NO_CUT = Evidence(10, network=0.01, ranks=18.0, ratio=1.6, motion=0.8, usual=0.95)


def _reel() -> list:
    return [light for seed in (1, 2, 3) for light in moving(30, seed=seed, step=0.8)]


def test_every_border_names_its_kind_and_evidence() -> None:
    _, facts = run_stage(CUTS, clip_of(_reel()))
    assert facts["network"] == {"weights": "transnetv2", "used": True, "why_not": ""}
    assert [border["frame"] for border in facts["borders"]] == facts["cuts"] == [30, 60]
    for border, sure in zip(facts["borders"], facts["confidence"], strict=True):
        assert border["kind"] == "cut" and border["range"] is None
        assert border["confidence"] == sure > 0.9
        assert border["evidence"]["network"] > 0.5
        assert border["evidence"]["motion"] < 0.3


def test_without_the_network_the_findings_say_so() -> None:
    _, facts = run_stage(CUTS, clip_of(_reel()), network=False)
    assert facts["network"]["used"] is False and facts["network"]["why_not"]
    assert facts["cuts"] == [30, 60]
    assert {border["evidence"]["network"] for border in facts["borders"]} == {None}


def test_missing_weights_are_no_error_and_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELPROOF_WEIGHTS", str(tmp_path))
    _, facts = run_stage(CUTS, clip_of(_reel()))
    assert facts["network"]["used"] is False
    assert "weights fetch transnetv2" in facts["network"]["why_not"]
    assert facts["cuts"] == [30, 60]


@pytest.mark.slow
def test_the_same_clip_gives_the_same_facts() -> None:
    assert run_stage(CUTS, clip_of(_reel()))[1] == run_stage(CUTS, clip_of(_reel()))[1]


def test_it_can_be_cancelled_while_the_network_looks() -> None:
    def progress(done: int, total: int) -> None:
        if done == total:
            raise Cancelled

    with pytest.raises(Cancelled):
        CUTS.run(clip_of(_reel()), CUTS.params(), progress)


@pytest.mark.parametrize("network", [True, False])
def test_each_measure_moves_the_confidence_its_own_way(network: bool) -> None:
    cut, none = (e if network else replace(e, network=None) for e in (CUT, NO_CUT))
    assert cut.confidence() > 0.9 and none.confidence() < 0.2
    assert replace(cut, motion=0.9).confidence() < cut.confidence()
    assert replace(cut, ratio=1.4).confidence() <= cut.confidence()
    assert cut.confidence(strictness=3.0) < cut.confidence()
    if network:
        assert replace(cut, network=0.01, motion=0.4).confidence() < 0.3
        assert replace(cut, network=0.95, motion=0.4).confidence() > 0.8


def test_weights_are_fitted_to_what_tells_cuts_apart() -> None:
    rng = np.random.default_rng(1)
    right = rng.random(400) < 0.4
    telling = np.where(right, 1.0, -1.0) + rng.normal(0, 1, 400)
    rows = np.stack([np.ones(400), telling, rng.normal(0, 1, 400)], axis=1)
    constant, useful, useless = fit(rows.tolist(), right.tolist())
    assert useful > 1.0 and 0.0 <= useless < 0.4 and abs(constant) < 1.5


def test_a_measure_that_counts_against_its_meaning_is_left_out() -> None:
    rng = np.random.default_rng(2)
    right = rng.random(300) < 0.5
    against = np.where(right, -1.0, 1.0) + rng.normal(0, 1, 300)
    telling = np.where(right, 1.0, -1.0) + rng.normal(0, 1, 300)
    rows = np.stack([np.ones(300), against, telling], axis=1)
    assert fit(rows.tolist(), right.tolist())[1] == 0.0


def test_balanced_the_rarer_side_counts_as_much() -> None:
    right = [True] * 90 + [False] * 10
    rows = [[1.0, 0.0]] * 100
    assert fit(rows, right)[0] > 2.0
    assert abs(fit(rows, right, balanced=True)[0]) < 0.01
