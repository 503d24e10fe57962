"""Files served in pieces: a player seeks in a film by asking for byte ranges (RFC 9110, 14).

Whether somebody may have the file is for the view to decide before it calls this. A file that lies
in a bucket is read from there, piece by piece and each held against its digest, so that a web
server needs no copy; or, where `STORAGE_PRESIGNED` says so, the answer is an address of the bucket
that opens for a short while.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe

from archive import stored
from archive.bucket import bucket
from archive.models import StoredFile

PIECE_BYTES = 256 * 1024


class Unsatisfiable(ValueError):
    """A well-formed range that lies outside the file."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Give the half-open byte range asked for, or None where the header is to be ignored.

    Several ranges at once are ignored, as the standard allows: players do not ask for them.
    """
    found = re.fullmatch(r"bytes=\s*(\d*)\s*-\s*(\d*)\s*", header, re.ASCII)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if len(first) > 18 or len(last) > 18:  # beyond any file, and slow to convert if very long
        raise Unsatisfiable(header)
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(int(last) + 1 if last else size, size)
        if last and int(last) < int(first):
            return None
    if start >= size or start >= stop:
        raise Unsatisfiable(header)
    return start, stop


class FilePiece:
    """The bytes [start, stop) of an open file; closes it when the response is over."""

    def __init__(self, file: BinaryIO, start: int, stop: int) -> None:
        self.file = file
        self.left = stop - start
        file.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        while self.left > 0:
            piece = self.file.read(min(PIECE_BYTES, self.left))
            if not piece:
                return
            self.left -= len(piece)
            yield piece

    def close(self) -> None:
        self.file.close()


def range_holds(request: HttpRequest, etag: str, modified: int) -> bool:
    """Whether the file is still the one of which the client has a part (If-Range)."""
    wanted = request.headers.get("If-Range")
    if wanted is None:
        return True
    if wanted.startswith(('"', "W/")):
        return wanted == etag
    return parse_http_date_safe(wanted) == modified


def ranged_file_response(
    request: HttpRequest,
    path: Path,
    content_type: str,
    *,
    immutable: bool = False,
    download_as: str | None = None,
    key: str | None = None,
    pass_on: bool = False,
) -> HttpResponseBase:
    """Answer GET and HEAD for a file: 200, 206 for one range, 304 if unchanged, 416 if outside.

    Args:
        immutable: the address will always mean these bytes, so that a browser may keep them.
        download_as: a name under which the browser should save the file instead of showing it.
        key: of the bucket's file, where it is not that of the path.
        pass_on: whoever gets this answer may hand its address on while it opens.

    Raises:
        Http404: the file is not there.
        StoreError: the bucket has lost it or does not answer.
    """
    kept_as = None
    if download_as is not None:
        header = content_disposition_header(as_attachment=True, filename=download_as)
        kept_as = header or "attachment"
    row = stored.find(key or stored.key_of(path) or "")
    if row is not None and pass_on and settings.STORAGE_PRESIGNED:
        return _elsewhere(row, content_type, kept_as or "")
    file, size, etag, modified = _opened(path, row)
    response = piece_response(request, file, size, etag, modified, content_type)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = etag
    response.headers["Last-Modified"] = http_date(modified)
    kept = "max-age=31536000, immutable" if immutable else "no-cache"
    response.headers["Cache-Control"] = f"private, {kept}"
    if kept_as is not None:
        response.headers["Content-Disposition"] = kept_as
    return response


def _opened(path: Path, row: StoredFile | None) -> tuple[BinaryIO, int, str, int]:
    """The file, its size, its mark and when it was changed: here, or else in the bucket.

    Raises: Http404.
    """
    try:
        file = path.open("rb")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        if row is None:
            raise Http404(f"{path.name} is not stored any more") from error
        modified = int(row.created.timestamp())
        return cast(BinaryIO, stored.reader(row)), row.bytes, f'"{row.sha256}"', modified
    found = os.fstat(file.fileno())
    if row is not None:  # The same mark, wherever the next piece is asked for.
        return file, found.st_size, f'"{row.sha256}"', int(row.created.timestamp())
    return file, found.st_size, f'"{found.st_size:x}-{found.st_mtime_ns:x}"', int(found.st_mtime)


def _elsewhere(row: StoredFile, content_type: str, disposition: str) -> HttpResponseBase:
    """A redirect to the bucket, kept by nobody: at each request rights are asked anew."""
    seconds = settings.STORAGE_ADDRESS_SECONDS
    address = bucket().address(
        row.name, seconds=seconds, shown_as=content_type, disposition=disposition
    )
    response = HttpResponseRedirect(address)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def piece_response(
    request: HttpRequest, file: BinaryIO, size: int, etag: str, modified: int, content_type: str
) -> HttpResponseBase:
    unchanged = get_conditional_response(request, etag=etag, last_modified=modified)
    if unchanged is not None:
        file.close()
        return unchanged
    if request.method == "HEAD":  # a range is defined for GET alone
        file.close()
        return HttpResponse(content_type=content_type, headers={"Content-Length": str(size)})
    asked = None
    try:
        if (header := request.headers.get("Range")) and range_holds(request, etag, modified):
            asked = parse_range(header, size)
    except Unsatisfiable:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, stop = asked or (0, size)
    response = StreamingHttpResponse(
        FilePiece(file, start, stop),
        status=200 if asked is None else 206,
        content_type=content_type,
        headers={"Content-Length": str(stop - start)},
    )
    if asked is not None:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response
