"""The second step of logging in: codes of six digits by time (RFC 6238), and ten on paper.

Kept and checked by django-otp: a code counts once, a wrong one makes the next wait longer.
"""

from __future__ import annotations

import base64
import logging

import segno
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django_otp import devices_for_user
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from archive import roles

PAPER_CODES = 10
WRONG = (
    "That code is not right, or was used before. Wait for the next one, and see that the clock of "
    "your device is right. After several wrong codes the next is looked at only some seconds later."
)

log = logging.getLogger(__name__)


def has_one(user: User) -> bool:
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def must_have_one(user: User) -> bool:
    """Whether the archive wants a second step from a role of this person, in any collection."""
    wanted = settings.SECOND_STEP_FOR
    if not wanted:
        return False
    if "all" in wanted or user.is_superuser:
        return True
    return bool(roles.of(user).anywhere() & set(wanted))


def check(user: User, code: str) -> str:
    """Use a code of the device or of the paper up. Empty if it is right, else what to do."""
    code = code.replace(" ", "").lower()
    with transaction.atomic():
        for device in devices_for_user(user, for_verify=True):
            if _fits(device, code) and device.verify_token(code):
                return ""
    log.warning("A wrong code was given for %s", user.get_username())
    return WRONG


def _fits(device: TOTPDevice | StaticDevice, code: str) -> bool:
    """Whether a code is of that device's kind: the other's patience is not to suffer for it."""
    return isinstance(device, TOTPDevice) == (code.isdecimal() and len(code) == 6)


def unconfirmed(user: User) -> TOTPDevice:
    """The device that is being set up; its secret stays the same until it is confirmed."""
    device, _ = TOTPDevice.objects.get_or_create(
        user=user, confirmed=False, defaults={"name": "app"}
    )
    return device


def confirm(user: User, code: str) -> list[str]:
    """Switch the second step on, if the app shows the right code: its codes for paper, or none."""
    with transaction.atomic():
        found = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
        if found is None or has_one(user) or not found.verify_token(code.replace(" ", "")):
            return []
        found.confirmed = True
        found.save(update_fields=["confirmed"])
        log.info("%s switched the second step on", user.get_username())
        return new_paper_codes(user)


def new_paper_codes(user: User) -> list[str]:
    """Ten codes that each work once, in place of all older ones."""
    with transaction.atomic():
        StaticDevice.objects.filter(user=user).delete()
        device = StaticDevice.objects.create(user=user, name="paper", confirmed=True)
        codes = [StaticToken.random_token() for _ in range(PAPER_CODES)]
        StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def paper_codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user).count()


def give_up(user: User) -> None:
    """Forget device and paper."""
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()
    log.warning("The second step of %s is off", user.get_username())


def secret(device: TOTPDevice) -> str:
    """What to type where no camera is, in groups of four."""
    text = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def picture(device: TOTPDevice) -> str:
    """The QR code of the secret, as an address of its own (SVG)."""
    return str(
        segno.make(device.config_url, error="m").svg_data_uri(scale=5, border=4, light="#fff")
    )
