"""What people type on the pages, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from archive.form_fields import writable
from archive.models import Collection
from restoration.models import Take
from review import sampling
from review.delivery.assembly import ALL, OFFERED, PACKAGE
from review.formats.timelines import TIMELINES, TITLE, available
from review.pages import REEL_STATES
from review.policies import ordered
from review.uses import policies
from review.version_choice import COLOUR, RESTORED, VersionChoice

FORMAT_WORDS = {
    "otio": "OpenTimelineIO timeline",
    "edl": "edit decision list (CMX3600)",
    "fcp7": "Final Cut Pro 7 XML",
    "fcpxml": "FCPXML (Final Cut Pro)",
    "aaf": "AAF (Media Composer, sound suites)",
    "mlt": "MLT XML, for checking",
    "cues": "cue sheet of what was made (CSV, PDF)",
    "report": "conservation report (PDF)",
    "stills": "stills with their provenance (PNG)",
    "srt": "subtitles, SubRip",
    "vtt": "subtitles, WebVTT with speakers",
    "imsc": "subtitles, IMSC 1.1 (TTML)",
    "ebuttd": "subtitles, EBU-TT-D (TTML)",
    "ass": "subtitles, SubStation Alpha",
    "transcript": "transcript (TXT, DOCX, PDF)",
    "translation": "English translation by a machine, as subtitles (SRT, WebVTT, IMSC)",
    "mp4": "viewing copy (H.264 MP4)",
    "mp4-subtitled": "viewing copy with burned-in subtitles (MP4)",
    "ffv1": "master and its map (FFV1)",
    "webm": "viewing copy (VP9 WebM)",
    "dpx": "frames as DPX, in a package",
    "tiff": "frames as TIFF, in a package",
    "prores": "for editing: ProRes 422 HQ (MOV)",
    "dnxhr": "for editing: DNxHR HQX (MOV)",
    TITLE: "timelines of the whole element, reel after reel",
    ALL: "everything but editing copies, burned-in subtitles, WebM, frames, stills and elements",
    PACKAGE: "the same as one package (BagIt, ZIP)",
}


def _chosen() -> forms.CharField:
    """A value chosen beside the list, kept while something else is typed."""
    return forms.CharField(required=False, max_length=400, widget=forms.HiddenInput)


class CatalogueForm(forms.Form):
    """The facets of the catalogue; everything may be left out."""

    words = forms.CharField(label="Words", required=False)
    collection = forms.ModelChoiceField(
        Collection.objects.all(), required=False, empty_label="All collections"
    )
    year = forms.CharField(label="Year", required=False)
    state = forms.ChoiceField(
        label="State", required=False, choices=[("", "All states"), *REEL_STATES.items()]
    )
    decade = forms.RegexField(r"^[0-9]{3}$", required=False, widget=forms.HiddenInput)
    country = _chosen()
    language = _chosen()
    gauge = _chosen()
    generation = _chosen()
    colour = _chosen()
    sound = _chosen()
    access = _chosen()


class DecisionForm(forms.Form):
    """A decision on the take that the page showed: its number and digest travel with the form."""

    take = forms.IntegerField(widget=forms.HiddenInput)
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    alone = forms.BooleanField(required=False, widget=forms.HiddenInput)
    comment = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 2}), validators=[writable]
    )


class ChangesForm(DecisionForm):
    comment = forms.CharField(
        label="What should change",
        widget=forms.Textarea(attrs={"rows": 2}),
        validators=[writable],
        error_messages={"required": "Say what should change, then send it again."},
    )


class NoteForm(forms.Form):
    """A remark on frames; the last frame is included, as people count."""

    first = forms.IntegerField(label="First frame", min_value=0)
    last = forms.IntegerField(label="Last frame", min_value=0)
    text = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}),
        validators=[writable],
        error_messages={"required": "Write a note first."},
    )
    drawing = forms.JSONField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "first" in values and "last" in values and values["last"] < values["first"]:
            self.add_error("last", "The last frame lies before the first.")
        return values


class HandOverForm(forms.Form):
    """To whom a scene goes (`person:7`, `role:reviewer`), and why."""

    to = forms.RegexField(
        r"^(person:[0-9]{1,9}|role:[a-z]{1,20})$",
        error_messages={"required": "Choose to whom.", "invalid": "Choose to whom."},
    )
    word = forms.CharField(required=False, max_length=2000, validators=[writable])
    version = forms.ChoiceField(choices=Take.Version.choices)
    take = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class BatchForm(forms.Form):
    """A rule by which scenes are looked at, and what the page showed of it."""

    every = forms.IntegerField(min_value=sampling.EVERY[0], max_value=sampling.EVERY[1])
    most = forms.IntegerField(min_value=sampling.MOST[0], max_value=sampling.MOST[1])
    version = forms.ChoiceField(choices=Take.Version.choices)
    seen = forms.CharField(max_length=64, required=False)


class AnswerForm(forms.Form):
    """A turn in the thread below a note."""

    text = forms.CharField(
        max_length=4000,
        validators=[writable],
        error_messages={"required": "Write an answer first."},
    )


def _formats() -> list[tuple[str, str]]:
    """What can be written here: AAF alone needs a package that may not be installed."""
    missing = set(TIMELINES) - set(available())
    return [(name, FORMAT_WORDS.get(name, name)) for name in OFFERED if name not in missing]


def _uses() -> list[tuple[str, str]]:
    return [(use, use) for use in policies()]


class DeliverForm(forms.Form):
    """What to deliver; the rules that a person overrides are those that the page showed."""

    format = forms.ChoiceField(choices=_formats)
    use = forms.ChoiceField(label="For", choices=_uses)
    territory = forms.CharField(required=False, max_length=60, validators=[writable])
    override = forms.CharField(required=False, max_length=500, validators=[writable])
    version = forms.ChoiceField(label="Version", choices=Take.Version.choices, required=False)
    uncoloured = forms.BooleanField(label="Scenes without colour leave as restored", required=False)
    as_restored = forms.CharField(
        label="And these, though they have colour",
        required=False,
        max_length=400,
        widget=forms.TextInput(attrs={"placeholder": "2, 5-7"}),
    )

    @property
    def ordered_use(self) -> str:
        """The use, with the territory that the order names."""
        return ordered(self.cleaned_data["use"], self.cleaned_data["territory"])

    def choice(self, scenes: Sequence[int]) -> VersionChoice:
        """What was asked for; what is said of a colour delivery counts in one alone.

        Args:
            scenes: the ids of the reel's scenes, in order.
        Raises: UnknownScenes.
        """
        values = self.cleaned_data
        if values["version"] != COLOUR:
            return RESTORED
        uncoloured = values["uncoloured"]
        return VersionChoice.parse(COLOUR, values["as_restored"], scenes, uncoloured=uncoloured)


class WithdrawForm(forms.Form):
    """Why a deliverable may no longer be used."""

    reason = forms.CharField(max_length=500, validators=[writable])


class ShareForm(forms.Form):
    """A link for a guest."""

    guest = forms.CharField(
        label="For", max_length=60, validators=[writable],
        error_messages={"required": "Say who the guest is; the name stands in each picture."},
    )  # fmt: skip
    scene = forms.IntegerField(required=False, min_value=1)
    version = forms.ChoiceField(choices=Take.Version.choices, required=False)
    use = forms.ChoiceField(required=False, choices=lambda: [("", "to be judged alone"), *_uses()])
    days = forms.IntegerField(min_value=1, max_value=3650)
    password = forms.CharField(
        required=False, max_length=128, min_length=8, strip=False,
        error_messages={"min_length": "A password has at least 8 characters; or leave it out."},
    )  # fmt: skip
    word = forms.CharField(required=False, max_length=2000, validators=[writable])


class DoorForm(forms.Form):
    """What a guest says at the door."""

    name = forms.CharField(
        max_length=60, validators=[writable],
        error_messages={"required": "Say who you are; your notes bear this name."},
    )  # fmt: skip
    password = forms.CharField(required=False, max_length=128, strip=False)


class GuestNoteForm(forms.Form):
    """A guest's remark; the last frame is included."""

    first = forms.IntegerField(min_value=0)
    last = forms.IntegerField(min_value=0)
    text = forms.CharField(
        max_length=2000, validators=[writable], error_messages={"required": "Write a note first."}
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "first" in values and "last" in values and values["last"] < values["first"]:
            self.add_error("last", "The last frame lies before the first.")
        return values
