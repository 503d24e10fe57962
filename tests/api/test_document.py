"""What is said of the interface is what there is: for programs, and as a page without a script."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from archive.api.document import document, in_a_line

pytestmark = pytest.mark.django_db


def test_the_document_is_valid_and_complete():
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())
    assert in_a_line().endswith("is valid.")
    told = document()
    served = Client().get("/api/v1/schema").json()
    assert served["paths"].keys() == told["paths"].keys() and len(told["paths"]) >= 35
    for path, methods in told["paths"].items():
        for method, said in methods.items():
            assert said["description"], f"{method} {path} says nothing of itself"
            assert "default" in said["responses"]


def test_the_guide_shows_every_address_and_loads_no_script():
    page = Client().get("/api/v1/").content.decode()
    assert "<script" not in page and "http://" not in page
    for path in document()["paths"]:
        assert path in page
    assert 'id="changed"' in page, "problems link here"


def test_the_guides_contents_lead_to_each_kind_by_its_subject():
    page = Client().get("/api/v1/").content.decode()
    assert "<h2>Other</h2>" not in page, "say in SUBJECTS where people look for it"
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets <= set(re.findall(r'id="([^"]+)"', page))
    kinds = {path.split("/")[3] for path in document()["paths"]}
    assert kinds <= targets and page.count('<details class="asked">') > 250
