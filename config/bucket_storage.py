"""The entry of Django's STORAGES for a bucket, from what the environment says of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

SECONDS_TO_CONNECT, SECONDS_TO_READ, TRIES = 5, 60, 4


def bucket_storage(
    url: str, *, endpoint: str, region: str, key_id: str, secret: str
) -> dict[str, dict[str, Any]]:
    """Args: url: s3://BUCKET/PREFIX; endpoint: of another server than Amazon's, with its scheme.

    Raises: ImproperlyConfigured for what is no such address, or half of a key.
    """
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or parts.query or "@" in parts.netloc:
        raise ImproperlyConfigured(f"STORAGE_URL wants s3://BUCKET/PREFIX, not {url!r}")
    if endpoint and urlsplit(endpoint).scheme not in ("http", "https"):
        raise ImproperlyConfigured(f"STORAGE_ENDPOINT wants https://HOST, not {endpoint!r}")
    if bool(key_id) != bool(secret):
        raise ImproperlyConfigured("STORAGE_KEY_ID and STORAGE_SECRET go together: set both")
    try:
        from botocore.config import Config
    except ImportError as error:
        raise ImproperlyConfigured(
            "STORAGE_URL needs django-storages and boto3: "
            ".venv/bin/python -m pip install -c constraints.txt 'django-storages[s3]'"
        ) from error
    options = {
        "bucket_name": parts.netloc,
        "location": parts.path.strip("/"),
        "endpoint_url": endpoint or None,
        "region_name": region or "us-east-1",
        "access_key": key_id or None,
        "secret_key": secret or None,
        "default_acl": None,
        "querystring_auth": True,
        "client_config": Config(
            s3={"addressing_style": "path" if endpoint else "auto"},
            signature_version="s3v4",
            connect_timeout=SECONDS_TO_CONNECT,
            read_timeout=SECONDS_TO_READ,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            max_pool_connections=16,
        ),
    }
    return {"bucket": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}}


def origin_of(storages: dict[str, dict[str, Any]]) -> str:
    """Scheme and host of the addresses that the bucket hands out; empty without one."""
    if "bucket" not in storages:
        return ""
    told = storages["bucket"]["OPTIONS"]
    if told["endpoint_url"]:
        parts = urlsplit(told["endpoint_url"])
        return f"{parts.scheme}://{parts.netloc}"
    return f"https://{told['bucket_name']}.s3.amazonaws.com"
