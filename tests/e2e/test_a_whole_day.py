"""The demo reel from a person's disk to delivered files, every step and decision in the browser."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Locator, Page, expect

from archive import arrivals, custody
from archive.media.decode import open_source
from archive.models import Reel, Upload
from fixtures.demo.comparison import compare_with_truth
from fixtures.newsreel import Newsreel, make_newsreel, shots
from fixtures.newsreel.scoring import score_cuts
from fixtures.newsreel.shots import Shot
from restoration import nursery, runs, viewing
from restoration.models import Scene, StageRun
from restoration.scenes import COLOUR, head_take
from review.delivery.attempts import execute_delivery
from review.guests import copies
from review.live import hub
from review.models import Deliverable, Delivery, SharedTake
from review.verifying import verify
from tests.e2e.choosing import rules_told
from tests.e2e.player import open_player
from tests.e2e.test_repair_decisions import point
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser

TITLE = "The World in Pictures"
SHORT = (
    Shot("motorcycle", 12, shots.motorcycle),
    Shot("rocket", 12, shots.rocket),
)
"""Two shots of the demo reel, cut down, for every day; the whole reel is marked slow."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SHORT, id="short"),
        pytest.param(shots.SHOTS, id="whole", marks=pytest.mark.slow),
    ],
)
def newsreel(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Newsreel:
    return make_newsreel(tmp_path_factory.mktemp("newsreel"), cast=request.param)


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hub, "EVERY_SECONDS", 0.1)
    settings.MEDIA_HOME = tmp_path / "media"
    settings.UPLOAD_HOME = tmp_path / "uploads"
    settings.MASTER_HOME = tmp_path / "masters"
    settings.DELIVERY_HOME = tmp_path / "deliverables"
    yield
    nursery.discard_idle()


def work_until_done() -> None:
    """Do what the workers would, in this process: everything that waits, in the order of asking."""
    while upload := Upload.objects.filter(status=Upload.Status.WAITING).first():
        arrivals.take_in(str(upload.pk))
    while run := StageRun.objects.filter(status=StageRun.Status.QUEUED).order_by("pk").first():
        runs.execute_run(run.pk)
        run.refresh_from_db()
        assert run.status == "done", run.error
        if run.take is not None and not run.following:
            viewing.make_view(run.take)
    while delivery := Delivery.objects.filter(status=Delivery.Status.QUEUED).first():
        execute_delivery(delivery.pk)


def come_in(page: Page, user: User) -> None:
    """Log in by the form, as a person does, in a browser that nobody is logged in with."""
    user.set_password(PASSWORD)
    user.save()
    # First away from the page: what it still asks for would be answered with a cookie of its own,
    # after which the log-in page is too old.
    page.goto("about:blank")
    page.context.clear_cookies()
    page.goto("/")
    page.get_by_label("Name").fill(user.get_username())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()


def decide(page: Page, scene: Scene, *, change: str = "") -> None:
    """Look at a scene with its map and decide by keyboard."""
    open_player(page, f"/scenes/{scene.pk}/")
    expect(page.locator("#frame")).to_have_text(str(scene.start_frame))
    page.keyboard.press("w")
    page.keyboard.press("p")
    if change:
        point_out(page)
        page.keyboard.press("r")
        page.keyboard.type(change)
        page.get_by_role("button", name="Request changes").click()
        expect(page.get_by_text("asked for changes")).to_be_visible()
    else:
        page.keyboard.press("a")
        page.keyboard.press("Enter")
        expect(page.locator(".decide .standing")).to_contain_text("Checked by")


def point_out(page: Page) -> None:
    """A note with a box around what is meant, and a hint of a colour."""
    page.keyboard.press("n")
    page.keyboard.type("it breathes in here")
    page.get_by_role("button", name="Box", exact=True).click()
    for key in ("Enter", "Enter", "Shift+ArrowRight", "Shift+ArrowDown", "Enter", "Escape"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("#notes-said")).to_contain_text("Note kept.")
    page.locator("#brush-colour").fill("#c0402a")
    page.keyboard.press("h")
    page.mouse.click(*point(page, 96, 80))  # about the middle
    expect(page.locator("#colour")).to_contain_text("1 patch of #c0402a")
    page.keyboard.press("Escape")


