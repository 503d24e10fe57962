"""A reel as a bag (BagIt 1.0): all that is known of it, with its film or without, out and in again.

data/description.json   the description and what was measured of the scan, as we keep them
data/*.xml              PBCore, Dublin Core, PREMIS, METS: the same for other systems
data/events.json        the reel's chain of events, checked by `verify_events --file`
data/decisions.json     scenes, takes by their digests, and who decided what on them
data/lines.json         what is said, as it stands
data/transcripts.json   the same as it came, and what people corrected, for taking it in again
data/notes.json         notes on its frames, with drawings and threads
data/examinations.json  what examinations found
data/photographs/       photographs of faults, by digest
data/scan/              the film, if it was asked for
data/takes/             each take's pictures, map and manifest by its digest, if they were asked for
data/timeline.otio      the takes that would leave for a use, if it was asked for
data/tables/            its frames' table and digests
"""

from __future__ import annotations

FORMAT = "reelproof/reel/1"
DESCRIPTION, EVENTS, DECISIONS = "description.json", "events.json", "decisions.json"
LINES, SCAN, TABLES = "lines.json", "scan", "tables"
TAKES, TIMELINE = "takes", "timeline.otio"
TRANSCRIPTS, NOTES = "transcripts.json", "notes.json"
EXAMINATIONS, PHOTOGRAPHS = "examinations.json", "photographs"

SCAN_FIELDS = (
    *("kind", "sha256", "bytes", "frames", "rate_numerator", "rate_denominator", "variable_rate"),
    *("start_timecode", "width", "height", "pixel_format", "bit_depth", "field_order", "colour"),
    *("audio", "mediainfo", "warnings", "framemd5"),
)
"""What was measured of a scan; what archivists say of it stands in the description."""
SCENE_FIELDS = (
    *("start_frame", "end_frame", "kind", "transition", "confidence", "gradual", "marks"),
    *("by_hand", "settings", "retired_because"),
)
TAKE_FIELDS = (
    *("start_frame", "end_frame", "stage", "number", "version", "key", "manifest", "digest"),
    "totals",
)
