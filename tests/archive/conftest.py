from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def media_home(tmp_path: Path, settings: Any) -> Path:
    """Where this test's derived files, uploads and masters go."""
    settings.MEDIA_HOME = tmp_path / "media"
    settings.UPLOAD_HOME = tmp_path / "uploads"
    settings.MASTER_HOME = tmp_path / "masters"
    return settings.MEDIA_HOME
