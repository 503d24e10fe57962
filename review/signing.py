"""Who signs what leaves here, and whose signatures are believed, from the settings."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from review.authority import Authority, require_authority
from review.credentials import CredentialsError, Identity


def identity() -> Identity:
    """The archive's own, or that of the test authority, which is made if need be.

    Raises: CredentialsError for settings that fit nothing.
    """
    certificates = str(settings.CREDENTIALS_CERTIFICATES)
    key, device = str(settings.CREDENTIALS_KEY), str(settings.CREDENTIALS_DEVICE)
    if not certificates and (key or device):
        raise CredentialsError(
            "CREDENTIALS_KEY or CREDENTIALS_DEVICE is set without CREDENTIALS_CERTIFICATES: name "
            "that file too, or none of them, to sign with the test authority"
        )
    if not certificates:
        test = _test_authority()
        return Identity(_read(test.chain), test.key, is_test=True)
    if bool(key) == bool(device):
        raise CredentialsError(
            "CREDENTIALS_CERTIFICATES needs either CREDENTIALS_KEY (a file) or CREDENTIALS_DEVICE "
            "(module:function) beside it"
        )
    algorithm = str(settings.CREDENTIALS_ALGORITHM)
    return Identity(
        _read(Path(certificates)), Path(key) if key else None, device=device, algorithm=algorithm
    )


def trusted() -> str:
    """Certificates of the authorities that are believed, PEM: CREDENTIALS_TRUST, or the test's."""
    own = str(settings.CREDENTIALS_TRUST)
    if own:
        return _read(Path(own))
    if settings.CREDENTIALS_CERTIFICATES:
        return _read(Path(settings.CREDENTIALS_CERTIFICATES))
    root = Authority(Path(settings.CREDENTIALS_HOME)).root
    return _read(root) if root.is_file() else ""


def _test_authority() -> Authority:
    try:
        return require_authority(Path(settings.CREDENTIALS_HOME))
    except OSError as error:
        raise CredentialsError(f"The test authority could not be made: {error}") from error


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsError(f"{path} cannot be read as certificates: {error}") from error
