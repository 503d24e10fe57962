"""An S3 server on loopback, moto's, and a bucket in it that the settings name."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from archive.bucket import Bucket


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Its address."""
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def in_bucket(s3_server: str, settings: Any, tmp_path: Path) -> Bucket:
    """A fresh bucket that is the store."""
    from archive.bucket import bucket
    from config.bucket_storage import bucket_storage

    settings.MEDIA_HOME = tmp_path / "media"
    name = f"films-{uuid4().hex[:8]}"
    settings.STORAGES = settings.STORAGES | bucket_storage(
        f"s3://{name}/archive", endpoint=s3_server, region="", key_id="us", secret="secret"
    )
    made = bucket()
    made.client.create_bucket(Bucket=name)
    return made


def names(held: Bucket) -> list[str]:
    """Every object of the bucket."""
    found = held.client.list_objects_v2(Bucket=held.store.bucket_name)
    return [each["Key"] for each in found.get("Contents", [])]


def damage(held: Bucket, name: str) -> None:
    """Turn a bit of an object, as a disk does: the server's own checksum is none the wiser."""
    place = {"Bucket": held.store.bucket_name, "Key": name}
    data = bytearray(held.client.get_object(**place)["Body"].read())
    data[len(data) // 2] ^= 1
    held.client.put_object(**place, Body=bytes(data))
