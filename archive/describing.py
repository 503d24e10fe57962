"""A description while it is typed: all its forms as one, saved whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.forms import ModelForm

from archive import custody, description, roles, sight
from archive.description import Description
from archive.errors import DescriptionChanged
from archive.forms import (
    FAULTS,
    LISTED,
    ROW_FORMSETS,
    ConditionForm,
    ElementForm,
    ReelForm,
    ScanForm,
    TitleForm,
)
from archive.models import ConditionReport, Reel, Title
from archive.terms import Terms

RELATIONS = "relations"
"""The rows that may be of one element of the title."""


class Describing:
    """The forms of a reel, its element, its title and its newest scan.

    Args:
        data: What was sent, in the forms' own names; None to show what there is.
        by: Who describes: a film stays in the collections in which they may.
    """

    def __init__(
        self, reel: Reel, data: Mapping[str, Any] | None = None, *, by: Any = None
    ) -> None:
        terms = Terms()
        self.reel, self.terms = reel, terms
        self.scan_row = reel.current_scan()
        self.title = TitleForm(data, instance=reel.title, prefix="title", terms=terms)
        if by is not None:
            _offer_own(self.title.fields["collection"], by)
        self.element = ElementForm(data, instance=reel.element, prefix="element", terms=terms)
        self.own = ReelForm(data, instance=reel, prefix="reel", terms=terms)
        self.scan = (
            ScanForm(data, instance=self.scan_row, prefix="scan", terms=terms)
            if self.scan_row
            else None
        )
        self.rows = {
            name: formset(
                data, instance=description.row_of(reel, description.part_of(name)), prefix=name,
                form_kwargs={"terms": terms} | ({"title": reel.title} if name == RELATIONS else {}),
            )
            for name, formset in ROW_FORMSETS.items()
        }  # fmt: skip
        self.seen = description.digest(reel) if data is None else str(data.get("seen", ""))

    def headed_rows(self) -> list[tuple[str, str, Any]]:
        """Name, heading and forms of what title, element and reel have several of."""
        return [(name, LISTED[name][2], self.rows[name]) for name in self.rows]

    def _all(self) -> list[Any]:
        single = [self.own, self.element, self.title]
        return [*self.rows.values(), *([self.scan] if self.scan else []), *single]

    def is_valid(self) -> bool:
        return all([each.is_valid() for each in self._all()])  # each says what is wrong with it

    def errors(self) -> int:
        """How many fields are wrong."""
        single = [len(form.errors) for form in self._all() if not hasattr(form, "forms")]
        return sum(single) + sum(
            len(rows.non_form_errors()) + sum(len(form.errors) for form in rows.forms)
            for rows in self.rows.values()
        )

    def faults(self) -> list[Refusal]:
        """What would be refused, field by field, in the order of the page."""
        found = list[Refusal]()
        in_order = [self.title, self.element, self.own, *([self.scan] if self.scan else [])]
        for form in in_order:
            found += _faults_of(form, "")
        for name, rows in self.rows.items():
            for number, form in enumerate(rows.forms, 1):
                found += _faults_of(form, f"{LISTED[name][2]}, {number}: ")
        return found

    def save(self, *, by: AbstractBaseUser) -> Description:
        """Write what was typed and the events that tell of it; returns what changed.

        Raises: DescriptionChanged, and then nothing was written.
        """
        with transaction.atomic():
            fresh = _held(self.reel.pk)
            if self.seen != description.digest(fresh):
                raise DescriptionChanged(
                    "Somebody else changed this description while you were at it. Nothing of yours "
                    "was saved: what you typed stands below; look at the history, then save again."
                )
            before = description.describe(fresh)
            for each in self._all():  # the title last: then the index reads all the rest
                if each.has_changed():
                    _write(each)
            if any(rows.has_changed() for rows in self.rows.values()):
                self.title.save()
            return description.record_changes(read_anew(self.reel.pk), before, by=by)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A field that would be refused."""

    place: str
    """The field's id on the page; empty: of no single field."""
    label: str
    words: str


def _faults_of(form: Any, about: str) -> Iterator[Refusal]:
    for name, words in form.errors.items():
        known = name in form.fields
        label = form[name].label if known else ""
        yield Refusal(form[name].id_for_label if known else "", f"{about}{label}", " ".join(words))


def _offer_own(field: Any, by: Any) -> None:
    """Of collections, those in which the person describes films by their role there."""
    if roles.of(by).there:
        field.queryset = sight.collections(by, "archive.describe")
        field.required = not roles.may_within(by, "archive.describe", None)


def _write(form: Any) -> None:
    """Save the fields that were changed, and none that a worker may write meanwhile."""
    if not isinstance(form, ModelForm):
        form.save()
        return
    own = {field.name for field in form.instance._meta.concrete_fields}
    if own >= set(form.changed_data):
        form.instance.save(update_fields=form.changed_data)
    else:
        form.save()


def _held(pk: int) -> Reel:
    """The reel as it stands, its title kept from others until the transaction ends."""
    reel = read_anew(pk)
    Title.objects.select_for_update().get(pk=reel.element.title_id)
    return read_anew(pk)


def read_anew(pk: int) -> Reel:
    return Reel.objects.select_related("element__title__collection").get(pk=pk)


class Examining:
    """An examination of a reel with its faults, each with a photograph if there is one."""

    def __init__(
        self,
        reel: Reel,
        data: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> None:
        terms = Terms()
        self.report = ConditionReport(reel=reel)
        self.form = ConditionForm(data, instance=self.report, prefix="condition", terms=terms)
        self.faults = FAULTS(
            data, files, instance=self.report, prefix="faults", form_kwargs={"terms": terms}
        )

    def is_valid(self) -> bool:
        return all([self.form.is_valid(), self.faults.is_valid()])

    def refusals(self) -> list[Refusal]:
        """What would be refused, field by field, in the order of the page."""
        found = list(_faults_of(self.form, ""))
        for number, form in enumerate(self.faults.forms, 1):
            found += _faults_of(form, f"Fault {number}: ")
        return found

    @transaction.atomic
    def save(self, *, by: AbstractBaseUser) -> ConditionReport:
        """Write the report and the event that tells of it."""
        self.report.by_id = by.pk
        self.form.save()
        self.faults.save()
        report = self.report
        custody.record(
            kind=description.EXAMINED,
            agent=custody.person(by),
            subject=f"reel:{report.reel_id}",
            reel=report.reel,
            outcome="success",
            detail={
                "of": "reel",
                "report": report.pk,
                "on": report.on.isoformat(),
                "examined_by": report.examined_by,
                "shrinkage": str(report.shrinkage) if report.shrinkage is not None else None,
                "acidity": str(report.acidity) if report.acidity is not None else None,
                "faults": [
                    {"kind": fault.kind, "grade": fault.grade, "where": fault.where}
                    | ({"photograph_sha256": fault.photograph} if fault.photograph else {})
                    for fault in report.faults.all()
                ],
            },
        )
        return report
