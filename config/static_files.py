"""Static files under names that change with their content, so that browsers may keep them."""

from __future__ import annotations

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

MODULE_PATTERNS = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Also rewrites what JavaScript modules import: else a module would be loaded twice."""

    support_js_module_import_aggregation = True
    # Without the last of Django's patterns, import(...): it takes a bare word for a file.
    _js_module_import_aggregation_patterns = ("*.js", MODULE_PATTERNS[1][:-1])
