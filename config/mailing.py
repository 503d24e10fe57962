"""Mail that leaves: through which server, and as whom. None leaves unless EMAIL_HOST names one.

EMAIL_HOST, EMAIL_PORT  the server that takes mail (default: none; 587)
EMAIL_SECURITY    starttls, tls (from the first byte, port 465), or none (default: starttls)
EMAIL_USER, EMAIL_PASSWORD, EMAIL_PASSWORD_FILE   as whom it is asked, if it wants to know
EMAIL_FROM        what mails come from, as Film archive <search@example.org>
SITE_ADDRESS      where these pages are, as https://films.example.org: links in mails begin so
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.environment import env_int, env_secret

EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = env_int("EMAIL_PORT", default=587)
EMAIL_HOST_USER = os.environ.get("EMAIL_USER", "")
EMAIL_HOST_PASSWORD = env_secret("EMAIL_PASSWORD")
_SECURITY = os.environ.get("EMAIL_SECURITY", "starttls")
EMAIL_USE_TLS, EMAIL_USE_SSL = _SECURITY == "starttls", _SECURITY == "tls"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", "")
SITE_ADDRESS = os.environ.get("SITE_ADDRESS", "").rstrip("/")

if _SECURITY not in ("starttls", "tls", "none"):
    raise ImproperlyConfigured(f"EMAIL_SECURITY wants starttls, tls or none, not {_SECURITY!r}")
if SITE_ADDRESS and urlsplit(SITE_ADDRESS).scheme not in ("http", "https"):
    raise ImproperlyConfigured(f"SITE_ADDRESS wants https://..., not {SITE_ADDRESS!r}")
if EMAIL_HOST and not (DEFAULT_FROM_EMAIL and SITE_ADDRESS):
    raise ImproperlyConfigured("EMAIL_HOST wants EMAIL_FROM and SITE_ADDRESS beside it")
