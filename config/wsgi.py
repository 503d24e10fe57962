"""What the web server calls."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

# Read every page's module now, once for all workers, and not with the first person's first request.
from django.urls import get_resolver  # noqa: E402  (after the set-up above)

_ = get_resolver().url_patterns
