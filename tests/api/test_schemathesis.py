"""What nobody would ask: schemathesis makes requests of the document, sound ones and others.

Each is answered without a fault of ours, with a status, a type and a shape that the document names.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from archive.api.document import document
from config.wsgi import application
from tests import factories
from tests.api.asking import Program
from tests.api.test_every_action import described
from tests.test_every_url import one_of_each

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 12
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def row_of(path: str, rows: dict[str, object]) -> object:
    """The row that an address is about, by its first word: /api/v1/notes/{id}/answer."""
    word = path.split("/")[3]
    row = rows.get(KINDS.get(word, word.removesuffix("s").replace("-", "_")), 1)
    return row if isinstance(row, int) else str(row)


KINDS = {
    "deliveries": "delivery", "trash": "trashed", "guest-links": "link", "glossary": "term",
    "protected-regions": "region", "palette-colours": "palette_entry",
    "colour-corrections": "correction", "reference-stills": "reference", "searches": "kept",
    "corrections": "correction_of_line", "terms": "word", "catalogue": "narrowing",
}  # fmt: skip
BESIDE = {
    "number": "import",
    "role": "given_role",
    "batch": "batch",
    "kind": "record",
    "character": "character",
    "photograph": "photograph",
    "member": "member",
}
"""What an address names beside the row that it is about."""


@pytest.fixture(autouse=True)
def one_connection():
    """Requests come and go inside the test's transaction, as with Django's own test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


PARTS = 4
"""Of all that there is to ask, so that one part is done within minutes."""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_request_meets_a_fault_of_ours(part, settings):
    settings.API_RATE = "1000000/second"
    archivist = factories.make_user("archivist")
    rows = one_of_each(archivist)
    rows |= described(rows)
    headers = {"Authorization": f"Bearer {Program(archivist).made.secret}"}
    api = schemathesis.openapi.from_wsgi("/api/v1/schema", application)
    faults, operations = [], list(api.get_all_operations())
    assert len(operations) == sum(len(methods) for methods in document()["paths"].values())
    for found in operations[part::PARTS]:
        for mode in MODES:
            try:
                ask_all(found.ok(), mode, rows, headers)
            except schemathesis.errors.FailureGroup as group:
                faults += [f"{found.ok().label}: {str(each)[:400]}" for each in group.exceptions]
    assert faults == []


def ask_all(operation, mode, rows: dict[str, object], headers: dict[str, str]) -> None:
    @given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case, is_known: bool) -> None:
        if is_known and case.path_parameters:
            case.path_parameters = {
                name: row_of(operation.path, rows)
                if name == "id"
                else str(rows.get(BESIDE.get(name, ""), 0))
                for name in case.path_parameters
            }
        with transaction.atomic():  # what it wrote is undone: the rows stay as they were
            response = case.call(headers=headers)
            transaction.set_rollback(True)
        case.validate_response(response, checks=CHECKS)

    with suppress(Unsatisfiable):  # an address without parameters has no wrong ones
        ask()
