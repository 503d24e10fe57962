"""A film file in, a restored film file out, scene by scene, without catalogue or database."""

from __future__ import annotations

import contextlib
import errno
import importlib
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from archive.fixity import digest_json, scan_digest, sha256_file
from archive.media.decode import open_source
from archive.media.pixels import PictureFormat
from archive.media.probe import Probe
from archive.media.sandbox import probe_safely
from archive.media.sound import sound_of
from restoration.cli_choices import read_cuts, takes_hints
from restoration.cli_folders import beside, chunks_beside, chunks_of
from restoration.cli_joining import MASTER, VIEWING, FilmFiles, Writers
from restoration.cli_progress import Reporter
from restoration.cli_sheet import write_sheet
from restoration.cutting import Piece, pieces, splice_frames
from restoration.execution import Made, Order, TakeFiles, execute
from restoration.guides import check_guides, read_guides
from restoration.provenance import ProvenanceError, Totals
from restoration.stages import find_stage
from restoration.stages.contract import Stage, StageError, require_frames
from restoration.verification import verify_take


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asked for."""

    source: Path
    out: Path
    stages: tuple[Stage, ...]
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By name of the stage."""
    rate: Fraction | None = None
    map_path: Path | None = None
    heat_path: Path | None = None
    cuts: str = "find"
    """`find`, `none`, or the path of a file with cuts."""
    device: str = "cpu"
    force: bool = False
    """Replace what is at the paths to be written."""
    hints: Sequence[Mapping[str, Any]] = ()
    """Of all scenes; each scene gets its own."""
    references: Sequence[Mapping[str, Any]] = ()
    """The same of reference stills."""

    @property
    def targets(self) -> list[Path]:
        """The files to be written."""
        written = (self.out, self.map_path, self.heat_path, self.guides_path)
        return [path for path in written if path is not None]

    @property
    def guides_path(self) -> Path | None:
        """Of the table that says what the map's hint numbers stand for; beside the map."""
        if self.map_path is None or not (self.hints or self.references):
            return None
        return self.map_path.with_suffix(".guides.json")


@dataclass(frozen=True, slots=True)
class _Film:
    """The film to restore, probed."""

    wish: Wish
    probe: Probe
    sha256: str
    folder: Path
    """For what is needed only until the film is finished; beside the file to be written."""
    chunks: Path
    """For what stages have made so far; a run that was ended goes on with it."""

    @property
    def table_path(self) -> Path:
        return self.folder / "table.json"

    @property
    def format(self) -> PictureFormat:
        return self.probe.format

    def order(self, stage: str, start_frame: int, end_frame: int, **more: Any) -> Order:
        params = self.wish.params.get(stage, {})
        params, files = find_stage(stage).for_film(params, self.probe.field_order), {}
        if stage in {each.name for each in takes_hints(self.wish.stages)}:
            for name in ("hints", "references"):
                drawn = getattr(self.wish, name)
                params[name] = [
                    {key: value for key, value in d.items() if key != "path"}
                    for d in drawn
                    if start_frame <= d["frame"] < end_frame
                ]
            files = {still["sha256"]: still["path"] for still in self.wish.references}
        return Order(
            scan_path=self.wish.source,
            scan_sha256=self.sha256,
            stage=stage,
            start_frame=start_frame,
            end_frame=end_frame,
            rate=self.format.rate,
            table_path=self.table_path,
            params=params,
            files=files,
            device=self.wish.device,
            chunks_folder=self.chunks / f"{stage}-{start_frame}-{end_frame}",
            **more,
        )


def restore(wish: Wish, reporter: Reporter) -> dict[str, Any]:
    """Restore a film; the files appear under their names only when all of it stands.

    A run that is killed, or interrupted by a key, leaves a hidden folder beside the film to be
    written, and the same run goes on with what lies there.

    Returns: the document that `--json` prints.
    Raises: StageError, ProvenanceError, MediaError, OSError; nothing is left behind then.
    """
    _check_targets(wish)
    began = time.perf_counter()
    with chunks_beside(wish.out, reporter), beside(wish.out) as folder:
        film = _probe(wish, folder, reporter)
        _check_hints(film)
        found = _find_cuts(film, reporter)
        scenes = pieces(film.probe.frames, found)
        reporter.say(f"{film.probe.frames} frames, {len(scenes)} scenes")
        names = (f"film{wish.out.suffix}", "map.mkv", "heat.mkv", "guides.json")
        files = FilmFiles(*(folder / name for name in names))
        made = _restore_scenes(film, scenes, files, reporter)
        guides = read_guides(files.guides)
        _verify(film, files.picture, files.labels, guides, reporter)
        _publish(wish, files)
    seconds = time.perf_counter() - began
    return _summary(film, found, scenes, made, seconds) | {"guides": guides}


