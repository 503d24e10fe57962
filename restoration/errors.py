"""What can go wrong with scenes and runs.

RestorationError
  IllegalTransition   a run is not in the state that the change needs
  CannotStart         a run that makes no sense was asked for
    QuotaReached      the collection has used what it may
  SceneError          an edit of the cuts that makes no sense
  DrawingError        a region or a decision on a repair that fits no picture or no repair
  TranscriptRefused   a correction that does not fit the lines, or lines that are none
  CastRefused         a name that no face or character can have
  UnsafeKey           a storage key that would leave the store
  LeaseLost           this attempt's lease or token no longer holds; it may not publish
  ChildFailed         the process that computed died or fell silent
    DiskFull          there was no room to write the take
"""

from __future__ import annotations


class RestorationError(Exception):
    """Its message says what to do next and may be shown to people."""


class IllegalTransition(RestorationError):
    """A run is not in the state that the change needs."""


class CannotStart(RestorationError):
    """A run that makes no sense was asked for."""


class QuotaReached(CannotStart):
    """The run's collection has used what it may."""


class SceneError(RestorationError):
    """An edit of the cuts that makes no sense."""


class DrawingError(RestorationError):
    """A region or a decision on a repair that fits no picture or no repair."""


class TranscriptRefused(RestorationError):
    """A correction that does not fit the lines as they stand, or lines that are none."""


class CastRefused(RestorationError):
    """A name that no face or character can have."""


class UnsafeKey(RestorationError):
    """A storage key that would leave the store."""


class LeaseLost(RestorationError):
    """This attempt's lease or token no longer holds; it may not publish."""


class ChildFailed(RestorationError):
    """The process that computed died or fell silent; another attempt may do better."""


class DiskFull(ChildFailed):
    """There was no room to write the take."""
