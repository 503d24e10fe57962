"""An address of the bucket says until when it opens, under a signature that covers it.

moto's server looks at no signature, so what a real store would refuse is worked out here with
botocore's own signer, as the store does it (AWS Signature Version 4, query parameters).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from archive.bucket import Bucket
from config.bucket_storage import bucket_storage

botocore_auth = pytest.importorskip("botocore.auth")
NOON = datetime(2031, 5, 1, 12, tzinfo=UTC)
ENDPOINT, KEY_ID, SECRET = "https://s3.example.org", "us", "secret"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """What the signer takes for the time; its one entry may be set."""
    now = [NOON]
    monkeypatch.setattr(botocore_auth, "get_current_datetime", lambda: now[0])
    return now


@pytest.fixture
def held() -> Bucket:
    from storages.backends.s3 import S3Storage

    told = bucket_storage(
        "s3://films/archive", endpoint=ENDPOINT, region="", key_id=KEY_ID, secret=SECRET
    )
    return Bucket(S3Storage(**told["bucket"]["OPTIONS"]))


def address(held: Bucket, seconds: int) -> str:
    return held.address("takes/a", seconds=seconds, shown_as="video/webm", disposition="")


def opens(url: str, *, at: datetime, clock: list[datetime]) -> bool:
    """What a store answers at that time: it signs what it was asked, and looks at the clock."""
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    given = dict(parse_qsl(urlsplit(url).query))
    signed = datetime.strptime(given["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    seconds = int(given["X-Amz-Expires"])
    rest = {name: value for name, value in given.items() if not name.startswith("X-Amz-")}
    request = AWSRequest("GET", f"{url.split('?')[0]}?{urlencode(rest)}")
    clock[0] = signed
    signer: Any = botocore_auth.S3SigV4QueryAuth(
        Credentials(KEY_ID, SECRET), "s3", "us-east-1", expires=seconds
    )
    signer.add_auth(request)
    own = dict(parse_qsl(urlsplit(request.url).query))["X-Amz-Signature"]
    return own == given["X-Amz-Signature"] and at <= signed + timedelta(seconds=seconds)


def test_it_opens_for_so_many_seconds_and_no_longer(held: Bucket, clock: list[datetime]) -> None:
    url = address(held, 300)
    assert opens(url, at=NOON + timedelta(seconds=299), clock=clock)
    assert not opens(url, at=NOON + timedelta(seconds=301), clock=clock)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("X-Amz-Expires=300", "X-Amz-Expires=30000"),
        ("X-Amz-Date=20310501T120000Z", "X-Amz-Date=20310501T130000Z"),
        ("/archive/takes/a?", "/archive/takes/b?"),
        ("response-content-type=video%2Fwebm", "response-content-type=text%2Fhtml"),
    ],
)
def test_nobody_can_make_it_last_longer_or_open_something_else(
    held: Bucket, clock: list[datetime], was: str, becomes: str
) -> None:
    url = address(held, 300)
    assert was in url
    assert not opens(url.replace(was, becomes), at=NOON, clock=clock)
