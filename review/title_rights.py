"""What the catalogue says today of a title's rights, for the rules that a reel is held against."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from archive import embargo
from archive.dates import last_day
from archive.metadata.wording import fold
from archive.models import Reel, Restriction, Term, Title
from review.policies import Policy
from review.restrictions import ANY, Clause
from review.rights_rules import RightsFacts

_ANY_CODE, _ANY_WORD = "any", "any use"


def rights_facts(reel: Reel, policy: Policy) -> RightsFacts:
    """As far as the policy asks; restrictions and embargo always."""
    asks = policy.rights_refused or policy.rights_recorded
    known = dict(Term.objects.filter(vocabulary=Term.Vocabulary.USE).values_list("code", "label"))
    words = {fold(word) for word in (*known, *known.values())}
    return RightsFacts(
        statements=tuple(reel.title.rights.values_list("statement", flat=True)) if asks else (),
        embargo=embargo.until(reel),
        clauses=tuple(_clauses(reel.title, known.get(_ANY_CODE, _ANY_WORD))),
        territories=tuple(territories(reel.title)),
        unknown_uses=tuple(use for use in policy.rights_uses if fold(use) not in words),
    )


def territories(title: Title) -> list[str]:
    """Those that the title's restrictions name, each once."""
    named = (row.territory.strip() for row in title.restrictions.all())
    return sorted({fold(place): place for place in named if place}.values())


def restrictions_in_words(title: Title) -> Iterable[str]:
    """Each of them that is in force, for the records of what leaves."""
    return (clause.words for clause in _clauses(title, _ANY_WORD))


def _clauses(title: Title, any_word: str) -> Iterable[Clause]:
    of_any = {fold(_ANY_WORD), fold(any_word)}
    for row in title.restrictions.all():
        if _is_over(row):
            continue
        use = ANY if fold(row.use) in of_any else row.use
        yield Clause(use, row.territory.strip(), row.is_allowed, _in_words(row))


def _is_over(row: Restriction) -> bool:
    """A restriction lasts as long as its date may mean, a permission as long as it says."""
    days = last_day(row.until)
    if days is None:
        return False
    as_written, at_the_latest = days
    return (as_written if row.is_allowed else at_the_latest) < timezone.localdate()


def _in_words(row: Restriction) -> str:
    where = f" in {row.territory}" if row.territory else ""
    word = "allowed" if row.is_allowed else "not allowed"
    until = f" until {row.until}" if row.until else ""
    note = f" ({row.note})" if row.note else ""
    return f"{row.use}{where}: {word}{until}{note}"
