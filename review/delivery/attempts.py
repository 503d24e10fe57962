"""One attempt at a delivery: claim it, have it assembled apart, publish or say why not."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection

from archive import stored
from archive.bucket import StoreAway
from restoration import workers
from restoration.attempts import (
    DATABASE_AWAY,
    WorkerStops,
    died,
    patiently,
    progress_seconds,
    worker_name,
)
from restoration.claims import lease
from restoration.errors import ChildFailed, LeaseLost
from restoration.stages.contract import Cancelled
from review.credentials import CredentialsError
from review.deliverables import (
    DeliveryFailed,
    DeliveryRefused,
    allowed_edition,
    circumstances,
    default_folder,
)
from review.delivery.assembler import ASSEMBLE, Assembler, Told, Trouble
from review.delivery.assembly import Assembled, Order
from review.delivery.claims import Claim, claim, give_back, renew
from review.delivery.folders import AttemptFolder
from review.delivery.publishing import end_cancelled, fail, publish, refuse, retry_or_fail
from review.edition import bring
from review.errors import ReviewError
from review.override import Override
from review.signing import identity

log = logging.getLogger(__name__)


def execute_delivery(delivery_id: int) -> None:
    """Work on a delivery until it has ended, whatever happens; return at once if it is taken."""
    claimed = claim(delivery_id, worker=worker_name())
    if claimed is None:
        log.info("delivery %s: nothing to do, it is taken or has ended", delivery_id)
        return
    Attempt(claimed).run()


@dataclass
class Attempt:
    """The watch over one child: progress in, lease renewed, cancel and loss seen."""

    claim: Claim
    told: Told = field(default_factory=lambda: Told("", 0, 0, 0.0))
    heard: float = field(default_factory=time.monotonic)
    renewed: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> AttemptFolder:
        return AttemptFolder(default_folder(), self.claim.delivery.pk, self.claim.token)

    def run(self) -> None:
        claim = self.claim
        try:
            self.deliver()
            return
        except DeliveryRefused as refused:
            reasons = [str(reason) for reason in refused.reasons]
            patiently(lambda: refuse(claim, reasons))
        except StoreAway as error:
            words = str(error)
            patiently(lambda: retry_or_fail(claim, words))
        except (ReviewError, CredentialsError, OSError) as error:
            words = str(error)
            patiently(lambda: fail(claim, words))
        except ChildFailed as error:
            words = str(error)
            patiently(lambda: retry_or_fail(claim, words))
        except Cancelled:
            patiently(lambda: end_cancelled(claim))
        except WorkerStops:
            patiently(lambda: give_back(claim))
        except LeaseLost as lost:
            log.warning("%s", lost)
        except DATABASE_AWAY as error:
            # Whether it has left is not known: the folder waits for the sweeper, which will know.
            log.error("%s: left to its lease, the database stays away (%s)", claim.delivery, error)
            return
        except Exception as error:  # A mistake of ours: said at once, not met again three times.
            log.exception("%s: could not be ended as it should", claim.delivery)
            words = f"{type(error).__name__}: {error}"
            patiently(lambda: fail(claim, words))
        stored.forget(self.folder.key)
        self.folder.remove()

    def deliver(self) -> None:
        """Raises: all that `run` puts into words."""
        delivery = self.claim.delivery
        edition = allowed_edition(
            delivery.reel,
            format=delivery.format,
            use=delivery.use,
            by=delivery.by,
            choice=delivery.choice,
            override=Override.from_json(delivery.override),
        )
        bring(edition, told=self.travels)
        self.folder.make()
        assembled = self.assemble(
            Order(
                edition,
                delivery.format,
                self.folder.path,
                circumstances(delivery.reel, delivery.by, delivery.use),
                identity(),
            )
        )
        if stored.is_used():  # Whole in the bucket before any row says that it has left.
            for file in assembled.files:
                path = self.folder.path / file.name
                stored.keep_file(path, f"{self.folder.key}/{file.name}", told=self.travels)
        patiently(lambda: publish(self.claim, edition, assembled, self.folder))

    def travels(self) -> None:
        """A file is on its way from the store, or to it."""
        self.heard = time.monotonic()
        self.watch()

    def assemble(self, order: Order) -> Assembled:
        """Have the child write the files.

        Raises: DeliveryFailed, ChildFailed, Cancelled, WorkerStops, LeaseLost.
        """
        function = getattr(settings, "DELIVERY_ASSEMBLER", ASSEMBLE)
        with Assembler(order, function=function) as child:
            while True:
                try:
                    message = child.receive(min(0.5, lease().total_seconds() / 8))
                except EOFError:
                    raise ChildFailed(died(child.exit_code(), "")) from None
                if isinstance(message, Assembled):
                    return message
                if isinstance(message, Trouble):
                    raise (DeliveryFailed if message.permanent else ChildFailed)(message.words)
                if message is not None:
                    self.told, self.heard = message, time.monotonic()
                self.watch()

    def watch(self) -> None:
        """Renew the lease while there is progress; see whether the work is still wanted."""
        if workers.stopping.is_set():
            raise WorkerStops
        now = time.monotonic()
        if now - self.heard > progress_seconds():
            raise ChildFailed(
                f"no progress for {progress_seconds():.0f} seconds; the process was ended"
            )
        if now - self.renewed < min(0.5, lease().total_seconds() / 4):
            return
        self.renewed = now
        told = self.told
        try:
            if renew(
                self.claim, step=told.step, done=told.done, total=told.total, share=told.share
            ):
                raise Cancelled
        except DATABASE_AWAY as error:
            # The work goes on: if the database is back before the lease is up, nothing is lost.
            log.warning("%s: the database is away (%s)", self.claim.delivery, error)
            connection.close()