def find_cuts(
    source: Path,
    *,
    rate: Fraction | None,
    params: Mapping[str, str],
    reporter: Reporter,
    sheet: Path | None = None,
) -> dict[str, Any]:
    """What the stage `cuts` finds in a film; if `sheet` is given, its storyboard is drawn there."""
    with tempfile.TemporaryDirectory(prefix="reelproof-") as folder:
        wish = Wish(source, Path(folder) / "none.mkv", (), {"cuts": params}, rate=rate)
        with _loading_networks():
            film = _probe(wish, Path(folder), reporter)
        found = _find_cuts(film, reporter)
        if sheet is not None:
            with open_source(source, rate=rate, table=film.probe.table) as opened:
                write_sheet(opened, found, sheet, reporter.part("storyboard"))
        return found | {"frames": film.probe.frames, "rate": _rate(film.format.rate)}


@contextlib.contextmanager
def _loading_networks() -> Iterator[None]:
    """Load PyTorch in a thread meanwhile: it takes as long as a film of a minute takes to read."""

    def load() -> None:
        with contextlib.suppress(ImportError):  # the stage that needs it says why it goes without
            importlib.import_module("torch")

    thread = threading.Thread(target=load, name="networks", daemon=True)
    thread.start()
    yield
    thread.join()


def _check_targets(wish: Wish) -> None:
    """Refuse before hours of work what could not be written after it.

    Raises: StageError, FileExistsError, FileNotFoundError
    """
    if not wish.source.exists():
        raise FileNotFoundError(errno.ENOENT, "there is no film here to restore", str(wish.source))
    if wish.out.suffix.lower() not in (MASTER, VIEWING):
        raise StageError(
            f"{wish.out.name}: end the name in {MASTER} (FFV1, lossless) or {VIEWING} (H.264, "
            "for viewing)"
        )
    if wish.map_path is not None and wish.out.suffix.lower() == VIEWING:
        raise StageError(
            f"{wish.out.name} is a lossy viewing copy, of which nothing is ORIGINAL; a map goes "
            f"with a lossless film, so end the name in {MASTER}"
        )
    if wish.map_path is not None and wish.map_path.suffix.lower() != MASTER:
        raise StageError(f"{wish.map_path.name}: a map is Matroska; end its name in {MASTER}")
    _check_heat(wish)
    targets = wish.targets
    if len({path.absolute() for path in targets}) < len(targets):
        raise StageError("of the film, its map and its heat any two need two different names")
    for path in targets:
        if path.exists() and path.samefile(wish.source):
            raise StageError(f"{path} is the scan itself, which is never written to")
        if path.exists() and not (wish.force and path.is_file()):
            raise FileExistsError(
                errno.EEXIST, "is there already; give another name or --force", str(path)
            )
        if not path.absolute().parent.is_dir():
            raise FileNotFoundError(
                errno.ENOENT, "there is no such folder; make it first", str(path.parent)
            )


def _check_heat(wish: Wish) -> None:
    """Raises: StageError if no heat will be there, or it cannot be written as asked."""
    if wish.heat_path is None:
        return
    if not wish.stages or not wish.stages[-1].tells_heat:
        raise StageError("--heat is what upscale tells of its own frames; name upscale last")
    if wish.heat_path.suffix.lower() != MASTER:
        raise StageError(f"{wish.heat_path.name}: heat is Matroska; end its name in {MASTER}")


def _probe(wish: Wish, folder: Path, reporter: Reporter) -> _Film:
    probe = probe_safely(wish.source, rate=wish.rate, progress=reporter.part("reading"))
    for warning in probe.warnings:
        reporter.say(f"note: {warning}")
    require_frames(wish.stages, probe.field_order)
    film = _Film(wish, probe, scan_digest(wish.source), folder, chunks_of(wish.out))
    probe.table.save(film.table_path)
    return film


def _check_hints(film: _Film) -> None:
    """Raises: StageError for a hint beyond the film, or one that no stage can read."""
    frames = film.probe.frames
    hints, references = list(film.wish.hints), list(film.wish.references)
    for stage in takes_hints(film.wish.stages):
        stage.parse({"hints": hints, "references": references})
    for drawn in (*hints, *references):
        if not 0 <= drawn["frame"] < frames:
            raise StageError(f"a hint names frame {drawn['frame']}, but the film has {frames}")


def _find_cuts(film: _Film, reporter: Reporter) -> dict[str, Any]:
    frames = film.probe.frames
    if film.wish.cuts == "none":
        return {"cuts": [], "gradual": [], "marks": []}
    if film.wish.cuts != "find":
        return read_cuts(Path(film.wish.cuts), frames=frames)
    made = execute(film.order("cuts", 0, frames), reporter.part("finding cuts"))
    return made.findings or {}


