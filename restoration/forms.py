"""What a person asks of a stage or of a cut, checked."""

from __future__ import annotations

import dataclasses
from typing import Any

from django import forms

from restoration.models import Scene, Take, Verdict
from restoration.stages import STAGES, find_stage
from restoration.stages.contract import StageError


def picture_stages() -> list[tuple[str, str]]:
    return [(stage.name, stage.name) for stage in STAGES if stage.makes == "pictures"]


def reel_stages() -> list[tuple[str, str]]:
    """Those that make pictures, and what finds words and faces: cuts come by themselves."""
    return [*picture_stages(), ("transcribe", "transcribe"), ("attribute", "attribute")]


class ProcessForm(forms.Form):
    """Which stages to run, with which parameters ("stage.parameter" fields)."""

    stages = forms.MultipleChoiceField(
        choices=reel_stages,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one stage."},
    )
    version = forms.ChoiceField(choices=Take.Version.choices, required=False)
    """Whose takes are worked on: that of the page. Left out: the restoration."""

    urgent = forms.BooleanField(required=False)

    def __init__(self, data: Any = None, *, settings: dict[str, Any] | None = None) -> None:
        super().__init__(data)
        for name, _ in picture_stages():
            chosen = (settings or {}).get(name, {})
            for entry in parameters_of(name):
                self.fields[f"{name}.{entry.name}"] = parameter_field(entry, chosen.get(entry.name))

    def parameters(self) -> dict[str, dict[str, Any]]:
        """What differs from the stages' own defaults, by stage."""
        chosen: dict[str, dict[str, Any]] = {}
        for name in self.cleaned_data["stages"]:
            for entry in parameters_of(name):
                value = self.cleaned_data.get(f"{name}.{entry.name}")
                if value is not None and value != "" and value != entry.default:
                    chosen.setdefault(name, {})[entry.name] = value
        return chosen

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "stages" in values:
            for name, chosen in self.parameters().items():
                try:
                    find_stage(name).parse(chosen)
                except StageError as error:
                    self.add_error(None, str(error))
        return values

    def clean_version(self) -> str:
        return self.cleaned_data["version"] or Take.Version.RESTORATION

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields of each stage, for the page."""
        return [
            (name, [self[f"{name}.{entry.name}"] for entry in parameters_of(name)])
            for name, _ in picture_stages()
        ]


class FrameForm(forms.Form):
    frame = forms.IntegerField(
        min_value=0, error_messages={"required": "Say at which frame, as the player counts."}
    )


class CheckForm(forms.Form):
    """Whether there is a cut at a border that was looked at."""

    border = forms.IntegerField(min_value=1)
    is_cut = forms.TypedChoiceField(
        choices=[("1", "a cut"), ("0", "no cut")], coerce=lambda value: value == "1"
    )


class SpliceForm(FrameForm):
    is_splice = forms.TypedChoiceField(
        choices=[("1", "a splice"), ("0", "no splice")], coerce=lambda value: value == "1"
    )


class MarkForm(FrameForm):
    """Whether a frame is what a mark calls it."""

    mark = forms.ChoiceField(
        choices=[choice for choice in Verdict.About.choices if choice[0] != "cut"]
    )
    holds = forms.TypedChoiceField(
        choices=[("1", "it is"), ("0", "it is not")], coerce=lambda value: value == "1"
    )


class BorderForm(forms.Form):
    """What a border is, and the scene that begins there."""

    transition = forms.ChoiceField(choices=Scene.Transition.choices)
    kind = forms.ChoiceField(choices=Scene.Kind.choices)
    first = forms.IntegerField(min_value=0, required=False)
    last = forms.IntegerField(min_value=0, required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        ends = values.get("first"), values.get("last")
        if values.get("transition") in ("dissolve", "fade") and None in ends:
            self.add_error("first", "Say from which frame to which it goes.")
        return values


class EditForm(forms.Form):
    """The edit that is to be undone or done again, as the page showed it."""

    edit = forms.IntegerField(min_value=1)


def parameters_of(stage: str) -> list[dataclasses.Field[Any]]:
    return [
        entry
        for entry in dataclasses.fields(find_stage(stage).params)
        if isinstance(entry.default, bool | int | float | str)
    ]


def parameter_field(entry: dataclasses.Field[Any], chosen: Any) -> forms.Field:
    """A form field for one parameter: its type from its default, its help from its metadata."""
    initial = entry.default if chosen is None else chosen
    label = entry.name.replace("_", " ")
    common: dict[str, Any] = {"label": label, "required": False, "initial": initial}
    if isinstance(entry.default, bool):
        return forms.TypedChoiceField(
            choices=[("True", "yes"), ("False", "no")],
            coerce=lambda value: value == "True",
            empty_value=None,
            **{**common, "initial": str(initial)},
        )
    if isinstance(entry.default, int):
        return forms.IntegerField(**common)
    if isinstance(entry.default, float):
        return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}), **common)
    return forms.CharField(**common)
