"""Everything the archive refuses, and why.

ArchiveError
├── AccessionRefused      the file cannot be taken in as it is
│   └── ChangedWhileRead  somebody still writes to it
├── CopyRefused           a second copy that is none
├── CustodyError          an event that must not be written
├── DescriptionChanged    somebody else saved it in between
├── DescriptionRefused    a record of another system that cannot be taken in as it is
├── ImportRefused         a table that cannot be begun, cancelled, gone on with or taken back now
├── LedgerError           a file that is no export of events
├── TokenRefused          an access token that cannot be made
├── WebhookRefused        an address that is not told anything
└── UploadError           with the HTTP status that tells a tus client
"""

from __future__ import annotations


class ArchiveError(Exception):
    """Its message says what happened and what to do next."""


class AccessionRefused(ArchiveError):
    pass


class ChangedWhileRead(AccessionRefused):
    pass


class CopyRefused(ArchiveError):
    pass


class CustodyError(ArchiveError):
    pass


class DescriptionChanged(ArchiveError):
    pass


class DescriptionRefused(ArchiveError):
    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class ImportRefused(ArchiveError):
    pass


class LedgerError(ArchiveError):
    pass


class RoleRefused(ArchiveError):
    pass


class TokenRefused(ArchiveError):
    pass


class WebhookRefused(ArchiveError):
    pass


class UploadError(ArchiveError):
    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status
