"""Who may make a link, what it shows, and what closes it: asked anew at every request."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from archive import custody
from archive.models import Event, Reel
from restoration.models import Scene, Take
from restoration.storage import storage
from review import decisions
from review.errors import DecisionRefused, NotAllowed
from review.guests import links
from review.guests.links import Made, Wish, closed_because
from review.models import ShareLink
from tests import factories
from tests.review.approved_reel import approve_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def scenes() -> list[Scene]:
    """Two scenes of one reel with a take each."""
    made = factories.make_scenes(factories.make_scan())
    for scene in made:
        storage().folder(factories.make_take(scene=scene).storage_key).mkdir(parents=True)
    return made


@pytest.fixture
def reel(scenes: list[Scene]) -> Reel:
    found: Reel = scenes[0].scan.reel
    return found


def make(reel: Reel, by: object, **wish: object) -> Made:
    return links.make(reel, Wish(**{"guest": "Ada Byron"} | wish), by=by)  # type: ignore[arg-type]


def status(made: Made) -> int:
    return Client().get(reverse("guest-door", args=[made.secret])).status_code


@pytest.mark.parametrize("role", ["restorer", "researcher", "operator", ""])
def test_only_archivists_and_reviewers_make_one(reel, role):
    with pytest.raises(NotAllowed):
        make(reel, factories.make_user(role))
    assert make(reel, factories.make_user("reviewer")).link.shown.count() == 2


def test_the_takes_of_that_moment_are_shown_whatever_stands_later(reel, scenes, reviewer):
    made = make(reel, reviewer, scene=scenes[1])
    (shown,) = made.link.shown.all()
    assert (shown.number, shown.scene) == (2, scenes[1])
    factories.make_take(scene=scenes[1], stage="repair", input_take=shown.take)
    assert made.link.shown.get().take == shown.take
    assert status(made) == 200


def test_a_secret_is_kept_as_its_digest_alone(reel, reviewer):
    made = make(reel, reviewer, password="a long password")
    row = ShareLink.objects.values().get()
    assert made.secret not in str(row) and "a long password" not in str(row)
    assert row["digest"] == hashlib.sha256(made.secret.encode()).hexdigest()
    assert len(made.secret) >= 43, "256 bits"
    assert not Event.objects.filter(detail__icontains=made.secret).exists()


def test_a_wrong_secret_finds_nothing(reel, reviewer):
    made = make(reel, reviewer)
    assert links.find(made.secret) == made.link
    assert links.find(made.secret[:-1]) is None
    answer = Client().get("/guest/nothing/")
    assert answer.status_code == 404
    assert "no such link" in answer.content.decode()


def test_revoked_is_closed_at_once_and_once(reel, reviewer, archivist):
    made = make(reel, reviewer)
    links.revoke(made.link, by=archivist)
    answer = Client().get(reverse("guest-door", args=[made.secret]))
    assert answer.status_code == 410
    assert "This link is closed" in answer.content.decode()
    with pytest.raises(DecisionRefused, match="anna revoked it already"):
        links.revoke(made.link, by=reviewer)


def test_what_closes_a_link(reel, scenes, reviewer, settings):
    made = make(reel, reviewer)

    def closed(why: str) -> None:
        link = ShareLink.objects.select_related("reel", "by").get()
        assert why in closed_because(link)
        assert status(made) == (410 if why else 200)

    closed("")
    ShareLink.objects.update(expires=timezone.now() - timedelta(seconds=1))
    closed("expired")
    ShareLink.objects.update(expires=timezone.now() + timedelta(days=1))
    rights = reel.title.rights.create(
        statement="http://rightsstatements.org/vocab/InC/1.0/", embargo=date(2999, 1, 1)
    )
    closed("under embargo")
    rights.delete()
    settings.SHARE_LINKS = False
    closed("switched off")
    settings.SHARE_LINKS = True
    reviewer.groups.clear()
    closed("vera may no longer share")
    reviewer.groups.add(*factories.make_user("reviewer").groups.all())
    closed("")
    reviewer.is_active = False
    reviewer.save()
    closed("vera may no longer share")
    reviewer.is_active = True
    reviewer.save()
    storage().remove(scenes[0].scan.takes.first().storage_key)
    closed("were removed")


def test_an_archivist_shares_no_embargo_either(reel, archivist):
    reel.title.rights.create(
        statement="http://rightsstatements.org/vocab/InC/1.0/", embargo=date(2999, 1, 1)
    )
    with pytest.raises(DecisionRefused, match="under embargo"):
        make(reel, archivist)


def test_a_link_for_a_use_opens_only_while_its_policy_lets_the_reel_leave(
    reel, scenes, reviewer, archivist
):
    with pytest.raises(DecisionRefused, match="exhibition does not allow it"):
        make(reel, reviewer, use="exhibition")
    approve_all(scenes, by=archivist)
    made = make(reel, reviewer, use="exhibition", scene=scenes[0])
    assert status(made) == 200
    approval = decisions.current_approval(scenes[1])
    decisions.withdraw(approval, by=archivist)
    assert status(made) == 410, "the reel as a whole may not leave any more"
    approve_all(scenes, by=archivist)
    assert status(made) == 200
    newer = factories.make_take(scene=scenes[0], stage="repair", input_take=Take.objects.first())
    decisions.approve(scenes[0], newer, by=archivist)
    assert "other takes would leave" in closed_because(made.link)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"guest": "  "}, "say who the guest is"),
        ({"days": 0}, "for 1 to 90 days"),
        ({"days": 91}, "for 1 to 90 days"),
        ({"version": "colour"}, "no colour version"),
        ({"guest": "\U0001f3a5"}, "cannot write"),
    ],
)
def test_a_link_that_makes_no_sense_is_refused(reel, reviewer, wish, words):
    with pytest.raises(DecisionRefused, match=words):
        make(reel, reviewer, **wish)
    assert not ShareLink.objects.exists()


def test_making_opening_and_revoking_stand_in_the_chain(reel, reviewer):
    made = make(reel, reviewer)
    Client().post(reverse("guest-door", args=[made.secret]), {"name": "Ada"})
    links.revoke(made.link, by=reviewer)
    events = Event.objects.filter(subject=f"share-link:{made.link.pk}").order_by("sequence")
    assert [event.kind.split()[-1] for event in events] == ["made", "opened", "revoked"]
    assert events[1].detail["as"] == "Ada"
    assert custody.verify_chain(f"reel:{reel.pk}") == []


def test_the_page_shows_the_address_once_and_lists_without_it(reel, reviewer):
    client = Client()
    client.force_login(reviewer)
    address = reverse("share-links", args=[reel.pk])
    page = client.post(address, {"guest": "Ada Byron", "days": 3, "word": "Is the sky right?"})
    link = ShareLink.objects.get()
    shown = page.content.decode().split('readonly value="')[1].split('"')[0]
    secret = shown.rstrip("/").rsplit("/", 1)[1]
    assert links.find(secret) == link
    assert "no-store" in page.headers["Cache-Control"]
    later = client.get(address).content.decode()
    assert "Ada Byron" in later and secret not in later
    client.post(reverse("revoke-link", args=[link.pk]))
    assert "revoked by vera" in client.get(address).content.decode()


def test_nothing_is_offered_where_links_are_switched_off(reel, reviewer, settings):
    settings.SHARE_LINKS = False
    client = Client()
    client.force_login(reviewer)
    assert client.get(reverse("share-links", args=[reel.pk])).status_code == 403
    assert "Links for guests" not in client.get(reverse("reel", args=[reel.pk])).content.decode()
