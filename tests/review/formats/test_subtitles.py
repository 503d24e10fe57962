"""Subtitle files say the same frames, words and speakers when they are read again."""

from __future__ import annotations

import html
import io
import time
from fractions import Fraction
from xml.etree import ElementTree

import pysubs2
import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st
from ttconv.imsc import reader as imsc_reader
from ttconv.srt import reader as srt_reader
from ttconv.vtt import reader as vtt_reader

from restoration.speech.cues import Cue, CueLine, Span
from restoration.speech.imported import lines_of
from restoration.speech.transcript import sample_of_frame
from review.formats.ass import write_ass
from review.formats.ebu_tt_d import write_ebu_tt_d
from review.formats.imsc import write_imsc
from review.formats.srt import read_srt, write_srt
from review.formats.subtitles import SubtitleError, Subtitles
from review.formats.transcript_text import write_text
from review.formats.vtt import read_vtt, write_vtt

FILM = Fraction(24000, 1001)
RATES = [Fraction(16), Fraction(18), FILM, Fraction(25), Fraction(30000, 1001), Fraction(60)]
AWKWARD = ["<i>not italic</i>", "R&B &amp; soul", "1 --> 2", "a < b > c", "1984", "WEBVTT", "{x}",
           "<v Bob> said", "&lt;", "\\N", "-30°", "NOTE this", "日本"]  # fmt: skip


def cue(start: int, end: int, *lines: tuple[str, str | None]) -> Cue:
    return Cue(start, end, tuple(CueLine((Span(text),), name) for text, name in lines))


@st.composite
def _cues(draw: st.DrawFn) -> list[Cue]:
    at, found = 0, []
    for _ in range(draw(st.integers(1, 8))):
        start = at + draw(st.integers(0, 5000))
        end = start + draw(st.integers(1, 300))
        lines = draw(st.lists(
            st.tuples(st.sampled_from(AWKWARD), st.sampled_from([None, "Anna", "O'Neill & Son"])),
            min_size=1, max_size=2))  # fmt: skip
        found.append(cue(start, end, *lines))
        at = end
    return found


@settings(deadline=None, max_examples=50)
@given(cues=_cues(), rate=st.sampled_from(RATES))
def test_vtt_comes_back_to_the_frame_with_words_and_speakers(
    cues: list[Cue], rate: Fraction
) -> None:
    written = write_vtt(Subtitles(cues, rate, title="A --> B", note="machine, unreviewed"))
    assert read_vtt(written.encode(), rate=rate) == cues
    seen = webvtt.WebVTT.from_string(written, strict=True).captions
    assert [html.unescape(each.text) for each in seen] == [one.text for one in cues]


@settings(deadline=None, max_examples=50)
@given(cues=_cues(), rate=st.sampled_from(RATES))
def test_srt_comes_back_to_the_frame_with_words(cues: list[Cue], rate: Fraction) -> None:
    again = read_srt(write_srt(Subtitles(cues, rate)).encode(), rate=rate)
    assert [(one.start_frame, one.end_frame, one.text) for one in again] == [
        (one.start_frame, one.end_frame, one.text) for one in cues
    ]


def test_italics_survive_both() -> None:
    said = (CueLine((Span("Listen to "), Span("that bird", True), Span(" now"))),)
    cues = [Cue(10, 60, said)]
    for write, read in ((write_vtt, read_vtt), (write_srt, read_srt)):
        assert read(write(Subtitles(cues, FILM)).encode(), rate=FILM) == cues


def test_others_read_our_srt_the_same() -> None:
    cues = [cue(24, 60, ("Who's there?", None)), cue(62, 110, ("Nobody,", None), ("really.", None))]
    written = write_srt(Subtitles(cues, FILM))
    document = srt_reader.to_model(io.StringIO(written))
    assert document is not None
    seen = pysubs2.SSAFile.from_string(written)
    assert [each.plaintext for each in seen] == ["Who's there?", "Nobody,\nreally."]
    assert [round(each.start * FILM / 1000) for each in seen] == [24, 62]


