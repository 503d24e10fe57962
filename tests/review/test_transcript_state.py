"""Which transcript a policy is held against, and what is told of it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from restoration import transcripts
from restoration.speech.transcript import Transcript
from review.gate import APPROVED
from review.material import transcript_state
from tests import factories
from tests.restoration.speech.said import line

pytestmark = pytest.mark.django_db


def test_a_later_run_that_hears_nothing_does_not_hide_what_nobody_checked(archivist: User) -> None:
    scan = factories.make_scan(frames=48, rate=16)
    silence, said = Transcript(()), Transcript((line("made up words", 0.2, 1.4),))
    transcripts.keep(scan, silence, source="tiny.en", maker="machine")
    assert transcript_state(scan.reel) is None  # as if there were none
    kept = transcripts.keep(scan, said, source="base.en", maker="machine")
    transcripts.keep(scan, silence, source="tiny.en", maker="machine")
    assert transcript_state(scan.reel) == "nobody answers for 1 of 1 lines of version 2"
    transcripts.correct(kept, "confirm", ["m0"], {}, by=archivist)
    assert transcript_state(scan.reel) == APPROVED


def test_lines_that_a_person_took_off_are_answered_for(archivist: User) -> None:
    scan = factories.make_scan(frames=48, rate=16)
    said = Transcript((line("thank you for watching", 0.2, 1.4),))
    kept = transcripts.keep(scan, said, source="tiny.en", maker="machine")
    transcripts.correct(kept, "no_speech", ["m0"], {}, by=archivist)
    assert transcript_state(scan.reel) == APPROVED


def test_a_respelling_opens_no_gate_after_a_new_run(archivist: User) -> None:
    scan = factories.make_scan(frames=48, rate=16)
    said = Transcript((line("made up words", 0.2, 1.4),))
    kept = transcripts.keep(scan, said, source="tiny.en", maker="machine")
    transcripts.correct(kept, "text", ["m0"], {"text": "Made up, words"}, by=archivist)
    transcripts.keep(scan, said, source="tiny.en", maker="machine")
    assert transcript_state(scan.reel) == "nobody answers for 1 of 1 lines of version 2"
