"""Tables that a worker goes through: followed, cancelled, gone on with, tried and taken back."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.utils import timezone

from archive import import_jobs, importing
from archive.models import Event, ImportJob, Reel, Title
from tests.api.asking import Program, program

pytestmark = pytest.mark.django_db

TABLE = "title,reel number,gauge\n" + "".join(f"Film {n},1,35 mm\n" for n in range(4))
WRONG = TABLE + "Film 9,1,nonsense\n"


@pytest.fixture(autouse=True)
def two_at_a_time(monkeypatch) -> None:
    monkeypatch.setattr(import_jobs, "BATCH", 2)
    monkeypatch.setattr(importing, "BATCH", 2)


@pytest.fixture
def asked() -> Program:
    return program("archivist")


def send(asked: Program, table: str = TABLE, **more) -> int:
    said = {"name": "cards.csv", "file": base64.b64encode(table.encode()).decode()} | more
    answer = asked.post("import-jobs", said)
    assert answer.status_code == 202, answer.content
    assert answer.headers["Location"] == f"/api/v1/import-jobs/{answer.json()['id']}"
    return answer.json()["id"]


def told(asked: Program, job: int) -> dict:
    return asked.get(f"import-jobs/{job}").json()


def reels() -> list[str]:
    return sorted(Reel.objects.values_list("element__title__name", flat=True))


def stopping_after(batches: int, monkeypatch, act) -> None:
    """Have something happen when so many batches have been written."""
    take = import_jobs._take_batch
    left = [batches]

    def counted(*args) -> None:
        if left[0] == 0:
            act()
        left[0] -= 1
        take(*args)

    monkeypatch.setattr(import_jobs, "_take_batch", counted)


def test_a_table_is_gone_through_and_told_row_by_row(asked):
    job = send(asked, WRONG)
    assert told(asked, job)["status"] == "waiting" and not Reel.objects.exists()
    import_jobs.work(job)
    done = told(asked, job)
    assert (done["status"], done["rows_done"], done["rows_total"]) == ("done", 5, 5)
    assert done["counts"] == {"new": 4, "changed": 0, "unchanged": 0, "refused": 1}
    first = asked.get(f"import-jobs/{job}/rows?page_size=2").json()
    assert [each["row"] for each in first["results"]] == [2, 3] and first["next"]
    (wrong,) = asked.get(f"import-jobs/{job}/rows?outcome=refused").json()["results"]
    assert wrong["row"] == 6 and "nonsense" in wrong["reasons"][0]
    assert Event.objects.filter(kind=importing.IMPORTED).count() == 1


@pytest.mark.slow
def test_what_was_cancelled_is_gone_on_with_behind_the_last_row(asked, monkeypatch):
    job = send(asked)
    with monkeypatch.context() as patched:
        stopping_after(1, patched, lambda: asked.post(f"import-jobs/{job}/cancel"))
        import_jobs.work(job)
    stopped = told(asked, job)
    assert stopped["status"] == "cancelled" and len(stopped["imports"]) == 1
    assert stopped["rows_done"] == len(reels()) == 4, "those under way are written"
    job = send(asked)
    assert asked.post(f"import-jobs/{job}/cancel").json()["status"] == "cancelled"
    assert asked.post(f"import-jobs/{job}/resume").json()["status"] == "waiting"
    import_jobs.work(job)
    assert told(asked, job)["counts"]["unchanged"] == 4
    assert asked.post(f"import-jobs/{job}/resume").status_code == 409


@pytest.mark.slow
def test_after_a_crash_another_worker_goes_on_and_all_of_it_is_taken_back(asked, monkeypatch):
    def crash() -> None:
        raise MemoryError

    job = send(asked)
    with monkeypatch.context() as patched:
        stopping_after(1, patched, crash)
        with pytest.raises(MemoryError):
            import_jobs.work(job)
    assert told(asked, job)["status"] == "running" and len(reels()) == 2
    import_jobs.work(job)
    assert len(reels()) == 2, "it is not anybody else's yet"
    ImportJob.objects.update(touched=timezone.now() - import_jobs.SILENT - timedelta(seconds=1))
    assert import_jobs.sweep()["tables_rung"] == 1
    import_jobs.work(job)
    done = told(asked, job)
    assert done["status"] == "done" and done["counts"]["new"] == 4
    rows = asked.get(f"import-jobs/{job}/rows").json()["results"]
    assert [each["row"] for each in rows] == [2, 3, 4, 5]
    assert asked.post(f"import-jobs/{job}/undo").json()["status"] == "undoing"
    import_jobs.work(job)
    undone = told(asked, job)
    assert undone["status"] == "undone" and undone["undone"]["removed"] == 4
    assert not Reel.objects.exists() and not Title.objects.exists()
    assert asked.post(f"import-jobs/{job}/undo").status_code == 409


@pytest.mark.slow
def test_a_worker_that_dies_while_it_takes_back_leaves_the_rest_to_the_next(asked, monkeypatch):
    job = send(asked)
    import_jobs.work(job)
    asked.post(f"import-jobs/{job}/undo")
    whole, told_of = importing.take_part_back, []

    def dies_at_the_second(*args, **options):
        if told_of:
            raise MemoryError
        told_of.append(whole(*args, **options))
        return told_of[0]

    with monkeypatch.context() as patched:
        patched.setattr(importing, "take_part_back", dies_at_the_second)
        with pytest.raises(MemoryError):
            import_jobs.work(job)
    between = told(asked, job)
    assert (between["status"], between["undone"]["removed"]) == ("undoing", 2)
    assert reels() == ["Film 0", "Film 1"], "the last rows went first, for good"
    import_jobs.work(job)
    after = told(asked, job)
    assert (after["status"], after["undone"]) == (
        "undone", {"restored": 0, "removed": 4, "kept": 0},
    )  # fmt: skip
    back = Event.objects.get(kind=importing.TAKEN_BACK)
    assert back.detail == after["undone"], "it stands in custody once, with all of it"


@pytest.mark.slow
def test_what_people_say_while_it_goes_on_is_kept_when_it_is_taken_back(asked, monkeypatch):
    def describe() -> None:
        title = Title.objects.get(name="Film 0")
        seen = asked.get(f"titles/{title.pk}").headers["ETag"]
        change = asked.patch(f"titles/{title.pk}", {"notes": "mine"}, If_Match=seen)
        assert change.status_code == 200

    job = send(asked)
    with monkeypatch.context() as patched:
        stopping_after(1, patched, describe)
        import_jobs.work(job)
    asked.post(f"import-jobs/{job}/undo")
    import_jobs.work(job)
    assert reels() == ["Film 0"] and told(asked, job)["undone"]["kept"] == 1


def test_a_trial_tells_the_same_and_writes_nothing(asked):
    job = send(asked, WRONG + "Film 0,1,35 mm\n", dry_run=True)
    import_jobs.work(job)
    tried = told(asked, job)
    assert tried["status"] == "done" and tried["imports"] == []
    assert tried["counts"] == {"new": 4, "changed": 0, "unchanged": 1, "refused": 1}
    assert not Reel.objects.exists()
    assert not Event.objects.filter(kind=importing.IMPORTED).exists()
    assert asked.post(f"import-jobs/{job}/undo").status_code == 409


def test_what_cannot_be_read_is_refused_at_once_or_breaks_off_in_words(asked):
    said = {"name": "cards.csv", "file": base64.b64encode(b"Eier\nAnna\n").decode()}
    assert asked.post("import-jobs", said).status_code == 422
    job = send(asked)
    ImportJob.objects.filter(pk=job).update(mapping={"gauge": "no such column"})
    import_jobs.work(job)
    broken = told(asked, job)
    assert broken["status"] == "failed" and "column" in broken["error"]
    job = send(asked)
    asked.owner.groups.clear()
    import_jobs.work(job)
    assert ImportJob.objects.get(pk=job).status == "failed" and not Reel.objects.exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_trial_says_how_far_it_is_and_is_cancelled_meanwhile(asked, monkeypatch):
    """Beside the transaction in which it tries, as others see it."""
    monkeypatch.setattr(importing, "BATCH", 2)
    seen = []
    take = importing.Batches.take

    def watched(self, batch):
        seen.append(ImportJob.objects.get(pk=job).rows_done)
        if len(seen) == 2:
            with import_jobs._beside() as beat:
                beat(job, 2)
            cancel_from_outside(job)
        return take(self, batch)

    monkeypatch.setattr(importing.Batches, "take", watched)
    job = send(asked, dry_run=True)
    ImportJob.objects.filter(pk=job).update(status="waiting")
    import_jobs.work(job)
    assert seen == [0, 2]
    ended = told(asked, job)
    assert ended["status"] == "cancelled" and ended["imports"] == []
    assert not Reel.objects.exists()


def cancel_from_outside(job: int) -> None:
    from threading import Thread

    from django.db import connection

    def ask() -> None:
        import_jobs.cancel(ImportJob.objects.get(pk=job))
        connection.close()

    other = Thread(target=ask)
    other.start()
    other.join()
