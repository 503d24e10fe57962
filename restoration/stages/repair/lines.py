"""The standing lines of a segment: found once a frame, held against the frames around, mended."""

from __future__ import annotations

import cv2
import numpy as np

from restoration.stages.repair.line_follow import confirm, goes_on
from restoration.stages.repair.line_mend import MendedLines, mend_lines
from restoration.stages.repair.line_track import (
    BACK,
    Glimpse,
    follow_line,
    glimpse,
    keeps_its_own_way,
)
from restoration.stages.repair.scratch import Line, Mask, find_lines, line_mask
from restoration.stages.repair.views import Surroundings


class StandingLines:
    """Lines of the frames in a window that slides over one segment."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._found: dict[int, list[Line]] = {}
        self._sure: dict[int, list[Line]] = {}
        self._seen: dict[int, Mask] = {}
        self._glimpses: dict[int, Glimpse] = {}

    def look(self, frame: int) -> None:
        """Remember the frame's lines and how the scene goes beside them, to follow lines through.

        Frames from `BACK` before to `AHEAD` after the one that is asked about must be looked at.
        """
        if frame not in self._glimpses:
            self._glimpses[frame] = self._glimpse(frame)

    def _glimpse(self, frame: int) -> Glimpse:
        lines = self.found(frame)
        if not any(line.whole for line in lines):
            return Glimpse([])
        offsets = self._around.offsets(frame)
        sides = ([o for o in offsets if o < 0][:1], [o for o in offsets if o > 0][:1])
        near = [self._around.motion(frame, offset) for side in sides for offset in side]
        return glimpse(lines, near, self._around.view(frame).luma)

    def found(self, frame: int) -> list[Line]:
        """All lines of the frame, scratches or not; none where it is too dark or flat to judge."""
        if frame not in self._found:
            view = self._around.view(frame)
            self._found[frame] = find_lines(view.luma) if view.readable else []
        return self._found[frame]

    def standing(self, frame: int) -> list[Line]:
        """The lines that are scratches, by how they move against the scene."""
        sure = self._sure_in_two(frame)
        kept = []
        for line in self.found(frame):
            own = self._keeps_its_own_way(line, frame)
            if own or (own is None and line in sure):
                kept.append(line)
        return kept

    def _keeps_its_own_way(self, line: Line, frame: int) -> bool | None:
        """Many frames tell better than the next few, of a line that runs from top to bottom."""
        if not line.whole or frame not in self._glimpses:
            return None
        return keeps_its_own_way(follow_line(line, frame, self._glimpses))

    def _sure_in_two(self, frame: int) -> list[Line]:
        """The lines that a frame on each side tells for scratches.

        One frame alone is too little: it must be a scratch in the frame before or after as well.
        The first and the last frame of a segment have neighbours on one side only, too few to tell
        by; there a line is a scratch if it is one in the next frame.
        """
        sure = self._confirmed(frame)
        offsets = self._around.offsets(frame)
        at_end = not offsets or all(offset * offsets[0] > 0 for offset in offsets)
        if not offsets or not (sure or at_end):
            return sure
        nearest = (
            offsets[:1]
            if at_end
            else [max(o for o in offsets if o < 0), min(o for o in offsets if o > 0)]
        )
        beside = [line for offset in nearest for line in self._confirmed(frame + offset)]
        lines = self.found(frame) if at_end else sure
        return [line for line in lines if any(goes_on(line, near) for near in beside)]

    def _confirmed(self, frame: int) -> list[Line]:
        if frame not in self._sure:
            lines = self.found(frame)
            offsets = self._around.offsets(frame) if lines else []
            motions = [self._around.motion(frame, offset) for offset in offsets]
            others = [self.found(frame + offset) for offset in offsets]
            luma = self._around.view(frame).luma
            self._sure[frame] = [line for line in lines if confirm(line, others, motions, luma)]
        return self._sure[frame]

    def mend(self, frame: int) -> MendedLines | None:
        """What to do about the scratches of the frame; None if it has none."""
        lines = self.standing(frame)
        view = self._around.view(frame)
        return mend_lines(view.picture, lines, view.luma.shape) if lines else None

    def seen(self, frame: int) -> Mask:
        """Where the frame shows any line, (H, W) bool at the size of the scan.

        Lines that were not sure enough to be repaired are still no source for others.
        """
        if frame not in self._seen:
            view = self._around.view(frame)
            mask = line_mask(view.luma.shape, self.found(frame), margin=1)
            if mask.shape != view.shape:
                size = (view.shape[1], view.shape[0])
                larger = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
                mask = np.asarray(larger.astype(bool))
            self._seen[frame] = mask
        return self._seen[frame]

    def forget_before(self, frame: int) -> None:
        for gone in [held for held in self._found if held < frame]:
            del self._found[gone]
            self._seen.pop(gone, None)
            self._sure.pop(gone, None)
        for gone in [held for held in self._glimpses if held < frame - BACK]:
            del self._glimpses[gone]
