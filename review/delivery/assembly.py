"""Writes a deliverable's files from values alone: no database, so that a child process can. PLAIN.

A deliverable is checked, written and read back here; whether it may leave is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from archive.fixity import scan_bytes, scan_digest, sha256_file
from review.claim import NotApproved
from review.credentials import Identity
from review.delivery.pictures import MASTER, MASTER_NAME, READ_BACK, VIEWING, write_pictures
from review.formats import (
    cue_sheet,
    cue_sheet_pdf,
    ffv1,
    frames,
    legend_stills,
    mp4,
    package,
    provenance_map,
    record,
    report_pdf,
    treatments,
)
from review.formats.copies import COPIES
from review.formats.edition import DeliveryError, Edition, EditionScene
from review.formats.frames import SEQUENCES
from review.formats.record import Circumstances
from review.formats.signed import NOBODY, SIGNABLE, Signed, sign_maps, sign_pictures
from review.formats.signed_frames import ENDING, bears_frames, sign_frames
from review.formats.subtitle_files import (
    SPOKEN,
    TRANSLATION,
    write_spoken,
    write_translation,
)
from review.formats.timeline import of_title
from review.formats.timelines import TIMELINES, TITLE, available, write_all, write_timelines

CUES, REPORT = "cues", "report"
FORMATS = (*TIMELINES, CUES, REPORT, *SPOKEN, TRANSLATION, mp4.FORMAT, ffv1.FORMAT)
ALL, PACKAGE = "all", "package"
STILLS = "stills"
OFFERED = (*FORMATS, mp4.SUBTITLED, *COPIES, *SEQUENCES, STILLS, TITLE, ALL, PACKAGE)
"""What can be asked for: ALL is each of FORMATS in one folder, PACKAGE the same as a bag, TITLE
the timelines of the element's reels together. AAF is among them where its optional package is
installed."""
PACKED = (PACKAGE, *SEQUENCES)
"""What leaves as one file: frames are too many for anything else."""

CHECK = "check"
PLATES, SIGNING, PACKING, DIGESTS = "stills", "signing", "packing", "digests"
COSTS = {CHECK: 2, MASTER: 10, READ_BACK: 8, VIEWING: 6, PLATES: 1, SIGNING: 6, PACKING: 2,
         DIGESTS: 1}  # fmt: skip
"""How long the steps take, against each other: measured on the demo reel, for progress only."""

Progress = Callable[[str, int, int], None]
"""Called with (step, done, total): frames, or MiB for CHECK and DIGESTS; may raise to stop."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to write, and into which folder; it exists and is empty."""

    edition: Edition
    format: str
    folder: Path
    circumstances: Circumstances
    identity: Identity | None = None
    """Who signs it; None: nobody."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Assembled:
    """What stands in the folder now, checked and read back."""

    files: tuple[WrittenFile, ...]
    viewing: mp4.ViewingCopy | None
    circumstances: Circumstances
    """Those of the order: whatever is still written of it says the same as the files."""
    signed: Signed = NOBODY
    """What bears credentials, or why nothing does."""
    contents: tuple[WrittenFile, ...] = ()
    """What lies in the package; empty where nothing was packed."""


def steps(format: str) -> list[str]:
    """The steps of a delivery in order."""
    wanted = _wanted(format)
    found = [CHECK]
    found += [MASTER, READ_BACK] if {ffv1.FORMAT, *SEQUENCES} & set(wanted) else []
    found += [VIEWING] if {mp4.FORMAT, mp4.SUBTITLED, *COPIES} & set(wanted) else []
    found += [SIGNING] if frames.TIFFS in wanted else []
    plates = [PLATES] if {REPORT, STILLS} & set(wanted) else []
    if format in (*PACKED, STILLS):
        return [*found, *plates, *([PACKING] if format in PACKED else []), DIGESTS]
    return [*found, DIGESTS, *plates]


def share(format: str, step: str, done: int, total: int) -> float:
    """How much of a whole delivery is done, 0 to 1."""
    order = steps(format)
    before = sum(COSTS[name] for name in order[: order.index(step)])
    part = COSTS[step] * (done / total if total else 1.0)
    return min(1.0, (before + part) / sum(COSTS[name] for name in order))


def assemble(order: Order, told: Progress) -> Assembled:
    """Check what goes in, write what was ordered, and take the digests of what was written.

    A package's files are digested before they are packed too, for the record that lies among them.

    Raises: DeliveryError, MediaError, OSError. The folder may then hold half of it.
    """
    loose = _write_loose(order, told)
    return loose if order.format not in PACKED else _pack(order, loose, told)


def _write_loose(order: Order, told: Progress) -> Assembled:
    reels = order.edition.reels or (order.edition,)
    _check_inputs(reels, told)
    for each in reels:
        if each.counts_again:
            provenance_map.require_counts(each)
    if order.format == TITLE:
        return _write_title(order, told)
    pictures, viewing = write_pictures(
        order.folder, order.edition, _wanted(order.format), told,
        beside_master=order.format in (ALL, PACKAGE), times=2 if order.format in PACKED else 1,
    )  # fmt: skip
    if order.edition.encloses_log:
        pictures.append(treatments.write_log(order.folder / treatments.NAME, order.edition))
    silent = order.format in PACKED  # its digests are told when it is packed
    sizes = _Sizes(DIGESTS, pictures, _nothing if silent else told)
    shows: dict[str, tuple[EditionScene, int]] = {}
    if order.format == STILLS:
        stills = legend_stills.write_stills(
            order.folder, order.edition, progress=lambda done, total: told(PLATES, done, total)
        )
        pictures += stills
        shows = {path.name: each for path, each in stills.items()}
    framed = _sign_frames(order, pictures, told)
    loose = [path for path in pictures if path.suffix not in SIGNABLE]
    digests = {path: sizes.digest(path) for path in loose}
    shown = {viewing.name: viewing.additions} if viewing else {}
    signed, made = sign_pictures(order.folder, order.edition, order.identity, pictures, digests,
                                 when=order.circumstances.made, additions=shown,
                                 stills=shows)  # fmt: skip
    signed = replace(signed, files=(*framed, *signed.files))
    digests |= {path: sizes.digest(path) for path in pictures if path not in digests}
    digests |= {path: sha256_file(path) for path in made}
    master = order.folder / MASTER_NAME
    joined = (master, digests[master]) if master in digests else None
    timelines = write_timelines(order.folder, order.edition, _wanted(order.format), master=joined)
    digests |= {path: sha256_file(path) for path in timelines}
    if CUES in _wanted(order.format):
        digests |= {path: sha256_file(path) for path in _write_cue_sheets(order)}
    digests |= {path: sha256_file(path) for path in _write_spoken(order)}
    if REPORT in _wanted(order.format):
        report = order.folder / report_pdf.NAME
        report_pdf.write_report(
            report, order.edition, order.circumstances,
            progress=lambda done, total: told(PLATES, done, total),
        )  # fmt: skip
        digests[report] = sha256_file(report)
    return Assembled(
        tuple(WrittenFile(path.name, sha256, scan_bytes(path)) for path, sha256 in digests.items()),
        viewing,
        order.circumstances,
        signed,
    )


def _sign_frames(order: Order, pictures: Sequence[Path], told: Progress) -> list[str]:
    """Before their digests are taken; what they are called among what bears credentials."""
    folder = next((path for path in pictures if bears_frames(path)), None)
    if folder is None or order.identity is None:
        return []
    try:
        sign_frames(
            folder, order.edition, order.identity, when=order.circumstances.made,
            progress=lambda done, total: told(SIGNING, done, total),
        )  # fmt: skip
    except NotApproved:  # `sign_pictures` says so of everything
        return []
    return [f"{folder.name}/*{ENDING}"]


def _write_title(order: Order, told: Progress) -> Assembled:
    """The timelines of all reels together, and each reel's map and log where the policy asks."""
    reels = order.edition.reels
    own = [_of_reel(order.folder, number, each) for number, each in enumerate(reels, start=1)]
    files = [path for paths in own for path in paths]
    files += write_all(order.folder, of_title(reels), available())
    sizes = _Sizes(DIGESTS, files, told)
    digests = {path: sizes.digest(path) for path in files}
    named = [{path.name: digests[path] for path in paths} for paths in own]
    signed, sidecars = sign_maps(order.folder, list(zip(reels, named, strict=True)),
                                 order.identity, when=order.circumstances.made)  # fmt: skip
    digests |= {path: sha256_file(path) for path in sidecars}
    return Assembled(
        tuple(WrittenFile(path.name, sha256, scan_bytes(path)) for path, sha256 in digests.items()),
        None,
        order.circumstances,
        signed,
    )


