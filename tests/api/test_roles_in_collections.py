"""The interface asks people's roles in the collection of the very row: the same table, further
people."""

from __future__ import annotations

import pytest
from django.db import transaction

from archive.api import tokens
from archive.models import Collection, CollectionRole, Reel
from tests import factories
from tests.api.table import ACTIONS, Action
from tests.api.test_every_action import ask, fits, no_limit, rows
from tests.test_every_url import PEOPLE, Person

pytestmark = pytest.mark.django_db

__all__ = ["no_limit", "rows"]

READERS = {
    action.names[0]: action.roles
    for action in sorted(ACTIONS, key=lambda each: len(each.roles))
    if action.method == "GET" and len(action.names) == 1 and not action.is_own
}
"""Who is shown a row of each kind, of a reel that is open to research."""


def expected(action: Action, person: Person) -> str:
    """`forbidden` where no role of theirs may, or not the one here; `hidden` or `there`."""
    here = person.here or person.group
    if action.is_everywhere:
        is_less_somewhere = {person.here, person.elsewhere} - {"", "archivist"}
        looks = action.method == "GET" and not action.is_for_whole
        refused = action.names and not looks and is_less_somewhere
        return "forbidden" if person.group not in action.roles or refused else "there"
    is_for_all = action.method == "GET" and action.name in ("api-runs", "api-run")
    if not is_for_all and not {person.group, person.here, person.elsewhere} & action.roles:
        return "forbidden"
    if action.is_own:
        return "hidden"
    if action.is_of_no_film:
        return "there"
    if not (action.names or action.lists):
        return "there"
    if not {here, machine(person)} & READERS.get(action.lists or action.names[0], action.roles):
        return "hidden"
    return "there" if {here, machine(person)} & action.roles else "forbidden"


def machine(person: Person) -> str:
    """No collection takes the machine from who keeps it running, but where they have none."""
    return person.group if person.group == "operator" and person.here != "none" else "none"


def faults(person: Person, rows: dict[str, object], access: str = "research") -> list[str]:
    kept_in = Collection.objects.get(pk=rows["collection"])
    Reel.objects.update(access=access)
    user = person.make(kept_in)
    key = tokens.make(user, name="program", scopes=list(tokens.SCOPES), days=1).secret
    found = []
    for action in ACTIONS:
        answer, wanted = ask(action, rows, key), expected(action, person)
        if not fits(action, answer, wanted, rows):
            found.append(f"{action.method} {action.name}: {answer.status_code} instead of {wanted}")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("person", PEOPLE, ids=str)
def test_every_action_for_roles_in_the_collection(person, rows):
    assert faults(person, rows) == []


def test_nothing_of_a_collection_is_there_for_who_has_none_in_it(rows, settings):
    settings.PUBLIC_CATALOGUE = True
    assert faults(Person("archivist", "none"), rows, access="public") == []


def test_what_hides_a_collection_from_one_hides_it_from_no_other(rows):
    with transaction.atomic():
        kept_in = Collection.objects.get(pk=rows["collection"])
        factories.give_role(factories.make_user("reviewer"), "none", kept_in)
        action = next(each for each in ACTIONS if each.lists == "reel")
        assert fits(action, ask(action, rows, rows["keys"]["reviewer"]), "there", rows)
        assert CollectionRole.objects.filter(role="none").count() == 1
