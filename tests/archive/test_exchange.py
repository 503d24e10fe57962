"""A description leaves as PBCore, Dublin Core and PREMIS, and comes back from the first two."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from lxml import etree

from archive import custody, description, exchange
from archive.describing import Describing
from archive.errors import DescriptionRefused
from archive.metadata.pbcore_rules import NAMESPACE, check_structure
from archive.metadata.record import NotARecord
from archive.models import Event, Reel
from tests import factories
from tests.archive.descriptions import sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def reel(archivist: Any) -> Reel:
    made = factories.make_scan(reel=factories.make_reel(access="research")).reel
    typed = Describing(
        made,
        sent(
            made,
            **{
                "title-year": "1926~", "title-country": "Norway; Sweden",
                "title-language": "nor; swe",
                "title-notes": "Boats & <nets>", "element-gauge": "35 mm",
                "element-base": "nitrate",
                "element-colour": "tinted", "element-running_speed": "16-18",
                "element-generation": "release print", "reel-footage": "305 m",
                "reel-location": "Vault 3", "variants-0-name": "Havnedag",
                "variants-0-kind": "original title", "variants-0-language": "nor",
                "credits-0-role": "director", "credits-0-name": "Anna Moe",
                "identifiers-0-source": "EIDR", "identifiers-0-value": "10.5240/1",
                "relations-0-kind": "remake of", "relations-0-to": "a film of 1911",
                "relations-1-kind": "print of", "relations-1-to": "the negative in Oslo",
                "relations-1-element": made.element_id, "relations-TOTAL_FORMS": "2",
                "rights-0-statement": "http://rightsstatements.org/vocab/InC/1.0/",
                "rights-0-holder": "Moe estate", "rights-0-term": "1926/1996",
            },
        ),
    )  # fmt: skip
    assert typed.is_valid()
    typed.save(by=archivist)
    return Reel.objects.get(pk=made.pk)


def test_pbcore_comes_back_as_it_left(reel: Reel, archivist: Any) -> None:
    written = exchange.OUT["pbcore"](reel)
    assert check_structure(etree.fromstring(written)) == []
    assert b"Vault 3" not in written and b"nor;swe" in written
    other = factories.make_reel(element=factories.make_element(title=factories.make_title("?")))

    exchange.take_in(other, exchange.read(written), by=archivist, source="reel.xml")

    was, now = description.describe(reel), description.describe(Reel.objects.get(pk=other.pk))
    assert [each.pop("element_id") for each in was["title"]["relations"]] == [
        None, reel.element_id]  # fmt: skip
    assert [each.pop("element_id") for each in now["title"]["relations"]] == [
        None, other.element_id]  # fmt: skip
    assert now["title"] == was["title"]
    assert now["element"] == was["element"]
    assert now["reel"]["footage"] == "305 m"
    event = Event.objects.get(subject=f"title:{other.title.pk}", kind="metadata modification")
    assert (event.detail["source"], event.agent.user) == ("reel.xml", archivist)
    again = exchange.take_in(
        Reel.objects.get(pk=other.pk), exchange.read(written), by=archivist, source="reel.xml"
    )
    assert again == {}, "taken in twice, nothing comes twice"


def test_dublin_core_comes_back_with_what_it_can_say(reel: Reel, archivist: Any) -> None:
    written = exchange.OUT["dc"](reel)
    other = factories.make_reel(element=factories.make_element(title=factories.make_title("?")))

    exchange.take_in(other, exchange.read(written), by=archivist, source="dc.xml")

    now = description.describe(Reel.objects.get(pk=other.pk))["title"]
    was = description.describe(reel)["title"]
    for name in ("name", "year", "country", "language", "notes", "credits", "identifiers"):
        assert now[name] == was[name], name
    assert [each["name"] for each in now["variants"]] == ["Havnedag"]


def test_premis_tells_every_event_with_its_agent(reel: Reel) -> None:
    root = etree.fromstring(exchange.OUT["premis"](reel))
    names = {"p": "http://www.loc.gov/premis/v3"}
    kinds = [etree.QName(each).localname for each in root]
    assert kinds == sorted(kinds, key=["object", "event", "agent", "rights"].index)
    told = root.findall("p:event", names)
    assert len(told) == len(list(custody.records(f"reel:{reel.pk}"))) > 0
    agents = {
        each.findtext(".//p:agentIdentifierValue", "", names)
        for each in root.findall("p:agent", names)
    }
    for event in told:
        assert event.findtext(".//p:linkingAgentIdentifierValue", "", names) in agents
    digest = reel.current_scan().sha256
    assert root.findtext(".//p:messageDigest", "", names) == digest
    assert "Moe estate" in "".join(root.find("p:rights", names).itertext())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no xml", "no XML"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "document type"),
        (b"<a/>", "no title"),
        (
            b'<pbcoreDescriptionDocument xmlns="http://www.pbcore.org/PBCore/PBCoreNamespace.html">'
            b"<pbcoreTitle>A</pbcoreTitle><pbcoreAssetDate>1926</pbcoreAssetDate><x/>"
            b"</pbcoreDescriptionDocument>",
            "x does not belong here.*pbcoreAssetDate comes too late.*pbcoreIdentifier is missing",
        ),
    ],
)
def test_what_is_no_record_is_refused_with_the_reason(data: bytes, said: str) -> None:
    with pytest.raises(NotARecord, match=said):
        exchange.read(data)


def test_a_record_is_checked_as_if_it_were_typed_and_taken_in_whole(
    reel: Reel, archivist: Any
) -> None:
    before = description.describe(reel)
    wrong = exchange.OUT["pbcore"](reel).replace(b"1926~", b"about 1926").replace(
        b"35 mm film", b"36 mm film"
    ).replace(b"Anna Moe", b"Berit Lie")  # fmt: skip

    with pytest.raises(DescriptionRefused) as refused:
        exchange.take_in(reel, exchange.read(wrong), by=archivist, source="x.xml")

    assert any("gauge" in each for each in refused.value.reasons)
    assert any("year" in each for each in refused.value.reasons)
    assert description.describe(Reel.objects.get(pk=reel.pk)) == before


def test_the_pages_give_out_and_take_in(
    client: Client, reel: Reel, archivist: Any, researcher: Any, settings: Any
) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client.force_login(researcher)
    answer = client.get(reverse("give-out", args=[reel.pk, "pbcore"]))
    assert answer.headers["Content-Type"] == "application/xml"
    assert client.get(reverse("give-out", args=[reel.pk, "premis"])).status_code == 403
    assert client.get(reverse("give-out", args=[reel.pk, "marc"])).status_code == 404
    client.force_login(archivist)
    other = factories.make_reel(element=factories.make_element(title=factories.make_title("?")))
    address = reverse("take-in", args=[other.pk])
    bad = client.post(address, {"file": SimpleUploadedFile("bad.xml", b"<a/>")}, follow=True)
    assert "bad.xml was not taken in" in bad.content.decode()
    none = client.post(address, follow=True)
    assert "Choose a file" in none.content.decode()
    client.post(address, {"file": SimpleUploadedFile("reel.xml", answer.content)})
    assert Reel.objects.get(pk=other.pk).title.name == reel.title.name


RULES = (
    ('source="EIDR"', "", "names no source"),
    ("<coverageType>Spatial<", "<coverageType>Norway<", "Spatial or Temporal"),
    (">nor;swe<", ">Norwegian<", "codes such as"),
    ("<pbcoreRelationType>remake of</pbcoreRelationType>", "", "pbcoreRelationType is missing"),
    ("<creatorRole>", "<creator>A. Moe</creator><creatorRole>", "creator may stand once"),
    ("<instantiationLocation>held by the archive</instantiationLocation>", "", "is missing"),
)


def test_each_rule_of_pbcore_is_held(reel: Reel) -> None:
    written = exchange.OUT["pbcore"](reel).decode()
    for was, now, said in RULES:
        assert was in written, was
        faults = check_structure(etree.fromstring(written.replace(was, now, 1).encode()))
        assert any(said in each for each in faults), (said, faults)


def test_pbcore_holds_against_the_published_schema_where_it_is_given(reel: Reel) -> None:
    schema = os.environ.get("PBCORE_XSD")
    if not schema:
        pytest.skip("PBCORE_XSD names no schema: that of PBCore has no licence to be kept here")
    published = etree.XMLSchema(etree.parse(schema))
    written = etree.fromstring(exchange.OUT["pbcore"](reel))
    published.assertValid(written)
    etree.SubElement(written, etree.QName(written, "invented"))
    assert not published.validate(written)


def test_a_schema_that_is_named_is_asked_of_all_that_leaves_and_comes_in(
    reel: Reel, settings: Any, tmp_path: Path, capsys: Any
) -> None:
    written = exchange.OUT["pbcore"](reel)
    settings.PBCORE_XSD = str(tmp_path / "pbcore.xsd")
    with pytest.raises(NotARecord, match="mend PBCORE_XSD"):
        exchange.read(written)
    (tmp_path / "pbcore.xsd").write_text(LAX.replace("FREE", "lax"))
    assert exchange.OUT["pbcore"](reel) == written and exchange.read(written).title
    call_command("check_pbcore")
    assert "1 document holds" in capsys.readouterr().out
    (tmp_path / "pbcore.xsd").write_text(LAX.replace("FREE", "strict"))
    with pytest.raises(NotARecord, match=r"no valid PBCore.*line \d+"):
        exchange.read(written)
    with pytest.raises(NotARecord, match="would be no valid PBCore"):
        exchange.OUT["pbcore"](reel)
    (tmp_path / "theirs.xml").write_bytes(written)
    with pytest.raises(CommandError, match="2 of 2"):
        call_command("check_pbcore", reel.pk, "--file", tmp_path / "theirs.xml")


LAX = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}">
<xs:element name="pbcoreDescriptionDocument"><xs:complexType><xs:sequence>
<xs:any processContents="FREE" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
<xs:anyAttribute processContents="lax"/></xs:complexType></xs:element></xs:schema>"""