def _of_reel(folder: Path, number: int, edition: Edition) -> list[Path]:
    """What goes along of one of several reels, under a name of its own."""
    which, files = f"{number}-{edition.tape}", list[Path]()
    if edition.encloses_map:
        files.append(folder / f"map-{which}.mkv")
        provenance_map.write_map(files[-1], edition)
    if edition.encloses_log:
        files.append(treatments.write_log(folder / f"treatments-{which}.json", edition))
    return files


def _pack(order: Order, loose: Assembled, told: Progress) -> Assembled:
    """Everything into one bag, with a record that says what it is to whoever has the bag alone."""
    made = record.build_record(
        order.edition, map(asdict, loose.files), order.circumstances,
        format=order.format, viewing=loose.viewing, signed=loose.signed,
    )  # fmt: skip
    told_within = order.folder / record.NAME
    record.write_record(told_within, made)
    within = WrittenFile(record.NAME, sha256_file(told_within), told_within.stat().st_size)
    packed = package.pack(
        order.folder, order.edition, progress=lambda done, total: told(PACKING, done, total)
    )
    digest = _Sizes(DIGESTS, [packed], told).digest(packed)
    return Assembled(
        (WrittenFile(packed.name, digest, packed.stat().st_size),),
        loose.viewing,
        order.circumstances,
        loose.signed,
        contents=(*loose.files, within),
    )