def test_a_film_goes_from_a_persons_disk_to_delivered_files(
    page: Page,
    browser: Browser,
    newsreel: Newsreel,
    tmp_path: Path,
    archivist: User,
    restorer: User,
    reviewer: User,
    researcher: User,
) -> None:
    reel = take_in(page, archivist, newsreel)
    scenes = restore(page, restorer, reel, newsreel)
    sent_back = review(page, reviewer, scenes)
    restore_again(page, restorer, sent_back)
    approve_the_new_take(page, reviewer, sent_back)
    colour(page, sent_back)
    show_a_guest(page, browser, archivist, sent_back)
    folder = deliver(page, archivist, reel, tmp_path / "fetched")
    deliver_in_colour(page, reel, sent_back)
    find(page, restorer, researcher, reel)

    for path in sorted(folder.iterdir()):
        assert verify(path).problems == [], path.name
    check_against_the_truth(newsreel, reel, folder)
    assert reel.events.filter(kind="approval").count() == len(scenes) + 1
    assert reel.events.filter(kind="changes requested").count() == 1
    assert reel.events.filter(kind__startswith="share link").count() == 3, "made, opened, revoked"
    assert custody.verify_chain(f"reel:{reel.pk}") == []


def take_in(page: Page, archivist: User, newsreel: Newsreel) -> Reel:
    come_in(page, archivist)
    page.get_by_role("link", name="Add film").click()
    page.get_by_label("Film").set_input_files(newsreel.path)
    expect(page.get_by_label("Title")).to_have_value(TITLE)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#upload-words")).to_contain_text("has arrived")
    work_until_done()
    page.get_by_role("link", name=f"{TITLE}, reel 1").click()
    expect(page.get_by_text("No scenes yet")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("ingestion")
    return Reel.objects.get()


def cuts_of(scenes: Iterable[Scene]) -> list[int]:
    return [scene.start_frame for scene in scenes if scene.start_frame]


def restore(page: Page, restorer: User, reel: Reel, newsreel: Newsreel) -> list[Scene]:
    page.goto("/")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    come_in(page, restorer)
    page.goto(f"/reels/{reel.pk}/")
    for stage in ("deflicker", "repair"):
        expect(page.get_by_role("checkbox", name=stage)).to_be_checked()
    for stage in ("colourise", "upscale"):
        expect(page.get_by_role("checkbox", name=stage)).not_to_be_checked()
    page.get_by_role("button", name="Start on every scene").click()
    expect(page.get_by_text("Started: 1 run")).to_be_visible()
    work_until_done()
    page.reload()
    scenes = list(Scene.objects.of_reel(reel))
    assert score_cuts(newsreel.truth, cuts_of(scenes)).missed == ()
    expect(page.locator(".card")).to_have_count(len(scenes))
    expect(page.locator(".card").first.get_by_text("to review")).to_be_visible()
    expect(page.locator("#deliver").get_by_text("may not leave yet")).to_be_visible()
    return scenes


def review(page: Page, reviewer: User, scenes: list[Scene]) -> Scene:
    """Approve every scene but the second, which goes back."""
    come_in(page, reviewer)
    expect(page.get_by_text("decide on the take").first).to_be_visible()
    for scene in scenes:
        decide(page, scene, change="keep more of the flicker here" if scene == scenes[1] else "")
    page.goto(f"/reels/{scenes[0].scan.reel_id}/")
    reasons = page.locator("#deliver .reasons")
    expect(reasons).to_contain_text("changes were requested by vera: keep more of the flicker here")
    expect(reasons.locator("li")).to_have_count(1)
    return scenes[1]


def restore_again(page: Page, restorer: User, scene: Scene) -> None:
    come_in(page, restorer)
    expect(page.get_by_role("heading", name="Sent back")).to_be_visible()
    page.goto(f"/scenes/{scene.pk}/")
    expect(page.get_by_text("“keep more of the flicker here”")).to_be_visible()
    expect(page.locator("#notes .notes > li")).to_contain_text("it breathes in here")
    before = head_take(scene)
    page.locator(".side .stage", has_text="deflicker").locator("summary").click()
    page.locator('[name="deflicker.strength"]').fill("0.6")
    page.get_by_role("button", name="Start", exact=True).click()
    work_until_done()
    after = head_take(scene)
    assert before and after and (after.stage, after.number) == ("repair", before.number + 1)
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator("#notes-said")).to_contain_text("Resolved.")


