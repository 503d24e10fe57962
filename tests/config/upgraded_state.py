"""What this version makes of an earlier one's work, as one JSON document: run by its `shell`."""

import json
from typing import Any

from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client

from archive import custody, ledger
from archive.models import Reel
from restoration import runs
from restoration.models import Take
from review.models import Approval

PAGES = (
    *("/", "/queue/", "/catalogue/", "/work/", "/search/?q=harbour", "/collections/", "/trash/"),
    *("/account/", "/readings/", "/characters/", "/reels/1/", "/reels/1/describe/"),
    *("/reels/1/history/", "/reels/1/storyboard/", "/reels/1/transcript/", "/reels/1/cast/"),
    *("/scenes/1/", "/api/v1/reels/1"),
    *("/scans/1/proxy.mp4", "/scans/1/frames/3.png", "/takes/1/frames/3.png"),
)


def refuses_changes() -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE archive_event SET outcome = 'failure'")
    except DatabaseError:
        return True
    return False


def answers() -> dict[str, int]:
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(username="archivist"))
    return {page: client.get(page).status_code for page in PAGES}


found: dict[str, Any] = {
    "takes": Take.objects.count(),
    "approvals": list(Approval.objects.values_list("decision", flat=True)),
    "approved": [each.digest == each.take.digest for each in Approval.objects.all()],
    "faults": ledger.check_events(custody.records()),
    "events": sum(1 for _ in custody.records()),
    "guarded": refuses_changes(),
    "pages": answers(),
}
for run in runs.process_reel(Reel.objects.get(), stages=["grade"]):
    runs.execute_run(run.pk)
    run.refresh_from_db()
    found["goes on"] = run.status, run.error
found["faults after"] = ledger.check_events(custody.records())
print(json.dumps(found))  # noqa: T201
