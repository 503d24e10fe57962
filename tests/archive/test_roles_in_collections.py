"""A role given in a collection holds there instead of a person's groups."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db.models import Q
from django.test import Client
from django.urls import reverse

from archive import access, granting, roles, sight, upload
from archive.errors import RoleRefused, UploadError
from archive.models import Collection, CollectionRole, Event, Reel
from archive.roles import Roles
from config import second_step
from tests.factories import give_role, make_element, make_reel, make_title, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Collection:
    return Collection.objects.create(name="Of a family")


def reel_in(collection: Collection | None, **fields: object) -> Reel:
    title = make_title()
    title.collection = collection
    title.save()
    return make_reel(element=make_element(title=title), **fields)


def test_it_is_instead_of_the_groups_and_only_there() -> None:
    found = Roles(frozenset({"researcher", "operator"}), {1: "archivist", 2: "none"})
    assert found.within(1) == {"archivist", "operator"}
    assert found.within(2) == {"operator"}
    assert found.within(3) == found.within(None) == {"researcher", "operator"}
    assert found.anywhere() == {"researcher", "operator", "archivist"}


def test_a_right_is_asked_of_a_film_and_without_one_of_any(here: Collection) -> None:
    vera = give_role(make_user(), "reviewer", here)
    assert vera.has_perm("review.decide", reel_in(here))
    assert vera.has_perm("review.decide", here)
    assert not vera.has_perm("review.decide", reel_in(None))
    assert vera.has_perm("review.decide")
    assert not vera.has_perm("review.deliver", reel_in(here))
    assert not vera.has_perm("restoration.see_machine"), "the machine is no collection's"


def test_who_has_none_sees_nothing_of_it_open_to_all_or_not(here: Collection, settings) -> None:
    settings.PUBLIC_CATALOGUE = True
    shut_out = give_role(make_user("archivist"), "none", here)
    for open_to in Reel.Access.values:
        assert not shut_out.has_perm("archive.view_reel", reel_in(here, access=open_to))
    assert shut_out.has_perm("archive.view_reel", reel_in(None))


def test_an_embargo_opens_to_an_archivist_of_the_collection_alone(here: Collection) -> None:
    reel = reel_in(here)
    reel.title.rights.create(statement="http://x.org/", embargo="2999-01-01")
    assert give_role(make_user("researcher"), "archivist", here).has_perm("archive.view_reel", reel)
    lesser = give_role(make_user("archivist"), "reviewer", here)
    assert not lesser.has_perm("archive.view_reel", reel)
    assert lesser.has_perm("archive.view_reel", reel_in(here))


def test_a_role_lets_in_where_a_collection_is_closed(here: Collection) -> None:
    here.members.create(user=make_user("restorer"))
    reel = reel_in(here)
    assert not make_user("reviewer").has_perm("archive.view_reel", reel)
    vera = give_role(make_user(), "reviewer", here)
    assert vera.has_perm("archive.view_reel", reel)
    assert list(access.visible_reels(vera, Reel.objects.all())) == [reel]


def test_an_administrator_has_every_right_whatever_was_given(here: Collection) -> None:
    root = make_user(is_superuser=True)
    CollectionRole.objects.create(user=root, collection=here, role="none")
    assert root.has_perm("review.deliver", reel_in(here))
    assert access.visible_reels(root, Reel.objects.all()).count() == 1


def test_who_was_locked_out_has_no_role_anywhere(here: Collection) -> None:
    gone = give_role(make_user(is_active=False), "archivist", here)
    assert not gone.has_perm("archive.view_reel", reel_in(here))
    assert not access.visible_reels(gone, Reel.objects.all()).exists()


def test_whoever_has_no_such_role_is_asked_what_was_always_asked(here: Collection) -> None:
    give_role(make_user(), "reviewer", here)  # somebody else's makes no difference
    reels, lines = Reel.objects.all(), Reel.objects.filter(access__in=("research", "public"))
    held = access.trash.without_trashed(reels)
    plain = held.exclude(access.embargo.under_embargo())
    for role, wanted in (
        ("archivist", held),
        ("reviewer", plain),
        ("researcher", access.trash.without_trashed(lines).exclude(access.embargo.under_embargo())),
    ):
        asked = access.visible_reels(make_user(role), reels, "review.decide")
        assert str(asked.query) == str(wanted.query)
    assert (
        sight.collections(make_user("reviewer")).query.where == Collection.objects.all().query.where
    )


def test_roles_are_one_question_for_each_who_asks(
    here: Collection, django_assert_num_queries
) -> None:
    for user in (make_user("reviewer"), give_role(make_user("reviewer"), "none", here)):
        reel = Reel.objects.select_related("element__title").get(pk=reel_in(here).pk)
        person = User.objects.get(pk=user.pk)
        with django_assert_num_queries(1):
            for right in roles.ROLES_OF:
                person.has_perm(right, reel)


def test_people_are_found_by_their_role_over_a_film(here: Collection) -> None:
    vera, anna = make_user("reviewer"), give_role(make_user("researcher"), "reviewer", here)
    give_role(make_user("reviewer"), "none", here)
    assert set(roles.people(["reviewer"], reel_in(here))) == {vera, anna}
    assert anna not in roles.people(["reviewer"], reel_in(None))


def test_who_gave_what_to_whom_stands_in_custody(here: Collection, archivist: User) -> None:
    vera = make_user("reviewer")
    granting.give(here, vera, "none", by=archivist)
    granting.give(here, vera, "none", by=archivist)
    granting.give(here, vera, "archivist", by=archivist)
    granting.take_back(here, vera, by=archivist)
    told = [(each.kind, each.detail["role"], each.detail.get("before")) for each in
            granting.events_of(here)]  # fmt: skip
    assert told == [
        ("role taken back", "archivist", None),
        ("role given", "archivist", "none"),
        ("role given", "none", ""),
    ]
    event = Event.objects.get(kind="role taken back")
    assert (event.agent.user, event.detail["person"]) == (archivist, vera.username)


def test_some_give_no_roles_and_some_are_given_none(here: Collection, archivist: User) -> None:
    vera, of_here = make_user("reviewer"), give_role(make_user(), "archivist", here)
    other = Collection.objects.create(name="Another")
    root = make_user(is_superuser=True)
    refused = [
        (here, vera, "archivist", vera),
        (here, of_here, "none", of_here),
        (other, vera, "reviewer", of_here),
        (here, archivist, "none", of_here),
        (here, root, "none", archivist),
        (here, vera, "operator", archivist),
    ]
    for collection, person, role, by in refused:
        with pytest.raises(RoleRefused, match="othing was changed"):
            granting.give(collection, person, role, by=by)
    with pytest.raises(RoleRefused):
        granting.take_back(here, vera, by=archivist)
    assert not Event.objects.filter(kind="role given").exists()
    granting.give(here, vera, "archivist", by=of_here)
    granting.give(here, archivist, "none", by=root)


def test_the_page_gives_and_takes_back_and_tells_what_was(
    here: Collection, archivist: User, client: Client
) -> None:
    vera = make_user("reviewer", name="vera")
    page = reverse("collection-roles", args=[here.pk])
    client.force_login(archivist)
    said = client.post(page, {"person": "VERA", "role": "archivist"}, follow=True).content.decode()
    assert "vera is archivist now" in said and "vera is archivist in Of a family" in said
    assert vera.collection_roles.get().given_by == archivist
    assert "1" in client.get(reverse("collections")).content.decode()
    assert (
        "Nobody here logs in as nobody"
        in client.post(page, {"person": "nobody", "role": "none"}, follow=True).content.decode()
    )
    client.post(page, {"person": "vera", "role": ""})
    assert not vera.collection_roles.exists()


def test_collections_are_listed_to_those_who_give_roles_in_them(
    here: Collection, client: Client
) -> None:
    Collection.objects.create(name="Another")
    client.force_login(give_role(make_user(), "archivist", here))
    page = client.get(reverse("collections")).content.decode()
    assert "Of a family" in page and "Another" not in page
    other = Collection.objects.get(name="Another")
    assert client.get(reverse("collection-roles", args=[other.pk])).status_code == 403


def test_own_roles_are_told_but_not_what_is_hidden(here: Collection, client: Client) -> None:
    other = Collection.objects.create(name="Another")
    user = give_role(give_role(make_user("researcher"), "restorer", here), "none", other)
    client.force_login(user)
    page = client.get(reverse("account")).content.decode()
    assert "Of a family: restorer" in page and "Another" not in page
    assert "researcher, another role in 1 collection" in page


def test_films_are_described_into_own_collections_alone(here: Collection, client: Client) -> None:
    other = Collection.objects.create(name="Another")
    client.force_login(give_role(make_user(), "archivist", here))
    page = client.get(reverse("describe", args=[reel_in(here).pk])).content.decode()
    assert "Of a family" in page and f'<option value="{other.pk}"' not in page


def test_films_are_uploaded_into_own_collections_alone(
    here: Collection, settings, tmp_path
) -> None:
    settings.UPLOAD_HOME = tmp_path
    owner = give_role(make_user(), "archivist", here)
    for collection in ("", "Another"):
        with pytest.raises(UploadError) as refused:
            upload.create(owner=owner, name="a.mov", length=1, title="A", collection=collection)
        assert refused.value.status == 403
    upload.create(owner=owner, name="a.mov", length=1, title="A", collection=here.name)


def test_a_second_step_is_wanted_of_a_role_in_one_collection_too(
    here: Collection, settings
) -> None:
    settings.SECOND_STEP_FOR = ["archivist"]
    assert second_step.must_have_one(give_role(make_user(), "archivist", here))
    assert not second_step.must_have_one(give_role(make_user(), "reviewer", here))


def test_no_condition_is_left_out_of_a_sight(here: Collection) -> None:
    nobody = give_role(make_user(), "none", here)
    assert sight.of(nobody, "review.decide") == ()
    assert sight.condition(()) == Q(pk__in=())
