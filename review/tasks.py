"""What workers do when a message arrives: one line each; the row that it names is the truth."""

from __future__ import annotations

import dramatiq

from restoration.tasks import FOREVER
from review.delivery import attempts
from review.guests import copies
from review.search import meaning


@dramatiq.actor(queue_name="cpu", max_retries=0, time_limit=FOREVER)
def deliver(delivery_id: int) -> None:
    attempts.execute_delivery(delivery_id)


@dramatiq.actor(queue_name="cpu", max_retries=3)
def learn_meaning(reel_id: int) -> None:
    meaning.learn(reel_id)


@dramatiq.actor(queue_name="cpu", max_retries=0, time_limit=FOREVER)
def make_guest_copy(shown_id: int) -> None:
    copies.make_by_message(shown_id)