def approve_the_new_take(page: Page, reviewer: User, scene: Scene) -> None:
    come_in(page, reviewer)
    decide(page, scene)
    page.goto("/")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()


def colour(page: Page, scene: Scene) -> None:
    """The reviewer sees what came of the hint, and approves the colour version."""
    open_player(page, f"/scenes/{scene.pk}/")
    page.wait_for_selector("body[data-hints]")
    section = page.locator("#colour")
    expect(section).to_contain_text("1 colour hint added since (by vera)")
    page.get_by_role("button", name="Colour this scene").click()
    expect(section).to_contain_text(f"waiting: 0 of {scene.frames} frames")
    work_until_done()
    page.get_by_role("link", name="colourise take 1 now stands at the end. Show it.").click()
    expect(page.locator(".decide h2")).to_contain_text("Decision on the colour version")
    page.wait_for_selector("body[data-frame]")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator(".decide .standing")).to_contain_text("Checked by")
    made = head_take(scene, COLOUR)
    assert made is not None and made.stage == "colourise"
    assert made.totals["colour"]["HUMAN"] > 0 < made.totals["colour"]["SYNTHESISED"]


def show_a_guest(page: Page, browser: Browser, archivist: User, scene: Scene) -> None:
    """A guest comes in by a link and writes; the archivist's open room tells it as it happens."""
    come_in(page, archivist)
    page.goto(f"/reels/{scene.scan.reel_id}/links/?scene={scene.pk}")
    page.get_by_label("For", exact=True).fill("Ada Byron")
    page.get_by_role("button", name="Make the link").click()
    address = page.locator("#made-address").input_value()
    for shown in SharedTake.objects.all():
        copies.make_by_message(shown.pk)
    page.goto(f"/scenes/{scene.pk}/")
    page.wait_for_selector("body[data-live=stream]")
    context = browser.new_context()
    guest = context.new_page()
    guest.goto(address)
    guest.get_by_role("button", name="Look at it").click()
    guest.wait_for_selector("body[data-frame]")
    guest.keyboard.press("n")
    guest.keyboard.type("the wheel is blue")
    guest.get_by_role("button", name="Send the note").click()
    expect(guest.locator("#notes-said")).to_contain_text("Note kept")
    context.close()
    expect(page.locator("#notes")).to_contain_text("the wheel is blue")
    page.goto(f"/reels/{scene.scan.reel_id}/links/")
    page.get_by_role("button", name="Revoke the link for Ada Byron").click()
    expect(page.locator("tr.closed")).to_contain_text(f"revoked by {archivist}")


def deliver(page: Page, archivist: User, reel: Reel, to: Path) -> Path:
    """Everything, fetched into a folder as a person would; each file is what the page says."""
    come_in(page, archivist)
    page.goto(f"/reels/{reel.pk}/")
    expect(page.get_by_text("may leave", exact=True)).to_be_visible()
    with rules_told(page):
        page.get_by_label("Format").select_option("all")
    page.get_by_role("button", name="Deliver", exact=True).click()
    expect(page.locator("#deliveries").get_by_text("waiting", exact=True)).to_be_visible()
    work_until_done()
    links = page.locator("#deliveries a[download]")
    count = len(Deliverable.objects.get().files)
    expect(links).to_have_count(count)
    to.mkdir()
    for place in range(count):
        file = fetch(page, links.nth(place), to, clicks=place == 0)
        said = page.locator("#deliveries td .digest").nth(place).get_attribute("title")
        assert hashlib.sha256(file.read_bytes()).hexdigest() == said, file.name
    return to