def test_our_vtt_is_read_by_ttconv() -> None:
    written = write_vtt(Subtitles([cue(24, 60, ("A < B & C", "Anna"))], FILM))
    document = vtt_reader.to_model(io.StringIO(written))
    texts = [
        each.get_text() for each in document.get_body().dfs_iterator() if hasattr(each, "get_text")
    ]
    assert "".join(texts) == "A < B & C"


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_imsc_holds_exact_frames_for_ttconv(rate: Fraction) -> None:
    from xml.etree import ElementTree

    cues = [cue(24, 60, ("A < B & C", "Anna")), cue(100_001, 100_060, ("End.", None))]
    written = write_imsc(Subtitles(cues, rate, title="T", language="en", note="unreviewed"))
    document = imsc_reader.to_model(ElementTree.ElementTree(ElementTree.fromstring(written)))
    shown = [each for each in document.get_body().dfs_iterator() if type(each).__name__ == "P"]
    assert [(each.get_begin() * rate, each.get_end() * rate) for each in shown] == [
        (24, 60), (100_001, 100_060),
    ]  # fmt: skip
    assert b'ttm:agent="agent1"' in written
    assert b"A &lt; B &amp; C" in written


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_ebu_tt_d_names_every_frame_again_and_keeps_looks_in_styles(rate: Fraction) -> None:
    cues = [cue(24, 60, ("A < B & C", "Anna")), cue(100_001, 100_060, ("End.", None))]
    written = write_ebu_tt_d(Subtitles(cues, rate, title="T", language="en", note="unreviewed"))
    root = ElementTree.fromstring(written)
    document = imsc_reader.to_model(ElementTree.ElementTree(root))
    shown = [each for each in document.get_body().dfs_iterator() if type(each).__name__ == "P"]
    assert [(round(each.get_begin() * rate), round(each.get_end() * rate)) for each in shown] == [
        (24, 60), (100_001, 100_060),
    ]  # fmt: skip
    space = "{http://www.w3.org/ns/ttml}"
    assert root.findtext(".//{urn:ebu:tt:metadata}conformsToStandard") == (
        "urn:ebu:tt:distribution:2018-04"
    )
    for each in root.find(f"{space}body").iter():
        assert not [name for name in each.attrib if "styling" in name], "styles alone have looks"
    assert "A < B & C" in "".join(root.find(f"{space}body").itertext())
    assert "frameRate" not in written.decode(), "which EBU-TT-D forbids"
    meta, name = "{http://www.w3.org/ns/ttml#metadata}", "{http://www.w3.org/XML/1998/namespace}id"
    (agent,) = root.iter(f"{meta}agent")
    assert agent.findtext(f"{meta}name") == "Anna"
    spoken = [each.get(f"{meta}agent") for each in root.iter(f"{space}span")]
    assert spoken == [agent.get(name), None]


def test_ass_names_the_speaker_and_keeps_braces_as_text() -> None:
    seen = pysubs2.SSAFile.from_string(
        write_ass(Subtitles([cue(24, 60, ("{squawk}", "Bird"), ("Two", None))], Fraction(25)))
    )
    assert (seen[0].name, seen[0].start) == ("Bird", 960)
    assert seen[0].text.count(r"\N") == 1


def test_a_transcript_to_read_has_timecodes_and_speakers() -> None:
    lines = lines_of([cue(25, 75, ("Who's there?", "Anna"))], rate=Fraction(25))
    assert write_text(
        lines, rate=Fraction(25), start_timecode="01:00:00:00", note="unreviewed"
    ) == ("unreviewed\n\n[01:00:01:00] Anna: Who's there?\n")


def test_an_imported_cue_of_two_dashes_is_two_lines() -> None:
    lines = lines_of([cue(0, 48, ("- Who?", None), ("- Me.", None))], rate=Fraction(24))
    assert [each.text for each in lines] == ["Who?", "Me."]
    assert lines[0].start == 0
    assert lines[1].end == sample_of_frame(48, Fraction(24))
    assert {word.timed for each in lines for word in each.words} == {"interpolated"}


@pytest.mark.parametrize("odd", ["\x07", "\x0b", "\ufffe", "\uffff", "\ud800"])
def test_characters_that_xml_cannot_hold_leave_in_no_format(odd: str) -> None:
    told = Subtitles(
        [cue(0, 20, (f"a{odd}b", f"An{odd}na"))], FILM, title=f"Ha{odd}rbour", note=f"by{odd}"
    )
    ElementTree.fromstring(write_imsc(told))
    written = [write_imsc(told).decode(), write_srt(told), write_vtt(told), write_ass(told)]
    assert all(odd not in text and "a\ufffdb" in text for text in written)


