"""The bench's figures held against what was set out to be reached, and as tables to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]

_FOREIGN = ("flashes", "black frames")


def hold_against_bars(document: Mapping[str, Any]) -> list[Row]:
    """Each bar: what was wanted, what was measured on reels held out, and whether it is met."""
    held = {name: methods["cuts"] for name, methods in document["totals"]["held out"].items()}
    clean, damaged, flicker = held["clean"], held["damaged"], held["flicker"]
    dissolves, fades = held["dissolves"], held["fades"]
    foreign = sum(held[kind]["false"] for kind in _FOREIGN)
    foreign_frames = sum(held[kind]["frames"] for kind in _FOREIGN)
    speed = document["speed"]["times_real_time"]
    return [
        _least("F1 on clean reels", 0.95, clean["f1"]),
        _least(
            "share of dissolves found",
            17 / 19,
            dissolves["gradual_found"] / max(1, dissolves["gradual_true"]),
        ),
        _most("false cuts on reels of fades", 1, fades["false"]),
        _least("recall on damaged reels", 0.90, damaged["recall"]),
        _most("false cuts per 1,000 frames, damaged", 1.0, damaged["false_per_1000_frames"]),
        _most(
            "false cuts per 1,000 frames, flashes and black frames",
            0.5,
            1000 * foreign / max(1, foreign_frames),
        ),
        _least("recall under flicker of 0.7 to 1.3", 0.95, flicker["recall"]),
        _most("false cuts under flicker of 0.7 to 1.3", 0, flicker["false"]),
        _least("times real time, 640x480, two cores", 5.0, speed),
    ]


def _least(name: str, wanted: float, measured: float | None) -> Row:
    met = measured is not None and measured >= wanted
    return {"bar": name, "wanted": f">= {wanted:.3g}", "measured": measured, "met": met}


def _most(name: str, wanted: float, measured: float) -> Row:
    met = measured <= wanted
    return {"bar": name, "wanted": f"<= {wanted:.3g}", "measured": measured, "met": met}


def print_tables(document: Mapping[str, Any]) -> str:
    """The document as Markdown tables."""
    parts = [_bars_table(document["bars"])]
    for group, kinds in document["totals"].items():
        parts.append(_group_table(group, kinds))
    parts.append(_films_table(document))
    for group, marks in document["marks"].items():
        parts.append(_marks_table(group, marks))
    parts.append(_confidence_line(document["confidence"]))
    parts.append(_speed_line(document["speed"]))
    parts += [f"FAILED on {clip}: {how}" for clip, how in document["failures"].items()]
    return "\n\n".join(parts)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _bars_table(bars: list[Row]) -> str:
    rows = [
        [bar["bar"], bar["wanted"], _number(bar["measured"]), "met" if bar["met"] else "**missed**"]
        for bar in bars
    ]
    return _table(["bar (reels held out)", "wanted", "measured", ""], rows)


def _group_table(group: str, kinds: Mapping[str, Mapping[str, Row]]) -> str:
    shown = [method for method in next(iter(kinds.values())) if method != "no cuts"]
    rows = []
    for kind, by_method in kinds.items():
        first = next(iter(by_method.values()))
        true = f"{first['hard_true']} + {first['gradual_true']}"
        cells = [_cell(by_method[method]) for method in shown]
        rows.append([kind, str(first["frames"]), true, *cells])
    told = "found hard + gradual / false (F1)"
    return f"{group}: {told}\n\n" + _table(["reels", "frames", "cuts", *shown], rows)


def _cell(row: Row) -> str:
    f1 = "" if row["f1"] is None else f" ({row['f1']:.2f})"
    return f"{row['hard_found']} + {row['gradual_found']} / {row['false']}{f1}"


def _films_table(document: Mapping[str, Any]) -> str:
    rows = []
    for case in document["cases"]:
        if case["kind"] != "film":
            continue
        cells = []
        for method in document["methods"]:
            row = case["methods"][method]
            found = row["hard_found"] + row["gradual_found"]
            cells.append(f"{found} / {row['hard_true'] + row['gradual_true']} / {row['false']}")
        complete = "yes" if case["complete"] else "no"
        rows.append([case["clip"], str(case["frames"]), complete, *cells])
    head = ["film, found / true / false", "frames", "list complete", *document["methods"]]
    return _table(head, rows)


def _marks_table(group: str, marks: Mapping[str, Row]) -> str:
    rows = [
        [
            kind,
            f"{row['found']} / {row['true']}",
            str(row["false"]),
            _number(row["recall"]),
            _number(row["precision"]),
        ]
        for kind, row in marks.items()
    ]
    head = [f"marks, {group}", "found / true", "false", "recall", "precision"]
    return _table(head, rows)


def _confidence_line(found: Row) -> str:
    rows = [
        [str(row["cuts"]), _number(row["stated"]), _number(row["right"])] for row in found["bins"]
    ]
    error, auroc = found["expected_calibration_error"], found["auroc"]
    return (
        _table(["cuts", "confidence stated", "right"], rows)
        + f"\n\nExpected calibration error {_number(error)}; AUROC of confidence {_number(auroc)}; "
        f"{found['wrong_among_the_doubtful_fifth']} of {found['wrong']} wrong cuts lie in the "
        "doubtful fifth."
    )


def _speed_line(speed: Row) -> str:
    return (
        f"{speed['times_real_time']:.1f} times real time ({speed['frames']} frames, "
        f"{speed['wall_seconds']:.1f} s wall, {speed['cpu_seconds']:.1f} s CPU; with two cores "
        f"free it could be {speed['times_real_time_if_two_cores_were_free']:.1f})"
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
