from __future__ import annotations

import gc
from pathlib import Path

import pytest
from django.http import Http404
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from archive.ranges import ranged_file_response

pytestmark = pytest.mark.django_db  # a response that is closed lets go of old connections

CONTENT = bytes(range(256)) * 4000  # more than one piece


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film ü.mp4"
    path.write_bytes(CONTENT)
    return path


def ask(path: Path, method: str = "GET", **headers: str) -> HttpResponseBase:
    request = RequestFactory().generic(
        method, "/film", headers={name.replace("_", "-"): text for name, text in headers.items()}
    )
    return ranged_file_response(request, path, "video/mp4")


def body(response: HttpResponseBase) -> bytes:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    response.close()
    return content


def test_it_sends_all_of_the_file_without_a_range(film: Path) -> None:
    response = ask(film)
    assert response.status_code == 200
    assert response["Content-Length"] == str(len(CONTENT))
    assert response["Accept-Ranges"] == "bytes"
    assert response["Content-Type"] == "video/mp4"
    assert body(response) == CONTENT


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=1000000-", 1000000, len(CONTENT)),
        ("bytes=-7", len(CONTENT) - 7, len(CONTENT)),
        ("bytes=-99999999", 0, len(CONTENT)),
        ("bytes=5-99999999", 5, len(CONTENT)),
        ("bytes=0-", 0, len(CONTENT)),
    ],
)
def test_it_sends_exactly_the_range(film: Path, header: str, start: int, stop: int) -> None:
    response = ask(film, Range=header)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{stop - 1}/{len(CONTENT)}"
    assert response["Content-Length"] == str(stop - start)
    assert body(response) == CONTENT[start:stop]


@pytest.mark.parametrize(
    "header", ["bytes=1024000-", "bytes=9999999-", "bytes=-0", f"bytes={9**40}-"]
)
def test_it_refuses_a_range_outside_the_file(film: Path, header: str) -> None:
    response = ask(film, Range=header)
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(CONTENT)}"
    assert body(response) == b""


@pytest.mark.parametrize(
    "header", ["bytes=9-5", "bytes=-", "bytes=0-1,5-6", "frames=0-1", "bytes=a-b", "bytes=٣-٥"]
)
def test_it_ignores_a_range_it_cannot_follow(film: Path, header: str) -> None:
    response = ask(film, Range=header.encode().decode("latin-1"))
    assert response.status_code == 200
    assert len(body(response)) == len(CONTENT)


def test_head_tells_the_size_and_sends_nothing(film: Path) -> None:
    response = ask(film, "HEAD", Range="bytes=0-9")
    assert response.status_code == 200
    assert response["Content-Length"] == str(len(CONTENT))
    assert body(response) == b""


def test_an_unchanged_file_is_not_sent_again(film: Path) -> None:
    first = ask(film, "HEAD")
    assert ask(film, If_None_Match=first["ETag"]).status_code == 304
    assert ask(film, If_Modified_Since=first["Last-Modified"]).status_code == 304


def test_a_part_of_a_changed_file_is_not_mixed_with_the_new_one(film: Path) -> None:
    old = ask(film, "HEAD")
    for valid in (old["ETag"], old["Last-Modified"]):
        response = ask(film, Range="bytes=5-9", If_Range=valid)
        assert (response.status_code, body(response)) == (206, CONTENT[5:10])
    film.write_bytes(CONTENT + b"more")
    response = ask(film, Range="bytes=5-9", If_Range=old["ETag"])
    assert (response.status_code, body(response)) == (200, CONTENT + b"more")


def test_an_empty_file_is_sent_and_has_no_ranges(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    assert body(ask(empty)) == b""
    assert ask(empty, Range="bytes=0-").status_code == 416


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.mp4", tmp_path):
        with pytest.raises(Http404):
            ask(path)


def test_a_player_that_stops_listening_leaves_no_file_open(film: Path) -> None:
    response = ask(film, Range="bytes=0-")
    next(iter(response.streaming_content))
    response.close()
    gc.collect()  # an unclosed file is a ResourceWarning, and warnings are errors
    held = [link.resolve() for link in Path("/proc/self/fd").iterdir() if link.exists()]
    assert film not in held


def test_it_is_private_to_whoever_may_see_the_reel(film: Path) -> None:
    response = ask(film, "HEAD")
    assert "private" in response["Cache-Control"]


def test_a_download_keeps_its_name(film: Path) -> None:
    request = RequestFactory().head("/film")
    response = ranged_file_response(request, film, "video/mp4", download_as="Büchse.mp4")
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''B%C3%BCchse.mp4"
