"""Every action of the interface: who may do it, and which row its address names."""

from __future__ import annotations

from dataclasses import dataclass

VIEWERS = frozenset({"archivist", "restorer", "reviewer"})
RESEARCH = VIEWERS | {"researcher"}
RESTORERS = frozenset({"archivist", "restorer"})
WORKERS = RESTORERS | {"operator"}
JUDGES = frozenset({"archivist", "reviewer"})
ARCHIVIST = frozenset({"archivist"})
EVERYBODY = RESEARCH | {"operator", ""}


@dataclass(frozen=True)
class Action:
    name: str
    roles: frozenset[str]
    names: tuple[str, ...] = ()
    """Of the rows that the address takes."""
    method: str = "GET"
    lists: str = ""
    """Of a list: which row it shows to those who may see it."""
    scope: str = "read"
    is_own: bool = False
    """Of one's own rows, which belong to no reel."""


def write(name: str, roles: frozenset[str], *names: str, scope: str = "write", **more) -> Action:
    return Action(name, roles, names, method=more.pop("method", "POST"), scope=scope, **more)


ACTIONS = (
    Action("api-collections", RESEARCH, lists="collection"),
    Action("api-collection", RESEARCH, ("collection",)),
    Action("api-titles", RESEARCH, lists="title"),
    Action("api-title", RESEARCH, ("title",)),
    write("api-title", ARCHIVIST, "title", method="PATCH"),
    Action("api-elements", RESEARCH, lists="element"),
    Action("api-element", RESEARCH, ("element",)),
    write("api-element", ARCHIVIST, "element", method="PATCH"),
    Action("api-reels", RESEARCH, lists="reel"),
    Action("api-reel", RESEARCH, ("reel",)),
    write("api-reel", ARCHIVIST, "reel", method="PATCH"),
    Action("api-events", RESEARCH, ("reel",)),
    Action("api-transcript", RESEARCH, ("reel",)),
    Action("api-lines", RESEARCH, ("reel",)),
    Action("api-scans", RESEARCH, lists="scan"),
    Action("api-scan", RESEARCH, ("scan",)),
    write("api-scan", ARCHIVIST, "scan", method="PATCH"),
    Action("api-scenes", RESEARCH, lists="scene"),
    Action("api-scene", RESEARCH, ("scene",)),
    Action("api-stages", VIEWERS, ("scene",)),
    write("api-approve", JUDGES, "scene", scope="decide"),
    write("api-request-changes", JUDGES, "scene", scope="decide"),
    Action("api-takes", VIEWERS, lists="take"),
    Action("api-take", VIEWERS, ("take",)),
    Action("api-runs", VIEWERS | {"operator"}, lists="run"),
    Action("api-run", VIEWERS | {"operator"}, ("run",)),
    write("api-runs", RESTORERS),
    write("api-cancel-run", WORKERS, "run"),
    write("api-retry-run", WORKERS, "run"),
    Action("api-approvals", VIEWERS, lists="approval"),
    Action("api-approval", VIEWERS, ("approval",)),
    write("api-withdraw", JUDGES, "approval", scope="decide"),
    Action("api-notes", VIEWERS, lists="note"),
    Action("api-note", VIEWERS, ("note",)),
    write("api-notes", VIEWERS),
    write("api-answer-note", VIEWERS, "note"),
    write("api-resolve-note", VIEWERS, "note"),
    write("api-reopen-note", VIEWERS, "note"),
    Action("api-deliveries", VIEWERS, lists="delivery"),
    Action("api-delivery", VIEWERS, ("delivery",)),
    write("api-deliveries", ARCHIVIST, scope="deliver"),
    write("api-cancel-delivery", ARCHIVIST, "delivery", scope="deliver"),
    Action("api-deliverables", VIEWERS, lists="deliverable"),
    Action("api-deliverable", VIEWERS, ("deliverable",)),
    write("api-file-link", ARCHIVIST, "deliverable", "zero", scope="deliver"),
    Action("api-search", RESEARCH),
    Action("api-searches", RESEARCH),
    Action("api-search-feed", RESEARCH, ("kept",), is_own=True),
    Action("api-edits", VIEWERS, lists="edit"),
    Action("api-edit", VIEWERS, ("edit",)),
    write("api-undo-edit", RESTORERS, "edit"),
    write("api-redo-edit", RESTORERS, "edit"),
    write("api-split-scene", RESTORERS, "scene"),
    write("api-merge-scene", RESTORERS, "scene"),
    write("api-move-cut", RESTORERS, "scene"),
    write("api-check-cut", RESTORERS, "scene"),
    write("api-border", RESTORERS, "scene"),
    write("api-mark", RESTORERS, "scene"),
    Action("api-hints", VIEWERS, lists="hint"),
    Action("api-hint", VIEWERS, ("hint",)),
    write("api-hints", VIEWERS),
    write("api-hint", VIEWERS, "hint", method="DELETE"),
    Action("api-corrections", VIEWERS, lists="correction_of_line"),
    Action("api-correction", VIEWERS, ("correction_of_line",)),
    write("api-corrections", VIEWERS),
    write("api-correction", VIEWERS, "correction_of_line", method="DELETE"),
    Action("api-faces", VIEWERS, ("reel",)),
    write("api-name-face", VIEWERS, "face"),
    write("api-take-back-name", VIEWERS, "naming", method="DELETE"),
    Action("api-characters", VIEWERS, ("reel",)),
    write("api-rename-character", VIEWERS, "reel", "character"),
    Action("api-uploads", ARCHIVIST),
    write("api-uploads", ARCHIVIST),
    Action("api-upload", ARCHIVIST, ("upload",), is_own=True),
    write("api-upload", ARCHIVIST, "upload", method="DELETE", is_own=True),
    write("api-upload-bytes", ARCHIVIST, "upload", method="PATCH", is_own=True),
    write("api-retry-upload", ARCHIVIST, "upload", is_own=True),
    Action("api-webhooks", VIEWERS),
    write("api-webhooks", VIEWERS),
    Action("api-webhook", VIEWERS, ("webhook",), is_own=True),
    write("api-webhook", VIEWERS, "webhook", method="DELETE", is_own=True),
    write("api-try-webhook", VIEWERS, "webhook", is_own=True),
    Action("api-messages", VIEWERS, ("webhook",), is_own=True),
    write("api-send-again", VIEWERS, "webhook", "message", is_own=True),
)
OPEN = {"api-guide", "api-schema", "api-nothing", "api-download"}
"""For anybody: what there is to ask, and addresses that say themselves whom they open to."""
