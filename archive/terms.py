"""The controlled vocabularies while something is described: known words and near ones."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.functional import cached_property

from archive import custody
from archive.metadata.wording import fold
from archive.models import Term
from archive.vocabularies import Entry, VocabularyError, read_terms


class UnknownTerm(ValueError):
    """The vocabulary has no such word; the message names near ones and where to add it."""


class Terms:
    """All vocabularies, read once: made for one form, or one import of many rows."""

    @cached_property
    def _labels(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for vocabulary, code, label in Term.objects.filter(retired=False).values_list(
            "vocabulary", "code", "label"
        ):
            known = found.setdefault(vocabulary, {})
            known.setdefault(fold(label), label)
            known.setdefault(fold(code), label)
        return found

    @cached_property
    def offered(self) -> dict[str, list[str]]:
        """The labels of each vocabulary, in its order."""
        found: dict[str, list[str]] = {}
        for vocabulary, label in Term.objects.filter(retired=False).values_list(
            "vocabulary", "label"
        ):
            found.setdefault(vocabulary, []).append(label)
        return found

    def find(self, vocabulary: str, text: str) -> str:
        """The label of a word given by label or code, whatever its case and accents.

        Raises: UnknownTerm.
        """
        known = self._labels.get(vocabulary, {})
        wanted = fold(text)
        if label := known.get(wanted) or known.get(wanted.replace(" ", "")):
            return label
        near = [known[each] for each in difflib.get_close_matches(wanted, known, n=3, cutoff=0.6)]
        advice = f"Did you mean {' or '.join(dict.fromkeys(near))}? " if near else ""
        name = Term.Vocabulary(vocabulary).label
        raise UnknownTerm(
            f"{text!r} is no word of the vocabulary {name}. {advice}"
            "An administrator can add it under Terms."
        )


@transaction.atomic
def load(path: Path) -> int:
    """Put a file's terms into the catalogue; those that are there keep their label.

    Returns how many are new. Raises: VocabularyError, and then nothing was added.
    """
    entries = read_terms(path)
    unknown = {each.vocabulary for each in entries} - set(Term.Vocabulary.values)
    if unknown:
        raise VocabularyError(
            f"{path}: there is no vocabulary {', '.join(sorted(unknown))}; these are there: "
            f"{', '.join(Term.Vocabulary.values)}"
        )
    return sum(_add(each) for each in entries)


@transaction.atomic
def add(vocabulary: str, code: str, label: str, *, position: int = 0, by: User) -> Term:
    """Add one word to a vocabulary.

    Raises: VocabularyError if its code or label is taken there, or it cannot be told from two.
    """
    made = Term(vocabulary=vocabulary, code=code.strip(), label=label.strip(), position=position)
    _require_free(made)
    made.save()
    _tell("vocabulary extended", made, by, {"code": made.code, "label": made.label})
    return made


@transaction.atomic
def change(term: Term, values: dict[str, Any], *, by: User) -> Term:
    """Change a word's label or place, or offer it no more (`retired`). What was described with it
    stays as it reads.

    Raises: VocabularyError.
    """
    changes = {}
    for name, now in values.items():
        now = now.strip() if isinstance(now, str) else now
        if (was := getattr(term, name)) != now:
            changes[name] = [was, now]
            setattr(term, name, now)
    if changes:
        _require_free(term)
        term.save(update_fields=list(changes))
        _tell("metadata modification", term, by, {"of": "term", "changes": changes})
    return term


def _require_free(term: Term) -> None:
    if not term.code or not term.label or ";" in term.label:
        raise VocabularyError("A word has a code and a label, and no semicolon in it.")
    others = Term.objects.filter(vocabulary=term.vocabulary).exclude(pk=term.pk)
    if taken := others.filter(Q(code=term.code) | Q(label=term.label)).first():
        raise VocabularyError(f"Its code or label is that of {taken.label} ({taken.code}) already.")


def _tell(kind: str, term: Term, by: User, detail: dict[str, Any]) -> None:
    told = {"vocabulary": term.vocabulary} | detail
    custody.record(kind=kind, agent=custody.person(by), subject=f"term:{term.pk}", detail=told)


def _add(entry: Entry) -> bool:
    taken = Term.objects.filter(vocabulary=entry.vocabulary, label=entry.label)
    if taken.exclude(code=entry.code).exists():
        raise VocabularyError(
            f"[{entry.vocabulary}] {entry.code}: {entry.label!r} is the label of another term"
        )
    _, is_new = Term.objects.get_or_create(
        vocabulary=entry.vocabulary,
        code=entry.code,
        defaults={"label": entry.label, "position": entry.position},
    )
    return is_new