def fetch(page: Page, link: Locator, to: Path, *, clicks: bool) -> Path:
    """The file behind a link; a click for each of twenty would cost more than all of it."""
    if clicks:
        with page.expect_download() as fetched:
            link.click()
        file = to / fetched.value.suggested_filename
        shutil.copyfile(fetched.value.path(), file)
        return file
    answer = page.request.get(link.get_attribute("href") or "")
    assert answer.ok and "attachment" in answer.headers["content-disposition"]
    file = to / link.inner_text()
    file.write_bytes(answer.body())
    return file


def deliver_in_colour(page: Page, reel: Reel, coloured: Scene) -> None:
    """The same reel again in its colour version; the scenes without colour leave as restored."""
    page.goto(f"/reels/{reel.pk}/")
    expect(page.get_by_label("without colour leave")).to_be_hidden()
    with rules_told(page):
        page.get_by_label("Version").select_option("colour")
    with rules_told(page):
        page.get_by_label("Format").select_option("ffv1")
    with rules_told(page):
        page.get_by_label("without colour leave").check()
    page.get_by_role("button", name="Deliver", exact=True).click()
    expect(page.locator("#deliveries")).to_contain_text("in colour, for exhibition")
    work_until_done()
    expect(page.locator("#deliveries td", has_text="in colour")).to_be_visible()
    made = Deliverable.objects.get(version=COLOUR)
    folder = Path(made.files[0]["path"]).parent
    assert verify(folder / "master.mkv").problems == []
    take = head_take(coloured, COLOUR)
    assert take is not None
    scene = made.record["scenes"][list(Scene.objects.of_reel(reel)).index(coloured)]
    assert scene["approval"]["digest"] == take.digest and scene["totals"] == take.totals


SAID = b"""1
00:00:00,000 --> 00:00:00,500
The rider waits.

2
00:00:00,600 --> 00:00:01,000
Then the rocket climbs.
"""


def find(page: Page, restorer: User, researcher: User, reel: Reel) -> None:
    """The restorer takes subtitles in; a researcher finds a word of them and opens its line."""
    come_in(page, restorer)
    page.goto(f"/reels/{reel.pk}/transcript/")
    page.locator("#import-file").set_input_files(
        {"name": "said.srt", "mimeType": "application/x-subrip", "buffer": SAID}
    )
    page.get_by_label("Where it is from").fill("the archive's own list")
    page.get_by_role("button", name="Take it in").click()
    expect(page.locator("#m1 .text")).to_have_text("Then the rocket climbs.")
    Reel.objects.filter(pk=reel.pk).update(access=Reel.Access.RESEARCH)
    come_in(page, researcher)
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_role("searchbox").fill('"rocket climbs"')
    page.keyboard.press("Enter")
    page.locator(".concordance .found a").click()
    expect(page.locator("#m1")).to_be_focused()
    expect(page.locator("#spoken .hit")).to_have_text(["rocket", "climbs."])


def check_against_the_truth(newsreel: Newsreel, reel: Reel, folder: Path) -> None:
    """The hard gate holds on what was fetched, and damage was mended."""
    with open_source(newsreel.path) as source:
        found = compare_with_truth(
            newsreel,
            scan=source,
            master=folder / "master.mkv",
            provenance=folder / "map.mkv",
            cuts=cuts_of(Scene.objects.of_reel(reel)),
            progress=lambda done, total: None,
        )
    assert found.violations == []
    for scene in found.scenes:
        assert scene.score is not None
        told = scene.score.as_json()
        before, after = told["psnr_inside"]
        assert after > before + 3, f"{scene.name}: {told}"
        assert told["flicker_percent"][1] < told["flicker_percent"][0], f"{scene.name}: {told}"
