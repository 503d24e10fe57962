"""Static files under names that change with their content, so that browsers may keep them."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Also rewrites what JavaScript modules import: else a module would be loaded twice."""

    support_js_module_import_aggregation = True
