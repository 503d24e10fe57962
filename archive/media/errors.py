"""What can go wrong with a media file, in words that say what to do next.

MediaError
├── NotAVideo            no demuxer or decoder of ours reads it
├── NoFrames             it opens, but not one picture comes out
├── BrokenSequence       a folder of frames has gaps, doubles or mixed pictures
├── UnsupportedPixels    its code values cannot be carried without changing them
├── LimitExceeded        reading it took more time, memory or space than allowed
├── FrameUnreadable      this frame of a known file no longer decodes as recorded
└── WriteFailed          a file could not be written to its end
"""

from __future__ import annotations


class MediaError(Exception):
    """A media file could not be read or written as asked; the message says why."""


class NotAVideo(MediaError):
    """No picture track that we can decode."""


class NoFrames(MediaError):
    """The file opens, but no picture can be decoded from it."""


class BrokenSequence(MediaError):
    """Numbered frames with a gap, a double number, or pictures that do not go together."""


class UnsupportedPixels(MediaError):
    """Code values that no format in `PIXEL_FORMATS` holds losslessly."""


class LimitExceeded(MediaError):
    """Reading the file was stopped at a limit on time, memory or output."""


class FrameUnreadable(MediaError):
    """A frame that the frame table names cannot be decoded, or decodes to other code values."""


class WriteFailed(MediaError):
    """Writing stopped (a full disk, usually); what was written is not a whole file."""
