"""Every action of the interface: who may do it, and which row its address names."""

from __future__ import annotations

from dataclasses import dataclass

VIEWERS = frozenset({"archivist", "restorer", "reviewer"})
RESEARCH = VIEWERS | {"researcher"}
RESTORERS = frozenset({"archivist", "restorer"})
WORKERS = RESTORERS | {"operator"}
JUDGES = frozenset({"archivist", "reviewer"})
ARCHIVIST = frozenset({"archivist"})
ADMINISTRATORS: frozenset[str] = frozenset()
"""Of none of the roles."""
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
    is_of_no_film: bool = False
    """There for whoever may ask."""
    is_everywhere: bool = False
    """Asked of people's groups alone; who is less in any collection may look, and write nothing."""
    is_for_whole: bool = False
    """And not look either."""


def write(name: str, roles: frozenset[str], *names: str, scope: str = "write", **more) -> Action:
    return Action(name, roles, names, method=more.pop("method", "POST"), scope=scope, **more)


ACTIONS = (
    Action("api-collections", RESEARCH, lists="collection"),
    Action("api-collection", RESEARCH, ("collection",)),
    Action("api-titles", RESEARCH, lists="title"),
    Action("api-title", RESEARCH, ("title",)),
    write("api-title", ARCHIVIST, "title", method="PATCH"),
    Action("api-collection-roles", ARCHIVIST, ("collection",)),
    write("api-collection-roles", ARCHIVIST, "collection", scope="roles"),
    Action("api-collection-role", ARCHIVIST, ("collection", "given_role")),
    write(
        "api-collection-role", ARCHIVIST, "collection", "given_role", scope="roles", method="DELETE"
    ),
    Action("api-members", ARCHIVIST, ("collection",)),
    write("api-members", ADMINISTRATORS, "collection", scope="roles"),
    write("api-member", ADMINISTRATORS, "collection", "member", scope="roles", method="DELETE"),
    Action("api-glossary", VIEWERS, lists="term"),
    Action("api-glossary-term", VIEWERS, ("term",)),
    write("api-glossary", VIEWERS),
    write("api-glossary-term", VIEWERS, "term", method="DELETE"),
    Action("api-quotas", RESTORERS, lists="quota"),
    Action("api-quota", RESTORERS, ("collection",)),
    write("api-quota", ADMINISTRATORS, "collection", method="PATCH"),
    Action("api-terms", RESEARCH),
    write("api-terms", ADMINISTRATORS),
    Action("api-term", RESEARCH, ("word",), is_of_no_film=True),
    write("api-term", ADMINISTRATORS, "word", method="PATCH"),
    Action("api-readings", ARCHIVIST),
    Action("api-imports", ARCHIVIST, is_everywhere=True),
    write("api-imports", ARCHIVIST, is_everywhere=True),
    Action("api-import", ARCHIVIST, ("import",), is_everywhere=True),
    write("api-undo-import", ARCHIVIST, "import", is_everywhere=True),
    Action("api-import-jobs", ARCHIVIST, is_everywhere=True),
    write("api-import-jobs", ARCHIVIST, is_everywhere=True),
    Action("api-import-job", ARCHIVIST, ("import_job",), is_everywhere=True),
    Action(
        "api-import-job-rows", ARCHIVIST, ("import_job",), is_everywhere=True, is_for_whole=True
    ),
    write("api-cancel-import-job", ARCHIVIST, "import_job", is_everywhere=True),
    write("api-resume-import-job", ARCHIVIST, "import_job", is_everywhere=True),
    write("api-undo-import-job", ARCHIVIST, "import_job", is_everywhere=True),
    Action("api-elements", RESEARCH, lists="element"),
    Action("api-element", RESEARCH, ("element",)),
    write("api-element", ARCHIVIST, "element", method="PATCH"),
    Action("api-reels", RESEARCH, lists="reel"),
    Action("api-reel", RESEARCH, ("reel",)),
    write("api-reel", ARCHIVIST, "reel", method="PATCH"),
    Action("api-events", RESEARCH, ("reel",)),
    write("api-events", ARCHIVIST, "reel"),
    Action("api-conditions", VIEWERS, ("reel",)),
    write("api-conditions", ARCHIVIST, "reel"),
    Action("api-fault-photograph", VIEWERS, ("fault",)),
    write("api-put-in-trash", ARCHIVIST, "reel"),
    Action("api-history", VIEWERS, ("reel",)),
    Action("api-record", RESEARCH, ("reel", "record")),
    write("api-take-in-record", ARCHIVIST, "reel"),
    write("api-bulk-edits", ARCHIVIST),
    Action("api-trash", ARCHIVIST, lists="trashed"),
    Action("api-trashed", ARCHIVIST, ("trashed",)),
    write("api-restore-from-trash", ARCHIVIST, "trashed"),
    write("api-hold-in-trash", ARCHIVIST, "trashed"),
    Action("api-transcript", RESEARCH, ("reel",)),
    write("api-take-in-transcript", RESTORERS, "reel"),
    Action("api-lines", RESEARCH, ("reel",)),
    Action("api-scans", RESEARCH, lists="scan"),
    Action("api-scan", RESEARCH, ("scan",)),
    write("api-scan", ARCHIVIST, "scan", method="PATCH"),
    write("api-check-scan", ARCHIVIST, "scan"),
    Action("api-fixity", VIEWERS),
    Action("api-fixity-checks", VIEWERS, lists="fixity_check"),
    Action("api-fixity-check", VIEWERS, ("fixity_check",)),
    write("api-name-copy", ADMINISTRATORS, "scan"),
    Action("api-scan-frame", RESEARCH, ("scan", "zero")),
    Action("api-second-copies", VIEWERS, lists="second_copy"),
    Action("api-scenes", RESEARCH, lists="scene"),
    Action("api-scene", RESEARCH, ("scene",)),
    Action("api-stages", VIEWERS, ("scene",)),
    write("api-approve", JUDGES, "scene", scope="decide"),
    write("api-request-changes", JUDGES, "scene", scope="decide"),
    write("api-hand-over", VIEWERS, "scene"),
    Action("api-hand-overs", VIEWERS, lists="hand_over"),
    Action("api-takes", VIEWERS, lists="take"),
    Action("api-take", VIEWERS, ("take",)),
    Action("api-take-frame", VIEWERS, ("take", "zero")),
    write("api-take-frame-link", VIEWERS, "take", "zero", scope="read"),
    Action("api-take-repairs", VIEWERS, ("take", "zero")),
    Action("api-repair-decisions", VIEWERS, lists="repair_decision"),
    Action("api-repair-decision", VIEWERS, ("repair_decision",)),
    write("api-repair-decisions", VIEWERS),
    write("api-repair-decision", VIEWERS, "repair_decision", method="DELETE"),
    Action("api-protected-regions", VIEWERS, lists="region"),
    Action("api-protected-region", VIEWERS, ("region",)),
    write("api-protected-regions", VIEWERS),
    write("api-protected-region", VIEWERS, "region", method="DELETE"),
    Action("api-palette-colours", VIEWERS, lists="palette_entry"),
    Action("api-palette-colour", VIEWERS, ("palette_entry",)),
    write("api-palette-colours", VIEWERS),
    write("api-palette-colour", VIEWERS, "palette_entry", method="DELETE"),
    write("api-put-colour", VIEWERS, "palette_entry"),
    write("api-take-back-colour", VIEWERS, "palette_entry", "batch", method="DELETE"),
    Action("api-colour-corrections", VIEWERS, lists="correction"),
    Action("api-colour-correction", VIEWERS, ("correction",)),
    Action("api-correction-file", VIEWERS, ("correction",)),
    write("api-colour-corrections", VIEWERS),
    write("api-take-in-cdl", VIEWERS, "scene"),
    write("api-colour-correction", VIEWERS, "correction", method="DELETE"),
    Action("api-reference-stills", VIEWERS, lists="reference"),
    Action("api-reference-still", VIEWERS, ("reference",)),
    write("api-reference-stills", VIEWERS),
    write("api-reference-still", VIEWERS, "reference", method="DELETE"),
    Action("api-runs", VIEWERS | {"operator"}, lists="run"),
    Action("api-run", VIEWERS | {"operator"}, ("run",)),
    write("api-runs", RESTORERS),
    write("api-cancel-run", WORKERS, "run"),
    write("api-hasten-run", WORKERS, "run"),
    write("api-slacken-run", WORKERS, "run"),
    write("api-retry-run", WORKERS, "run"),
    Action("api-gate", VIEWERS, ("reel",)),
    Action("api-batch", JUDGES, ("reel",)),
    write("api-batch", JUDGES, "reel", scope="decide"),
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
    write("api-deliver-against-policy", ARCHIVIST, scope="override"),
    write("api-cancel-delivery", ARCHIVIST, "delivery", scope="deliver"),
    Action("api-deliverables", VIEWERS, lists="deliverable"),
    Action("api-deliverable", VIEWERS, ("deliverable",)),
    write("api-file-link", ARCHIVIST, "deliverable", "zero", scope="deliver"),
    write("api-retry-delivery", ARCHIVIST, "delivery", scope="deliver"),
    write("api-withdraw-deliverable", ARCHIVIST, "deliverable", scope="deliver"),
    Action("api-guest-links", JUDGES, lists="link"),
    Action("api-guest-link", JUDGES, ("link",)),
    write("api-guest-links", JUDGES, scope="deliver"),
    write("api-guest-link", JUDGES, "link", scope="deliver", method="DELETE"),
    Action("api-search", RESEARCH),
    Action("api-catalogue", RESEARCH),
    Action("api-catalogue-searches", RESEARCH),
    write("api-catalogue-searches", RESEARCH),
    Action("api-catalogue-search", RESEARCH, ("narrowing",), is_own=True),
    write("api-catalogue-search", RESEARCH, "narrowing", method="DELETE", is_own=True),
    Action("api-searches", RESEARCH),
    write("api-searches", RESEARCH),
    Action("api-kept-search", RESEARCH, ("kept",), is_own=True),
    write("api-kept-search", RESEARCH, "kept", method="DELETE", is_own=True),
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
    write("api-name-speaker", VIEWERS, "reel"),
    Action("api-replace", VIEWERS, ("reel",)),
    write("api-replace", VIEWERS, "reel"),
    write("api-take-back-act", VIEWERS, "reel", "batch", method="DELETE"),
    write("api-same-face", VIEWERS, "face"),
    write("api-faces-back", VIEWERS, "face"),
    write("api-part-faces", VIEWERS, "reel"),
    Action("api-faces", VIEWERS, ("reel",)),
    write("api-name-face", VIEWERS, "face"),
    write("api-take-back-name", VIEWERS, "naming", method="DELETE"),
    Action("api-characters", VIEWERS, ("reel",)),
    write("api-characters", ARCHIVIST, "reel"),
    Action("api-photographs", VIEWERS, ("reel", "character")),
    write("api-photographs", ARCHIVIST, "reel", "character"),
    Action("api-photograph", VIEWERS, ("reel", "photograph")),
    write("api-photograph", ARCHIVIST, "reel", "photograph", method="DELETE"),
    write("api-rename-character", VIEWERS, "reel", "character"),
    Action("api-uploads", ARCHIVIST),
    write("api-uploads", ARCHIVIST),
    Action("api-upload", ARCHIVIST, ("upload",), is_own=True),
    write("api-upload", ARCHIVIST, "upload", method="DELETE", is_own=True),
    write("api-upload-bytes", ARCHIVIST, "upload", method="PATCH", is_own=True),
    write("api-retry-upload", ARCHIVIST, "upload", is_own=True),
    write("api-folders", ARCHIVIST),
    Action("api-frames", ARCHIVIST, ("folder",), is_own=True),
    write("api-frame-bytes", ARCHIVIST, "folder", "zero", method="PATCH", is_own=True),
    write("api-finish-folder", ARCHIVIST, "folder", is_own=True),
    Action("api-webhooks", VIEWERS),
    write("api-webhooks", VIEWERS),
    Action("api-webhook", VIEWERS, ("webhook",), is_own=True),
    write("api-webhook", VIEWERS, "webhook", method="DELETE", is_own=True),
    write("api-try-webhook", VIEWERS, "webhook", is_own=True),
    Action("api-messages", VIEWERS, ("webhook",), is_own=True),
    write("api-send-again", VIEWERS, "webhook", "message", is_own=True),
)
OPEN = {"api-guide", "api-schema", "api-nothing", "api-download", "api-picture"}
"""For anybody: what there is to ask, and addresses that say themselves whom they open to."""
