"""Every action of the interface, for every role and every kind of access, from one table.

Whoever has no right to an action gets 403; what they may not see is not there (404), and is left
out of lists. What an action does, the tests of each subject tell.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, resolve, reverse
from django.utils import timezone
from PIL import Image

from archive import custody, damage_photographs, importing
from archive.api import tokens
from archive.models import (
    AccessToken,
    Collection,
    Fault,
    ImportJob,
    Reel,
    Scan,
    Term,
    Title,
    Webhook,
)
from restoration.models import CollectionQuota, SceneEdit
from review.models import HandOver, SavedSearch
from tests import factories
from tests.api.table import ACTIONS, OPEN, RESEARCH, VIEWERS, Action
from tests.conftest import empty_tables, tables_with_rows
from tests.test_every_url import addresses, one_of_each

pytestmark = pytest.mark.django_db

ROLES = ("archivist", "restorer", "reviewer", "researcher", "operator", "")
SEEN_BY = {
    "staff": VIEWERS,
    "research": RESEARCH,
    "embargoed": frozenset({"archivist"}),
    "closed": frozenset({"archivist"}),
}
"""The kinds of access, and whose reels they are then."""


@pytest.fixture(scope="module")
def rows(django_db_setup, django_db_blocker) -> Iterator[dict[str, object]]:
    """Committed once for all tests here; gone after them."""
    with django_db_blocker.unblock():
        seeded = tables_with_rows()
        made = one_of_each(factories.make_user("archivist"))
        made |= described(made) | {"keys": {role: key(role) for role in ROLES}}
    yield made
    with django_db_blocker.unblock():
        empty_tables(except_for=seeded)


@pytest.fixture(autouse=True)
def no_limit(settings) -> None:
    """One person asks more here within a minute than anybody may."""
    settings.API_RATE = "1000000/second"


def described(made: dict[str, object]) -> dict[str, object]:
    reel = Reel.objects.get(pk=made["reel"])
    kept_in = Collection.objects.create(name="Of a family")
    both = Reel.objects.filter(pk__in=(made["reel"], made["trashed"]))
    Title.objects.filter(elements__reels__in=both).update(collection=kept_in)
    reel.refresh_from_db()
    picture = BytesIO()
    Image.new("RGB", (9, 9)).save(picture, "PNG")
    photograph = damage_photographs.read(picture.getvalue())
    damage_photographs.write(photograph)
    Fault.objects.filter(pk=made["fault"]).update(photograph=photograph.sha256)
    imported = custody.record(
        kind=importing.IMPORTED, agent=custody.software(), subject="import:cards",
        detail={"file": "cards.csv", "rows": {"new": 1}, "done": []},
    )  # fmt: skip
    scan = Scan.objects.get(pk=made["scan"])
    copy = scan.copies.create(path="/nowhere/a.mov", compared=timezone.now(), outcome="missing")
    webhook = Webhook.objects.create(
        owner=User.objects.first(), url="https://x.org/", events=[], salt="x"
    )
    message = webhook.messages.create(
        event=reel.events.first(), kind="run.failed", due=timezone.now(), status="sent"
    )
    kept = SavedSearch.objects.create(owner=User.objects.first(), query="x", seen=timezone.now())
    edit = SceneEdit.objects.create(
        scan_id=made["scan"], number=1, kind="scene split", words="cut in two", frame=0,
        before=NO_CHANGE, after=NO_CHANGE,
    )  # fmt: skip
    job = ImportJob.objects.create(
        owner=User.objects.first(), name="cards.csv", file=b"Title", status="done"
    )
    handed = HandOver.objects.create(
        scene_id=made["scene"], version="restoration", role="reviewer", by=User.objects.first()
    )
    narrowing = SavedSearch.objects.create(
        owner=User.objects.first(), query="words=x", of="catalogue", seen=timezone.now()
    )
    return {
        "hand_over": handed.pk,
        "narrowing": narrowing.pk,
        "word": Term.objects.values_list("pk", flat=True)[0],
        "member": 1,
        "import_job": job.pk,
        "import": imported.subject.removeprefix("import:"),
        "second_copy": copy.pk,
        "fixity_check": scan.checks.create(outcome="intact").pk,
        "quota": CollectionQuota.objects.create(collection=kept_in, gpu_minutes=60).pk,
        "given_role": kept_in.roles.create(user=factories.make_user(""), role="researcher").pk,
        "kept": kept.pk,
        "edit": edit.pk,
        "webhook": webhook.pk,
        "message": message.pk,
        "collection": kept_in.pk,
        "title": reel.title.pk,
        "element": reel.element_id,
    }


NO_CHANGE: dict[str, list[object]] = {"scenes": [], "verdicts": []}


def key(role: str) -> str:
    user = factories.make_user(role)
    return tokens.make(user, name=role or "none", scopes=list(tokens.SCOPES), days=1).secret


def open_to(access: str, rows: dict[str, object]) -> None:
    reel = Reel.objects.get(pk=rows["reel"])
    Reel.objects.update(access="research" if access != "staff" else "staff")
    if access == "embargoed":
        reel.title.rights.create(statement="http://x.org/", embargo=date(2999, 1, 1))
    if access == "closed":
        reel.title.collection.members.create(user=factories.make_user("reviewer"))


def address(action: Action, rows: dict[str, object]) -> str:
    return reverse(action.name, args=[rows[name] for name in action.names])


def ask(action: Action, rows: dict[str, object], secret: str = ""):
    """The answer; what a write did is undone."""
    path = address(action, rows) + ("?q=farewell" if action.name == "api-search" else "")
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    with transaction.atomic():
        answer = Client().generic(
            action.method, path, "{}", content_type="application/json", headers=headers
        )
        transaction.set_rollback(True)
    return answer


def test_every_address_of_the_interface_stands_in_the_table():
    found = {name for name in addresses(get_resolver().url_patterns) if name.startswith("api-")}
    assert found - OPEN == {action.name for action in ACTIONS}


def test_every_action_asks_a_right_that_the_roles_of_the_table_have():
    people = {role: factories.make_user(role) for role in ROLES}
    wrong = []
    for action in ACTIONS:
        view = resolve(address(action, ANY)).func.view_class
        right = view.rights.get(action.method, "")
        held = {role for role, user in people.items() if not right or user.has_perm(right)}
        if view.scope != action.scope and (action.method != "GET" or action.scope != "read"):
            wrong.append(f"{action.method} {action.name} asks a token for {view.scope}")
        if held != action.roles and (right or action.name not in BY_ROW):
            wrong.append(f"{action.method} {action.name} asks {right}: {sorted(held)}")
    assert wrong == []


UUIDS = ("upload", "folder", "batch")
"""What an address names by a UUID."""
ANY: dict[str, object] = defaultdict(lambda: 1) | dict.fromkeys(UUIDS, uuid.UUID(int=1))
BY_ROW = {"api-runs", "api-run"}
"""Asked by everybody, and answered with what each may see."""


def test_every_action_for_roles_in_turn(rows):
    """Of each action one role that may, one that may not, and those for whom the kind of access
    makes a difference; every role for every kind is slow, and stands below."""
    wrong = []
    for access in ("staff", "research", "embargoed"):
        with transaction.atomic():
            open_to(access, rows)
            for place, action in enumerate(ACTIONS):
                wrong += faults(access, rows, in_turn(action, access, place), (action,))
            transaction.set_rollback(True)
    assert wrong == []


def in_turn(action: Action, access: str, place: int) -> tuple[str, ...]:
    if access == "staff":
        sides = ([role for role in ROLES if (role in action.roles) == may] for may in (True, False))
        return tuple(side[place % len(side)] for side in sides if side)
    makes_a_difference = {"research": "researcher", "embargoed": "reviewer"}[access]
    named = bool(action.names or action.lists) and not action.is_own
    return (makes_a_difference,) if named and makes_a_difference in action.roles else ()


@pytest.mark.slow
@pytest.mark.parametrize("access", SEEN_BY)
def test_every_action_for_every_role_and_access(access, rows):
    open_to(access, rows)
    assert faults(access, rows, ROLES) == []


def faults(
    access: str,
    rows: dict[str, object],
    roles: tuple[str, ...],
    actions: tuple[Action, ...] = ACTIONS,
) -> list[str]:
    found = []
    for action in actions:
        for role in roles:
            if role not in action.roles and access != "staff" and action.method != "GET":
                continue  # refused before any row is looked at: asked once
            answer = ask(action, rows, rows["keys"][role])
            wanted = expected(action, role, access)
            if not fits(action, answer, wanted, rows):
                found.append(f"{action.method} {action.name} {role or 'none'} {access}: "
                             f"{answer.status_code} instead of {wanted}")  # fmt: skip
    return found


def expected(action: Action, role: str, access: str) -> str:
    """`forbidden`, `hidden` or `there`."""
    steered = ("api-cancel-run", "api-retry-run", "api-hasten-run", "api-slacken-run")
    by_machine = action.name in ("api-runs", "api-run", *steered)
    if role not in action.roles and not (by_machine and action.method == "GET"):
        return "forbidden"
    sees = SEEN_BY[access] | ({"operator"} if by_machine and access not in HELD else set())
    if action.is_own:  # of another archivist
        return "hidden"
    if action.is_of_no_film:
        return "there"
    named = bool(action.names or action.lists)
    return "hidden" if named and (role not in sees or role not in action.roles) else "there"


HELD = ("embargoed", "closed")


def fits(action: Action, answer, wanted: str, rows: dict[str, object]) -> bool:
    status = answer.status_code
    if wanted == "forbidden":
        return status == 403
    if action.lists:
        shown = [row["id"] for row in answer.json()["results"]] if status == 200 else None
        return shown == ([rows[action.lists]] if wanted == "there" else [])
    if wanted == "hidden":
        return status == 404
    return status in (200, 201, 202, 204, 400, 409, 410, 422, 428)


def test_nobody_comes_in_without_a_token(rows, settings):
    settings.PUBLIC_CATALOGUE = True  # also of reels that the pages show to everybody
    Reel.objects.update(access="public")
    for action in ACTIONS:
        answer = ask(action, rows)
        assert answer.status_code == 401, action
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_token_without_the_scope_is_refused_whatever_its_owners_role(rows):
    archivist = AccessToken.objects.filter(name="archivist")
    for scope in tokens.SCOPES:
        archivist.update(scopes=[each for each in tokens.SCOPES if each != scope])
        for action in (each for each in ACTIONS if each.scope == scope):
            assert ask(action, rows, rows["keys"]["archivist"]).status_code == 403, action
        archivist.update(scopes=[scope])
        action = next(each for each in ACTIONS if each.scope == scope and each.roles)
        assert ask(action, rows, rows["keys"]["archivist"]).status_code != 403, action


@pytest.mark.slow
def test_a_token_of_one_scope_opens_every_action_of_it(rows):
    key = AccessToken.objects.filter(name="archivist")
    User.objects.filter(pk__in=key.values("owner")).update(is_superuser=True)
    for scope in tokens.SCOPES:
        key.update(scopes=[scope])
        for action in (each for each in ACTIONS if each.scope == scope):
            assert ask(action, rows, rows["keys"]["archivist"]).status_code != 403, action


def test_what_is_not_there_is_not_found_by_administrators_either(rows):
    nothing = dict.fromkeys(rows, 987654)
    key = AccessToken.objects.filter(name="archivist")
    User.objects.filter(pk__in=key.values("owner")).update(is_superuser=True)
    for action in ACTIONS:
        if action.names and not action.roles:
            assert ask(action, nothing, rows["keys"]["archivist"]).status_code == 404, action


def test_what_is_not_there_is_not_found(rows):
    nothing = dict.fromkeys(rows, 987654) | {"keys": rows["keys"]}
    nothing |= {name: uuid.uuid4() for name in UUIDS}
    for action in ACTIONS:
        if action.names and action.roles:
            assert ask(action, nothing, rows["keys"]["archivist"]).status_code == 404, action


def test_a_token_that_ended_opens_nothing(rows):
    long_ago = timezone.now() - timedelta(seconds=1)
    secret = rows["keys"]["archivist"]
    action = next(each for each in ACTIONS if each.name == "api-reels")
    for ended in ({"expires": long_ago}, {"revoked": long_ago}):
        with transaction.atomic():
            AccessToken.objects.update(**ended)
            assert ask(action, rows, secret).status_code == 401
            transaction.set_rollback(True)
    AccessToken.objects.get(name="archivist").owner.__class__.objects.update(is_active=False)
    assert ask(action, rows, secret).status_code == 401
