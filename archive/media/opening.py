"""Opening files with FFmpeg's libraries: local files only, no playlists, no device, no network."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from archive.media.errors import MediaError, NotAVideo
from archive.media.threads import asked_for

DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "mxf",
    "mpegts",
    "mpeg",
    "mpegvideo",
    "m4v",
    "h264",
    "hevc",
    "dv",
    "ogg",
    "flv",
    "asf",
    "nut",
    "gxf",
    "lxf",
    "ivf",
    "yuv4mpegpipe",
    "rm",
    "gif",
    "dirac",
    "wav",
    "flac",
    "mp3",
    "aac",
    "aiff",
)
"""What we let FFmpeg read. Left out: everything that opens other files or addresses by itself (hls,
dash, concat, image2, sdp, rtsp), devices, scripts, and the games' formats nobody scans film to."""

_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": ",".join(DEMUXERS)}


def check_file(path: Path) -> None:
    """Raises: NotAVideo if there is no readable, non-empty file at `path`."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise NotAVideo(f"{path} cannot be read: {error.strerror}") from error
    if not path.is_file():
        raise NotAVideo(f"{path} is neither a file nor a folder of frames")
    if size == 0:
        raise NotAVideo(f"{path} is empty (0 bytes); copy it again from its source")


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """The file behind FFmpeg's demuxer.

    Raises: NotAVideo if no allowed demuxer reads it.
    """
    check_file(path)
    try:
        # Absolute, or "reel:1.mp4" would name a protocol.
        container = av.open(
            str(path.absolute()), "r", options=dict(_OPTIONS), metadata_errors="replace"
        )
    except av.FFmpegError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError from error
        raise NotAVideo(
            f"{path.name} is not a video that can be read ({error.strerror}); "
            "if it was copied, compare its size with the source"
        ) from error
    try:
        yield container
    finally:
        container.close()


def picture_stream(container: InputContainer, *, path: Path) -> VideoStream:
    """The first picture track that is not a cover image, ready for threaded decoding.

    Raises: NotAVideo if there is none, or none that we can decode.
    """
    stream = next((one for one in container.streams.video if not is_cover(one)), None)
    if stream is None:
        raise NotAVideo(f"{path.name} has no picture track")
    try:
        name = stream.codec_context.name
    except (AttributeError, av.FFmpegError) as error:
        raise NotAVideo(f"{path.name}: no decoder for its picture track") from error
    if stream.width <= 0 or stream.height <= 0:
        raise NotAVideo(f"{path.name}: its {name} picture track has no size")
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = asked_for()  # 0: as many as there are cores
    return stream


def is_cover(stream: VideoStream) -> bool:
    """Whether the track is a still attached to a sound file."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def require_path(path: Path | str) -> Path:
    """The path as an existing file or folder.

    Raises: MediaError if nothing is there.
    """
    found = Path(path)
    if not found.exists():
        raise MediaError(f"{found} does not exist")
    return found