def _wanted(format: str) -> tuple[str, ...]:
    if format not in (ALL, PACKAGE):
        return (format,)
    return tuple(name for name in FORMATS if name not in TIMELINES or name in available())


class _Sizes:
    """Takes digests of files, one after the other, and tells how much of all is done."""

    def __init__(self, step: str, paths: Iterable[Path], told: Progress) -> None:
        self.step = step
        self.told = told
        self.total = max(1, sum(scan_bytes(path) for path in paths) >> 20)
        self.before = 0
        self.within = 0
        told(step, 0, self.total)

    def digest(self, path: Path) -> str:
        found = scan_digest(path, progress=self._tell)
        self.before += self.within
        self.within = 0
        return found

    def _tell(self, done: int, _total: int) -> None:
        self.within = done
        self.told(self.step, min(self.total, (self.before + done) >> 20), self.total)


def _check_inputs(editions: Sequence[Edition], told: Progress) -> None:
    """Scans and takes are, byte for byte, what was registered and approved.

    Raises: DeliveryError naming the file that is not.
    """
    held = [
        (scene.number, path, sha256)
        for edition in editions
        for scene in edition.scenes
        for path, sha256 in (
            (scene.take.picture, scene.take.picture_sha256),
            (scene.take.provenance, scene.take.provenance_sha256),
        )
    ]
    scans = [edition.scan for edition in editions]
    wanted = [*(scan.path for scan in scans), *(path for _, path, _ in held)]
    sizes = _Sizes(CHECK, wanted, told)
    for scan in scans:
        if sizes.digest(scan.path) != scan.sha256:
            raise DeliveryError(
                f"{scan.path} is no longer what was taken into custody; "
                "run: python manage.py check_fixity"
            )
    for number, path, sha256 in held:
        if sizes.digest(path) != sha256:
            raise DeliveryError(
                f"{path} of scene {number} is not what was approved; restore it from a "
                "backup, or make the take again"
            )


def _write_spoken(order: Order) -> list[Path]:
    """Of a reel in which nobody speaks, everything is everything else."""
    wanted, edition = _wanted(order.format), order.edition
    everything = order.format in (ALL, PACKAGE)
    said, translated = edition.spoken is not None, edition.translation is not None
    found = write_spoken(order.folder, edition, wanted) if said or not everything else []
    if TRANSLATION in wanted and (translated or not everything):
        found += write_translation(order.folder, edition)
    return found


def _nothing(step: str, done: int, total: int) -> None:
    """No progress."""


def _write_cue_sheets(order: Order) -> list[Path]:
    sheet, printed = order.folder / cue_sheet.NAME, order.folder / cue_sheet_pdf.NAME
    cue_sheet.write_cue_sheet(sheet, order.edition)
    cue_sheet_pdf.write_cue_sheet_pdf(printed, order.edition)
    return [sheet, printed]