SCHEMAS = Path(__file__).with_name("schemas")


def test_premis_mets_and_dublin_core_hold_against_the_published_schemas(reel: Reel) -> None:
    for kind, schema in (
        ("premis", "premis.xsd"), ("mets", "mets-premis.xsd"), ("dc", "oai_dc.xsd")
    ):  # fmt: skip
        published = etree.XMLSchema(etree.parse(str(SCHEMAS / schema)))
        written = etree.fromstring(exchange.OUT[kind](reel))
        published.assertValid(written)
        etree.SubElement(written, etree.QName(written, "invented"))
        assert not published.validate(written)


def test_mets_names_the_file_by_its_digest_and_holds_all_that_happened(reel: Reel) -> None:
    root = etree.fromstring(exchange.OUT["mets"](reel))
    names = {"m": "http://www.loc.gov/METS/", "p": "http://www.loc.gov/premis/v3"}
    (file,) = root.findall(".//m:fileSec//m:file", names)
    scan = reel.current_scan()
    assert scan is not None
    assert (file.get("CHECKSUM"), file.get("CHECKSUMTYPE")) == (scan.sha256, "SHA-256")
    assert len(root.findall(".//p:event", names)) == reel.events.count()
    bare = factories.make_reel()
    with pytest.raises(NotARecord, match="PBCore"):
        exchange.OUT["mets"](bare)
