from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.db import ProgrammingError, connection, connections


@pytest.mark.django_db
def test_the_application_works_as_a_role_that_owns_no_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, count(*) FROM pg_tables WHERE tableowner=current_user")
        assert cursor.fetchone() == ("reelproof", 0)


@pytest.mark.django_db
def test_the_application_cannot_change_tables() -> None:
    with pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE mine (id int)")


@pytest.mark.django_db(databases=["default", "owner"])
def test_the_owner_owns_the_tables() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tableowner FROM pg_tables WHERE tablename='django_session'")
        assert cursor.fetchone() == ("reelproof_owner",)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", [1, 2])
def test_what_a_test_commits_is_gone_for_the_next(time: int) -> None:
    assert not User.objects.exists()
    User.objects.create_user("someone")
    Group.objects.get_or_create(name="archivist")


def test_the_cast_is_in_the_groups_of_their_names(archivist: User, outsider: User) -> None:
    assert [group.name for group in archivist.groups.all()] == ["archivist"]
    assert not outsider.groups.exists()
