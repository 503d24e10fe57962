"""What leaves: built from approved, fresh takes alone; checked, recorded, whole or not at all."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from archive import custody, trash
from archive.fixity import sha256_file
from archive.media.errors import MediaError
from archive.models import Agent, Reel, Scan
from restoration.models import Scene
from review.credentials import CredentialsError
from review.delivery.assembly import ALL, FORMATS, OFFERED, Assembled, Order, Progress, assemble
from review.edition import bring, make_edition
from review.errors import DecisionRefused, NotAllowed, ReviewError
from review.formats import aaf, record
from review.formats.edition import DeliveryError, Edition
from review.formats.mp4 import SUBTITLED
from review.formats.record import Circumstances
from review.formats.subtitle_files import NO_TRANSCRIPT, NO_TRANSLATION, SPOKEN, TRANSLATION
from review.formats.timelines import AAF, TITLE
from review.gating import Gate, hold
from review.models import Deliverable
from review.override import Override
from review.signing import identity
from review.spoken import spoken_in, translation_in
from review.uses import policy_for
from review.verdict import Reason, Verdict, check, refusal
from review.version_choice import RESTORED, VersionChoice
from review.workroom import Workroom, free_name

__all__ = [
    "ALL",
    "FORMATS",
    "DeliveryFailed",
    "DeliveryRefused",
    "Override",
    "Reason",
    "Verdict",
    "build_deliverable",
    "check",
]


class DeliveryRefused(ReviewError):
    """Nothing was written; `reasons` names every scene that stands in the way."""

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        self.reasons = reasons
        listed = "; ".join(str(reason) for reason in reasons)
        super().__init__(f"Not delivered, and nothing was written. {listed}")


class DeliveryFailed(ReviewError):
    """It was allowed, but a file could not be made; what had been written was removed."""


def default_folder() -> Path:
    """Where deliverables of the pages go."""
    return Path(settings.DELIVERY_HOME)


def build_deliverable(
    reel: Reel,
    *,
    format: str,
    use: str,
    to: Path,
    by: Any,
    choice: VersionChoice = RESTORED,
    override: str = "",
    progress: Progress | None = None,
) -> Deliverable:
    """Write a deliverable into a fresh folder below `to`, in this process and now.

    Args:
        format: one of FORMATS, or "all" for all of them together.
        use: one that there is a policy for; recorded, and carried by the files.
        by: the user who lets it leave; None for whoever runs the machine's own commands.
        choice: the version that leaves.
        override: why that user lets it leave against rules of the policy, if some fail.
        progress: may raise to stop; nothing is left behind then.
    Raises: DeliveryRefused with every scene and reason; DeliveryFailed if a file could not be made;
        NotAllowed.
    """
    check_request(reel, format=format, use=use, by=by)
    agreed = make_override(reel, use=use, reason=override, by=by, choice=choice)
    edition = allowed_edition(reel, format=format, use=use, by=by, choice=choice, override=agreed)
    told = progress or (lambda what, done, total: None)
    try:
        with Workroom(to) as room:
            bring(edition)
            order = Order(edition, format, room.path, circumstances(reel, by, use), identity())
            assembled = assemble(order, told)
            name = folder_name(reel, format=format, use=use, version=choice.version)
            target = free_name(room.parent, name)
            with transaction.atomic():
                made = hand_over(
                    reel, edition, assembled, room.path,
                    target=target, format=format, by=by, choice=choice,
                )  # fmt: skip
                room.keep_as(target)
            return made
    except (DeliveryError, CredentialsError, MediaError, OSError) as error:
        raise DeliveryFailed(f"Not delivered, and nothing was left in {to}. {error}") from error


def check_request(reel: Reel, *, format: str, use: str, by: Any) -> None:
    """Raises: DeliveryFailed for an unknown format, UnknownUse, PoliciesUnreadable, NotAllowed."""
    if format not in OFFERED:
        raise DeliveryFailed(f"There is no format {format}; choose {', '.join(OFFERED)}.")
    policy_for(use)
    if by is not None and not by.has_perm("review.deliver", reel):
        raise NotAllowed(
            f"{by.get_username()} may not deliver; nothing was written. "
            "An archivist or an administrator can give you the role for it."
        )


def make_override(
    reel: Reel,
    *,
    use: str,
    reason: str,
    by: Any,
    choice: VersionChoice = RESTORED,
    rules: tuple[str, ...] | None = None,
    takes: str = "",
) -> Override | None:
    """A person's word that a reel may leave against rules that fail; None where none is needed.

    Args:
        reason: why; empty: nobody said so.
        rules: those that the person was shown; None: all that fail at this moment.
        takes: the `Gate.takes` that the person was shown; empty: those of this moment.
    Raises: NotAllowed; DecisionRefused if there is no reason, a rule that nobody may override, or
        other takes than those that the person was shown.
    """
    if not reason:
        return None
    if by is None or not by.has_perm("review.override_policy", reel):
        who = f"{by.get_username()} may not" if by is not None else "Nobody without a name may"
        raise NotAllowed(
            f"{who} override a policy; nothing was written. It takes a named person who "
            "has the right: an archivist or an administrator."
        )
    if not reason.strip():
        raise DecisionRefused("Nothing was recorded: say why it may leave all the same.")
    held = hold(reel, use, choice=choice)
    decision = held.decision
    if takes and takes != held.takes:
        raise DecisionRefused(
            "Nothing was delivered: other takes would leave now than those that the page showed. "
            "Look at them, then decide again."
        )
    failed = {finding.rule: finding for finding in decision.failed}
    agreed = tuple(failed) if rules is None else tuple(rule for rule in rules if rule in failed)
    fixed = [rule for rule in agreed if failed[rule].kind not in decision.policy.overridable]
    if fixed:
        raise DecisionRefused(
            f"Nothing was delivered: {use} lets nobody override {'; '.join(fixed)}."
        )
    name = by.get_full_name() or by.get_username()
    measured = {rule: failed[rule].measured for rule in agreed}
    return Override(name, reason.strip(), agreed, measured, held.takes) if agreed else None


def allowed_edition(
    reel: Reel,
    *,
    format: str,
    use: str,
    by: Any,
    choice: VersionChoice = RESTORED,
    override: Override | None = None,
) -> Edition:
    """The reel as it may leave at this moment, in values.

    Of TITLE with all reels of its element in `Edition.reels`, each of which has to pass by itself:
    an override is of this reel alone.

    Raises: DeliveryRefused, DeliveryFailed, NotAllowed.
    """
    check_request(reel, format=format, use=use, by=by)
    if override is not None and (by is None or not by.has_perm("review.override_policy", reel)):
        raise NotAllowed(f"{override.by} may no longer override a policy; nothing was written.")
    held = require_allowed(reel, use, choice=choice, override=override)
    require_material(reel, format, use)
    beside = require_beside(reel, format, use, choice=choice)
    made = _edition(reel, held, choice)
    if format != TITLE:
        return made
    gates = [(each, beside.get(each.pk)) for each in together(reel, format)]
    editions = (_edition(each, gate, choice) if gate else made for each, gate in gates)
    return replace(made, reels=tuple(editions))


def _edition(reel: Reel, held: Gate, choice: VersionChoice) -> Edition:
    """Raises: DeliveryFailed."""
    scan = reel.current_scan()
    assert scan is not None  # it was refused otherwise
    try:
        return make_edition(reel, scan, held, choice=choice)
    except DeliveryError as error:
        raise DeliveryFailed(f"Not delivered, and nothing was written. {error}") from error


def together(reel: Reel, format: str) -> list[Reel]:
    """The reels of which a format tells: of TITLE all of the same element, in order.

    What is in the trash is seen by nobody, and so leaves with none of them.
    """
    if format != TITLE:
        return [reel]
    return list(trash.without_trashed(reel.element.reels.all()).order_by("number"))


def require_beside(
    reel: Reel, format: str, use: str, *, choice: VersionChoice = RESTORED
) -> dict[int, Gate]:
    """The gates of the other reels that would leave, by their ids.

    Raises: DeliveryRefused with what stands in the way of any of them.
    """
    others = [each for each in together(reel, format) if each != reel]
    gates = {each.pk: hold(each, use, choice=choice) for each in others}
    reasons = [
        Reason(None, None, f"Reel {each.number}: {reason}")
        for each in others
        if not gates[each.pk].verdict.allowed
        for reason in gates[each.pk].verdict.reasons
    ]
    if reasons:
        raise DeliveryRefused(tuple(reasons))
    return gates


def require_material(reel: Reel, format: str, use: str) -> None:
    """Raises: DeliveryFailed where a format is of something that is not there, or use forbids.

    Burned-in text covers pixels of which no map speaks, so that no limit would count them.
    """
    if format == SUBTITLED and policy_for(use).forbids_lettering:
        raise DeliveryFailed(
            f"Not delivered, and nothing was written. {use} lets no pixel be a person's or a "
            "machine's, so nothing is burned in; deliver mp4, whose subtitles can be switched off."
        )
    if format == AAF and not aaf.is_installed():
        raise DeliveryFailed(f"Not delivered, and nothing was written. {aaf.MISSING}.")
    scan = reel.current_scan()
    if format in (*SPOKEN, SUBTITLED) and (scan is None or spoken_in(scan) is None):
        raise DeliveryFailed(f"Not delivered, and nothing was written. {NO_TRANSCRIPT}.")
    if format == TRANSLATION:
        require_translation(scan, use)


def require_translation(scan: Scan | None, use: str) -> None:
    """Raises: DeliveryFailed where a reel has no machine's translation, or the use lets none leave.

    A policy that asks for a person behind every word can never be met by it.
    """
    if policy_for(use).transcript == "approved":
        raise DeliveryFailed(
            f"Not delivered, and nothing was written. {use} asks that a person answers for every "
            "word, and nobody answers for a machine's translation. Have a translator's subtitles "
            "taken in instead."
        )
    if scan is None or translation_in(scan) is None:
        raise DeliveryFailed(f"Not delivered, and nothing was written. {NO_TRANSLATION}.")


def require_allowed(
    reel: Reel, use: str, *, choice: VersionChoice = RESTORED, override: Override | None = None
) -> Gate:
    """Raises: DeliveryRefused with every scene and reason."""
    held = hold(reel, use, choice=choice, override=override)
    if not held.verdict.allowed:
        raise DeliveryRefused(held.verdict.reasons)
    return held


@transaction.atomic
def hand_over(
    reel: Reel,
    edition: Edition,
    assembled: Assembled,
    folder: Path,
    *,
    target: Path,
    format: str,
    by: Any,
    choice: VersionChoice = RESTORED,
) -> Deliverable:
    """Check the approvals again, write the record into `folder`, and enter the delivery.

    Args:
        target: what the folder is going to be called; the rows name files there.
    Raises: DeliveryRefused, NotAllowed, OSError.
    """
    scan, reels = reel.current_scan(), together(reel, format)
    scans = [each.current_scan() for each in reels]
    # Lock first: a decision taken back while the files were written must still count.
    list(Scene.objects.select_for_update().filter(scan__in=scans, retired__isnull=True))
    current = allowed_edition(
        reel, format=format, use=edition.use, by=by, choice=choice, override=edition.override
    )
    if scan is None or current != edition:
        raise DeliveryRefused(refusal(_CHANGED).reasons)
    listed: list[dict[str, Any]] = [
        _entry(target, file.name, file.sha256, file.bytes) for file in assembled.files
    ]
    agent, told = _agent(by), assembled.circumstances
    made = record.build_record(
        edition, listed, told, format=format, viewing=assembled.viewing, signed=assembled.signed,
        contents=map(asdict, assembled.contents),
    )  # fmt: skip
    path = folder / record.NAME
    record.write_record(path, made)
    listed.append(_entry(target, path.name, sha256_file(path), path.stat().st_size))
    deliverable = Deliverable.objects.create(
        reel=reel, scan=scan, format=format, use=edition.use, version=edition.version,
        files=listed, record=made, by=by, expires=told.expires or None,
    )  # fmt: skip
    detail = _about(edition, format) | {"files": listed}
    subject = f"deliverable:{deliverable.pk}"
    custody.record_all(
        [custody.Telling("delivery", subject, each, detail) for each in reels], agent=agent
    )
    return deliverable


def _agent(by: Any) -> Agent:
    return custody.person(by) if by is not None else custody.software()


def circumstances(reel: Reel, by: Any, use: str) -> Circumstances:
    """Of a deliverable that begins to be made now; everything written of it says these."""
    now, days = timezone.now(), policy_for(use).expires_after_days
    expires = (now.date() + timedelta(days=days)).isoformat() if days else ""
    who = by.get_full_name() if by is not None else ""
    return Circumstances(
        who or str(_agent(by)), now.isoformat(), custody.chain_heads(reel), expires
    )


def _about(edition: Edition, format: str) -> dict[str, Any]:
    """What left, for the event; of a colour delivery also what left as restored.

    And under which policy, and who overrode what of it, and why.
    """
    about: dict[str, Any] = {"format": format, "use": edition.use, "version": edition.version}
    about |= {"policy_sha256": edition.policy["policy_sha256"]}
    about |= {"override": edition.override.as_json()} if edition.override else {}
    restored = [s.number for s in edition.scenes if s.take.version != edition.version]
    days = policy_for(edition.use).expires_after_days
    about |= {"expires_after_days": days} if days else {}
    return about | ({"as_restored": restored} if restored else {})


_CHANGED = "Decisions, notes or the transcript changed while the files were written; deliver again."


def folder_name(reel: Reel, *, format: str, use: str, version: str = RESTORED.version) -> str:
    """What a deliverable's folder is called, but for the number at its end."""
    words = _as_name(reel.title.name)[:60] or "reel"
    in_colour = "" if version == RESTORED.version else f"-{version}"
    which = "" if format == TITLE else f"-reel-{reel.number}"
    return f"{words}{which}{in_colour}-{_as_name(use)}-{format}"


def _as_name(text: str) -> str:
    """Letters, digits and single hyphens."""
    kept = "".join(letter if letter.isalnum() else "-" for letter in text.lower())
    return "-".join(part for part in kept.split("-") if part)


def _entry(target: Path, name: str, sha256: str, size: int) -> dict[str, Any]:
    return {"name": name, "path": str(target / name), "sha256": sha256, "bytes": size}
