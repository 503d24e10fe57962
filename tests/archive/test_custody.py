"""Events are appended, chained and never changed; refusals are the database's own."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

import archive
from archive import custody
from archive.errors import CustodyError
from archive.models import Agent, Event, Reel
from tests.factories import make_reel, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def reel() -> Reel:
    return make_reel()


def record(reel: Reel | None = None, **fields: object) -> Event:
    values = {"kind": "inspection", "agent": custody.software(), "subject": "reel:1", "reel": reel}
    return custody.record(**values | fields)


def run_sql(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


# What is written


def test_the_first_event_of_a_chain_follows_nothing(reel: Reel) -> None:
    event = record(reel)

    assert (event.chain, event.sequence, event.previous) == (f"reel:{reel.pk}", 1, "")


def test_an_event_holds_the_digest_of_the_one_before(reel: Reel) -> None:
    first = record(reel)
    second = record(reel)

    assert second.sequence == 2
    assert second.previous == first.digest


def test_reels_and_the_archive_have_chains_of_their_own(reel: Reel) -> None:
    record(reel)
    other = record(make_reel())
    own = record(None)

    assert (other.sequence, own.sequence, own.chain) == (1, 1, "archive")


def test_an_event_goes_with_the_transaction_that_it_tells_of(reel: Reel) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(reel)
        _ = 1 / 0

    assert not Event.objects.exists()


def test_software_is_an_agent_with_its_version() -> None:
    agent = custody.software()

    assert str(agent) == f"Reelproof {archive.__version__}"
    assert custody.software() == agent
    assert custody.software("FFmpeg", version="8.1").version == "8.1"


def test_a_person_is_one_agent() -> None:
    anna = make_user(name="anna")

    assert custody.person(anna) == custody.person(anna)
    assert Agent.objects.get().user == anna


def test_a_name_that_passes_to_another_person_is_told_apart() -> None:
    first = make_user(name="anna")
    before = custody.person(first)
    first.username = "anna.moved"
    first.save()
    second = make_user(name="anna")

    agent = custody.person(second)

    assert agent != before
    assert agent.name == f"anna (user {second.pk})"


@pytest.mark.parametrize("detail", [{"x": float("nan")}, {"x": object()}, {"x": "a\x00b"}])
def test_a_detail_that_is_no_json_is_refused(reel: Reel, detail: dict[str, object]) -> None:
    with pytest.raises(CustodyError):
        record(reel, detail=detail)


def test_numbers_that_the_database_writes_differently_still_verify(reel: Reel) -> None:
    record(reel, detail={"big": 1e16, "small": 1e-7, "whole": 1.0, "nested": [0.1, -0.0]})

    assert custody.verify_chain(f"reel:{reel.pk}") == []


def test_any_text_and_any_moment_verify(reel: Reel) -> None:
    record(reel, detail={"path": 'films/«Мурнау» "1922" 東京.mkv'}, subject="scan:1")
    record(reel, at=datetime(1922, 3, 4, tzinfo=UTC))

    assert custody.verify_chain(f"reel:{reel.pk}") == []


def test_heads_name_the_last_event_of_the_reels_and_the_archives_chain(reel: Reel) -> None:
    record(reel)
    last = record(reel)

    heads = custody.chain_heads(reel)

    assert heads[f"reel:{reel.pk}"] == {"sequence": 2, "digest": last.digest}
    assert heads["archive"] == {"sequence": 0, "digest": ""}
    assert custody.all_heads() == {f"reel:{reel.pk}": {"sequence": 2, "digest": last.digest}}


# What the database refuses to the application

CHANGES = [
    "UPDATE archive_event SET outcome = 'failure'",
    "DELETE FROM archive_event",
    "TRUNCATE archive_event CASCADE",
    "ALTER TABLE archive_event DISABLE TRIGGER ALL",
    "DROP TRIGGER archive_event_no_change ON archive_event",
    "DROP FUNCTION archive_event_refuse() CASCADE",
    "CREATE OR REPLACE FUNCTION archive_event_refuse() RETURNS trigger LANGUAGE plpgsql"
    " AS $$ BEGIN RETURN NEW; END $$",
    "SET session_replication_role = replica",
    "ALTER TABLE archive_event OWNER TO reelproof",
    "DROP TABLE archive_event CASCADE",
    "CREATE RULE quietly AS ON INSERT TO archive_event DO INSTEAD NOTHING",
    "CREATE TRIGGER later AFTER INSERT ON archive_event"
    " FOR EACH ROW EXECUTE FUNCTION archive_event_refuse()",
    "SET ROLE reelproof_owner",
    "UPDATE archive_agent SET name = 'somebody else'",
    "DELETE FROM archive_agent",
]


@pytest.mark.parametrize("sql", CHANGES)
def test_the_applications_role_can_not(reel: Reel, sql: str) -> None:
    record(reel)

    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        run_sql(sql)
    assert isinstance(refusal.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_the_applications_role_can_not_give_itself_the_right(reel: Reel) -> None:
    record(reel)
    run_sql("GRANT UPDATE ON archive_event TO reelproof")  # PostgreSQL only warns

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        run_sql("UPDATE archive_event SET outcome = 'failure'")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE archive_event SET outcome = 'failure'",
        "DELETE FROM archive_event",
        "TRUNCATE archive_event CASCADE",
    ],
)
def test_even_the_owners_role_is_refused_by_the_triggers(superuser_dsn: str, sql: str) -> None:
    with psycopg.connect(superuser_dsn) as owner:
        owner.execute("SET ROLE reelproof_owner")
        owner.execute(
            "INSERT INTO archive_agent (kind, name, version) VALUES ('software', 'x', '1')"
        )
        owner.execute(
            "INSERT INTO archive_event (chain, sequence, at, kind, agent_id, subject, outcome,"
            " detail, previous, digest) SELECT 'archive', 1, now(), 'k', id, 's', 'success', '{}',"
            " '', repeat('0', 64) FROM archive_agent"
        )
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            owner.execute(sql)
        owner.rollback()


def test_django_can_not_change_an_event_either(reel: Reel) -> None:
    event = record(reel)
    event.outcome = "failure"

    with pytest.raises(DatabaseError), transaction.atomic():
        event.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        Event.objects.filter(pk=event.pk)._raw_delete("default")


@pytest.mark.parametrize(
    ("sequence", "follows"), [(1, True), (3, True), (2, False)], ids=["fork", "gap", "wrong past"]
)
def test_an_event_that_does_not_follow_is_refused(reel: Reel, sequence: int, follows: bool) -> None:
    head = record(reel)
    event = Event(
        chain=head.chain,
        sequence=sequence,
        at=head.at,
        kind="inspection",
        agent=head.agent,
        subject="x",
        previous=head.digest if follows else "0" * 64,
        digest="1" * 64,
    )

    with pytest.raises(DatabaseError, match="does not follow"), transaction.atomic():
        event.save(force_insert=True)


def test_a_temporary_table_can_not_stand_in_for_the_events(reel: Reel) -> None:
    head = record(reel)
    run_sql("CREATE TEMP TABLE archive_event (chain text, sequence int, digest text)")
    run_sql("INSERT INTO archive_event VALUES (%s, 7, repeat('7', 64))", head.chain)

    with pytest.raises(DatabaseError, match="does not follow"), transaction.atomic():
        run_sql(
            "INSERT INTO public.archive_event (chain, sequence, at, kind, agent_id, subject,"
            " outcome, detail, previous, digest) VALUES (%s, 8, now(), 'k', %s, 's', 'success',"
            " '{}', repeat('7', 64), repeat('8', 64))",
            head.chain,
            head.agent_id,
        )


@pytest.mark.django_db(transaction=True)
def test_events_written_at_the_same_moment_do_not_fork_the_chain(reel: Reel) -> None:
    agent = custody.software()
    errors: list[Exception] = []

    def write() -> None:
        try:
            for _ in range(5):
                custody.record(kind="inspection", agent=agent, subject="x", reel=reel)
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert Event.objects.count() == 20
    assert custody.verify_chain(f"reel:{reel.pk}") == []
