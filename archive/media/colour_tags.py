"""FFmpeg's numbers for colour description, by name (ITU-T H.273)."""

from __future__ import annotations

from typing import Literal

RANGES: dict[int, Literal["limited", "full", "unknown"]] = {0: "unknown", 1: "limited", 2: "full"}
MATRICES = {
    0: "gbr",
    1: "bt709",
    2: "unknown",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
}
PRIMARIES = {
    1: "bt709",
    2: "unknown",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "ebu3213",
}
TRANSFERS = {
    1: "bt709",
    2: "unknown",
    4: "gamma22",
    5: "gamma28",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    9: "log100",
    10: "log316",
    11: "iec61966-2-4",
    12: "bt1361e",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    17: "smpte428",
    18: "arib-std-b67",
}


def name_of(code: int, names: dict[int, str]) -> str:
    """The name of a code; codes without one are "unknown"."""
    return names.get(int(code), "unknown")


def code_of(name: str, names: dict[int, str]) -> int:
    """The code of a name; 2 (unspecified) for an unknown one."""
    return next((code for code, known in names.items() if known == name), 2)