def _restore_scenes(
    film: _Film, scenes: Sequence[Piece], files: FilmFiles, reporter: Reporter
) -> list[list[Made]]:
    """Run every scene's chain of stages and append the last take of each to the film."""
    everything = []
    with ExitStack() as opened:
        writers: Writers | None = None
        for number, scene in enumerate(scenes, start=1):
            part = f"scene {number} of {len(scenes)}"
            folder = film.folder / f"scene-{number}"
            chain, last = _run_chain(film, scene, folder, part, reporter)
            if writers is None:
                writers = _open_writers(film, files, last, opened)
            writers.append(last, reporter.part(f"{part}, joining"))
            shutil.rmtree(folder)
            everything.append(chain)
        if writers is not None:
            writers.write_guides(files.guides)
    return everything


def _open_writers(film: _Film, files: FilmFiles, take: TakeFiles, opened: ExitStack) -> Writers:
    """In the format of the first scene's take: a stage may have added colour, or enlarged it."""
    with open_source(take.picture) as source:
        made = source.format
    form = replace(
        film.format,
        width=made.width,
        height=made.height,
        pixel=made.pixel,
        colour_range=made.colour_range,
        matrix=made.matrix,
    )
    sound = sound_of(film.wish.source, table=film.probe.table)
    return Writers.open(files, form, opened, sound=sound, with_heat=film.wish.heat_path is not None)


def _run_chain(
    film: _Film, scene: Piece, folder: Path, part: str, reporter: Reporter
) -> tuple[list[Made], TakeFiles]:
    chain: list[Made] = []
    last: TakeFiles | None = None
    for stage in film.wish.stages:
        out = folder / f"{len(chain) + 1}-{stage.name}"
        order = film.order(
            stage.name,
            scene.start_frame,
            scene.end_frame,
            out_folder=out,
            marks=splice_frames(scene.marks),
            input_folder=last.folder if last is not None else None,
            input_digest=chain[-1].digest if chain else None,
        )
        chain.append(execute(order, reporter.part(f"{part}, {stage.name}"), stage=stage))
        if last is not None:
            shutil.rmtree(last.folder)
        last = TakeFiles(out)
    if last is None:
        raise StageError("name at least one stage")
    return chain, last


def _verify(
    film: _Film, picture: Path, labels: Path, guides: Sequence[Any], reporter: Reporter
) -> None:
    """The hard gate once more, on the whole film as it will be handed out.

    A viewing copy is lossy and holds nothing that could be called ORIGINAL; its takes were
    verified one by one.
    """
    if picture.suffix.lower() != MASTER:
        return
    reporter.part("verifying")(0, film.probe.frames)
    with open_source(film.wish.source, rate=film.format.rate, table=film.probe.table) as scan:
        problems = verify_take(scan, picture, labels, 0)
    problems += check_guides(labels, guides) if guides else []
    if problems:
        raise ProvenanceError(f"the film did not stand when it was read back: {problems[0]}")


def _publish(wish: Wish, files: FilmFiles) -> None:
    beside = [(files.labels, wish.map_path), (files.heat, wish.heat_path)]
    for made, path in [*beside, (files.guides, wish.guides_path)]:
        if path is None:
            continue
        if path.absolute().parent == wish.out.absolute().parent:
            made.replace(path)
        else:
            shutil.copyfile(made, path)
    files.picture.replace(wish.out)


def _summary(
    film: _Film,
    found: Mapping[str, Any],
    scenes: Sequence[Piece],
    made: Sequence[Sequence[Made]],
    seconds: float,
) -> dict[str, Any]:
    manifests = [[each.manifest for each in chain if each.manifest is not None] for chain in made]
    totals = sum((Totals.from_json(chain[-1]["totals"]) for chain in manifests), Totals())
    keys = [chain[-1]["key"] for chain in manifests]
    weights = {
        weights["name"]: weights
        for chain in manifests
        for manifest in chain
        for weights in manifest["weights"]
    }
    return {
        "frames": film.probe.frames,
        "rate": _rate(film.format.rate),
        "seconds": round(seconds, 3),
        "frames_per_second": round(film.probe.frames / seconds, 3),
        "device": film.wish.device,
        "weights": list(weights.values()),
        "totals": totals.as_json(),
        "shares": totals.shares(),
        "take_key": keys[0] if len(keys) == 1 else digest_json(keys),
        "cuts": [scene.start_frame for scene in scenes[1:]],
        "gradual": found.get("gradual", []),
        "scenes": [
            {
                "start_frame": scene.start_frame,
                "end_frame": scene.end_frame,
                "takes": [
                    {"stage": m["stage"], "key": m["key"], "digest": each.digest}
                    | {"totals": m["totals"], "timings": each.timings}
                    for each, m in zip(chain, of, strict=True)
                ],
            }
            for scene, chain, of in zip(scenes, made, manifests, strict=True)
        ],
        "files": [{"path": str(path), "sha256": sha256_file(path)} for path in film.wish.targets],
    }


def _rate(rate: Fraction) -> str:
    return f"{rate.numerator}/{rate.denominator}"