def test_a_sound_in_brackets_is_no_speech() -> None:
    kinds = [each.kind for each in lines_of(
        [cue(0, 9, ("[squawk]", None)), cue(9, 20, ("[sighs] Well.", None))], rate=Fraction(24)
    )]  # fmt: skip
    assert kinds == ["sound", "speech"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no SRT file"),
        (b"once upon a time", "begins with 1, and a line such as"),
        (b"1\n00:00:02,000 --> 00:00:01,000\nback\n", "ends before it begins"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n<i></i>\n", "no cue with text"),
        (b"\x00\x01\x02\x03", "no text"),
    ],
)
def test_what_is_no_srt_is_refused_in_words(data: bytes, told: str) -> None:
    with pytest.raises(SubtitleError, match=told):
        read_srt(data, rate=Fraction(24))


def test_what_is_no_vtt_is_refused_in_words() -> None:
    with pytest.raises(SubtitleError, match="first line is WEBVTT"):
        read_vtt(b"1\n00:01.000 --> 00:02.000\nx\n", rate=Fraction(24))


def test_an_old_file_of_another_encoding_is_read() -> None:
    text = "1\r\n00:00:01,000 --> 00:00:02,000\r\nDéjà vu\r\n"
    for data in (text.encode("cp1252"), text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode()):
        assert read_srt(data, rate=Fraction(24))[0].text == "Déjà vu"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"2\n00:00:03:000 --> 00:00:04:000\nlost\n", "line 6 of the SRT file, “00:00:03:000"),
        (b"00:00:03,000 --> 00:00:04,000\nlost\n", "needs a number above it"),
        (b"2\n00:00:03,000 --> 99999999999:00:04,000\nlost\n", "line 6"),
        (b"1983\n1984\n\n00:00:03,000 --> 00:00:04,000\nlost\n", "line 8"),
        (b"2\n\n00:00:75,000 --> 00:01:20,000\nlost\n", "line 7"),
    ],
)
def test_an_srt_cue_that_cannot_be_read_is_named_and_not_left_out(data: bytes, told: str) -> None:
    around = b"1\n00:00:01,000 --> 00:00:02,000\none\n\n%b\n3\n00:01:05,000 --> 00:01:06,000\nb\n"
    with pytest.raises(SubtitleError, match=told):
        read_srt(around % data, rate=Fraction(24))


@pytest.mark.parametrize(
    "times", ["00:00:03:000 --> 00:00:04:000", "3 --> 4", "00:03,000 --> 00:04,000"]
)
def test_a_vtt_cue_that_cannot_be_read_is_named_and_not_left_out(times: str) -> None:
    data = f"WEBVTT\n\n00:01.000 --> 00:02.000\none\n\n2\n{times}\ntwo\n"
    with pytest.raises(SubtitleError, match=f"line 7 of the WebVTT file, “{times}”"):
        read_vtt(data.encode(), rate=Fraction(24))


@pytest.mark.parametrize("said", ["a <!-- x --> b", "<![CDATA[x]]>", "<? x ?>", "<!x>", "</ x>"])
def test_what_would_be_a_comment_in_html_is_what_somebody_wrote(said: str) -> None:
    data = f"1\n00:00:01,000 --> 00:00:02,000\n{said}\n".encode()
    assert read_srt(data, rate=Fraction(24))[0].text == said


def test_a_cue_of_less_than_a_frame_is_kept() -> None:
    for end in ("000", "001"):
        data = f"1\n00:00:01,000 --> 00:00:01,{end}\nNow!\n".encode()
        found = read_srt(data, rate=Fraction(24))
        assert [each.text for each in lines_of(found, rate=Fraction(24))] == ["Now!"]


@pytest.mark.parametrize("head", ["1\n00:00:01,000 --> ", "WEBVTT\n\n00:00:01.000 --> "])
def test_a_cue_that_no_reader_could_follow_is_refused_before_it_is_parsed(head: str) -> None:
    read, mark = (read_vtt, ".") if head.startswith("WEBVTT") else (read_srt, ",")
    data = f"{head}00:00:02{mark}000\n{'<i ' * 20_000}\n".encode()
    began = time.process_time()
    with pytest.raises(SubtitleError, match="has 60000 characters, more than 2000"):
        read(data, rate=Fraction(24))
    assert time.process_time() - began < 5
