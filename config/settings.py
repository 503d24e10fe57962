"""Every setting of the project, in one place. What a machine may change comes from its environment.

REELPROOF_HOME    where state lives: database, takes, uploads, logs (default: var/ in the checkout)
DATABASE_URL      a PostgreSQL server of your own; else the embedded one is supervised
DATABASE_OWNER_URL  the same database as the role that owns the tables (migrations only)
SECRET_KEY        else one is made once and kept in REELPROOF_HOME
SECRET_KEY_FILE, DATABASE_URL_FILE, DATABASE_OWNER_URL_FILE, BROKER_URL_FILE, METRICS_TOKEN_FILE,
STORAGE_KEY_ID_FILE, STORAGE_SECRET_FILE
                  the same, read from a file that a secret store mounts
OIDC_ISSUER       https:// address of an institution whose people log in with its own accounts
                  (docs/security.md, with OIDC_CLIENT_ID and others that begin with OIDC_)
SECOND_STEP_FOR   roles that must log in with a code besides the password, as
                  archivist,operator; or all (docs/security.md)
LOGIN_FAILURES, LOGIN_PAUSE_MINUTES   after how many wrong passwords a name is locked, for one
                  address, and for how long (default: 5, 15)
BROKER_URL        amqp:// or redis:// of a message broker; else the database is the broker
STORAGE_URL       s3://BUCKET/PREFIX: takes, viewing copies and deliverables lie in a bucket and
                  HOME/media is a cache of them (docs/scale-out.md); else they lie in HOME
STORAGE_ENDPOINT, STORAGE_REGION, STORAGE_KEY_ID, STORAGE_SECRET   where and as whom it is asked
STORAGE_CACHE_BYTES  what of it may lie here at most (default: 50 GiB)
STORAGE_PRESIGNED, STORAGE_ADDRESS_SECONDS   yes: films come from the bucket itself (no; 300 s)
WATCH_FOLDER      a folder whose settled files are taken into custody (default: HOME/watch)
MASTER_HOME       where uploaded masters are kept (default: HOME/masters)
DELIVERY_HOME     where deliverables of the pages go (default: HOME/deliverables)
DELIVERY_POLICIES a TOML file with the archive's own rules for uses (docs/delivery.md)
CREDENTIALS_CERTIFICATES, CREDENTIALS_KEY, CREDENTIALS_DEVICE, CREDENTIALS_ALGORITHM,
CREDENTIALS_TRUST who signs what leaves, and whose signatures are believed (docs/credentials.md)
UPLOAD_LIMIT_BYTES, UPLOAD_PIECE_BYTES, DISK_RESERVE_BYTES
RUN_SPARE_BYTES   runs wait while less is free where takes are kept (default: 1 GiB; 0: never)
READINGS_DAYS     how long it is kept who looked at restricted film (default: 730)
FIXITY_DAYS, TRASH_DAYS   when masters are read again, and the trash is emptied (90; 0: never)
DEVICE            what the stages compute on (default: cpu)
PBCORE_XSD        the published schema of PBCore 2.1, where you have it (docs/description.md)
PUBLIC_CATALOGUE  yes: reels that are open to everybody are shown without logging in (docs/doors.md)
EMBED_ON          the sites that may frame an approved clip, as https://example.org (default: any)
SHARE_LINKS       no: nobody is given a link for guests, and those that there are open nothing
SHARE_LINK_DAYS   the longest that such a link may open (default: 90)
LIVE_STREAMS      open rooms that a web process tells what is new at once (default: 16)
BIOMETRICS        no: faces and voices are not told apart, and nobody is named (docs/attribution.md)
RUN_ATTEMPTS, RUN_LEASE_SECONDS, RUN_PROGRESS_SECONDS, RUN_PUBLISH_SECONDS, RUN_RESEND_SECONDS
ALLOWED_HOSTS, CSRF_TRUSTED_ORIGINS, PORT, BIND   where the pages are and who may ask for them
BEHIND_HTTPS      yes: a proxy in front speaks HTTPS; cookies are then sent over it alone
METRICS_TOKEN     who shows it may read /metrics; empty: only who may see the work, logged in
API_TOKEN_DAYS    the longest that an access token may open (default: 365; docs/api.md)
API_RATE          requests of one token or person, as 600/minute; a quarter of them writes
WEBHOOKS          yes: addresses that people name are told what happens (default: no; docs/api.md)
WEBHOOK_HTTP      yes: such addresses may be plain http:// too (default: no)
WEBHOOK_NETWORKS  networks of your own that may be told, as 10.1.0.0/16 (default: none)
EMAIL_HOST, ...   the server through which kept searches are mailed: config/mailing.py
DEBUG, LOG_LEVEL, LOG_FORMAT   line, or json: one JSON document a line (docs/operate.md)
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from config import cluster
from config.bucket_storage import bucket_storage, origin_of
from config.environment import (
    env_bool,
    env_int,
    env_issuer,
    env_list,
    env_pairs,
    env_secret,
)
from config.interface import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401  (Django reads them)
from config.mailing import *  # noqa: F403  (all of it is settings)

BASE_DIR = Path(__file__).resolve().parent.parent


def secret_key(home: Path) -> str:
    """The key from the environment, or one made once and readable by the owner alone."""
    if value := env_secret("SECRET_KEY"):
        return value
    path = home / "secret-key"
    home.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Linked into place when complete: two processes may start at once, and one key must win.
        partial = path.with_name(f"secret-key.{os.getpid()}")
        partial.touch(mode=0o600)
        partial.write_text(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(partial)
        partial.unlink()
    return path.read_text()


def databases(home: Path) -> dict[str, dict[str, Any]]:
    """The same database twice: as the application's role, and as the role that owns the tables."""
    found: dict[str, dict[str, Any]]
    if url := env_secret("DATABASE_URL"):
        urls = {"default": url, "owner": env_secret("DATABASE_OWNER_URL") or url}
        found = {alias: {**dj_database_url.parse(each)} for alias, each in urls.items()}
    else:
        embedded = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": str(cluster.find_place(home).sockets),
            "PORT": str(cluster.PORT),
            "NAME": cluster.DATABASE,
            "OPTIONS": {"prepare_threshold": 0},  # a pooler of your own server may not know any
        }
        found = {
            "default": {**embedded, "USER": cluster.APPLICATION_ROLE},
            "owner": {**embedded, "USER": cluster.OWNER_ROLE},
        }
    for alias in found.values():
        # Checked before each request, so that a database that was away is simply used again.
        alias.update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
    return found


HOME = Path(os.environ.get("REELPROOF_HOME", BASE_DIR / "var")).resolve()
MEDIA_HOME = HOME / "media"
"""Takes, proxies, stills, frame tables: what the system makes. `restoration.storage` writes."""
UPLOAD_HOME = HOME / "uploads"
WATCH_FOLDER = Path(os.environ.get("WATCH_FOLDER", HOME / "watch"))
MASTER_HOME = Path(os.environ.get("MASTER_HOME", HOME / "masters"))
"""Where masters go that came by upload; all others stay where they were registered."""
DELIVERY_HOME = Path(os.environ.get("DELIVERY_HOME", HOME / "deliverables"))
"""Where deliverables go that were asked for on the pages; the command names its own place."""
DELIVERY_POLICIES = os.environ.get("DELIVERY_POLICIES", "")
"""A file of policies beside those that come with the system; empty: there is none."""
CREDENTIALS_HOME = HOME / "credentials"
"""The test authority, which set-up makes where no certificates are named."""
CREDENTIALS_CERTIFICATES = os.environ.get("CREDENTIALS_CERTIFICATES", "")
CREDENTIALS_KEY = os.environ.get("CREDENTIALS_KEY", "")
CREDENTIALS_DEVICE = os.environ.get("CREDENTIALS_DEVICE", "")
"""A function `module:function` that signs bytes, for a key that never leaves its device."""
CREDENTIALS_ALGORITHM = os.environ.get("CREDENTIALS_ALGORITHM", "es256")
CREDENTIALS_TRUST = os.environ.get("CREDENTIALS_TRUST", "")
RUN_SPARE_BYTES = env_int("RUN_SPARE_BYTES", default=1 << 30)
READINGS_DAYS = env_int("READINGS_DAYS", default=730)
UPLOAD_LIMIT_BYTES = env_int("UPLOAD_LIMIT_BYTES", default=200 << 30)
VERIFY_LIMIT_BYTES = env_int("VERIFY_LIMIT_BYTES", default=512 << 20)
"""What the page that says what a file is reads at once."""
VERIFY_PUBLIC = env_bool("VERIFY_PUBLIC", default=False)
"""Whether strangers may ask that page too."""
VERIFY_PUBLIC_LIMIT_BYTES = env_int("VERIFY_PUBLIC_LIMIT_BYTES", default=64 << 20)
UPLOAD_PIECE_BYTES = env_int("UPLOAD_PIECE_BYTES", default=32 << 20)
VIEWING_ROWS = env_int("VIEWING_ROWS", default=1080)
FIXITY_DAYS = env_int("FIXITY_DAYS", default=90)
"""Each master is read again after so many days; 0: only when somebody asks."""
DISK_RESERVE_BYTES = env_int("DISK_RESERVE_BYTES", default=1 << 30)
"""An upload that would leave less than this on the disk is refused."""

# The engine (docs/engine.md): patience, in seconds, and how often a run is tried.
BIOMETRICS = env_bool("BIOMETRICS", default=True)
"""Whether faces and voices of people on film may be told apart."""
TRASH_DAYS = env_int("TRASH_DAYS", default=90)
PBCORE_XSD = os.environ.get("PBCORE_XSD", "")
PUBLIC_CATALOGUE = env_bool("PUBLIC_CATALOGUE", default=False)
"""Whether strangers may see the reels that an archivist opened to everybody."""
SHARE_LINKS = env_bool("SHARE_LINKS", default=True)
"""Whether archivists and reviewers may give links to guests who have no account."""
SHARE_LINK_DAYS = env_int("SHARE_LINK_DAYS", default=90)
LIVE_STREAMS = env_int("LIVE_STREAMS", default=16)
"""Each holds a thread of the web server; who gets none asks now and then."""
EMBED_ON = env_list("EMBED_ON", default="*")
DEVICE = os.environ.get("DEVICE", "cpu")
RUN_ATTEMPTS = env_int("RUN_ATTEMPTS", default=3)
RUN_LEASE_SECONDS = env_int("RUN_LEASE_SECONDS", default=30)
RUN_PROGRESS_SECONDS = env_int("RUN_PROGRESS_SECONDS", default=600)
RUN_PUBLISH_SECONDS = env_int("RUN_PUBLISH_SECONDS", default=300)
RUN_RESEND_SECONDS = env_int("RUN_RESEND_SECONDS", default=30)

DATABASES = databases(HOME)
DATABASE_IS_EMBEDDED = not env_secret("DATABASE_URL")
BROKER_URL = env_secret("BROKER_URL")
STORAGE_CACHE_BYTES = env_int("STORAGE_CACHE_BYTES", default=50 << 30)
"""Of what lies in the bucket, so much is kept here too; what runs need is fetched all the same."""
STORAGE_PRESIGNED = env_bool("STORAGE_PRESIGNED", default=False)
STORAGE_ADDRESS_SECONDS = env_int("STORAGE_ADDRESS_SECONDS", default=300)
_OF_THE_PROCESS = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {
    "default": {"BACKEND": _OF_THE_PROCESS},
    # Counts of the catalogue push out nothing else, such as how often somebody asked.
    "catalogue": {"BACKEND": _OF_THE_PROCESS, "LOCATION": "catalogue"},
}

DEBUG = env_bool("DEBUG", default=False)
SECRET_KEY = secret_key(HOME)
PORT = env_int("PORT", default=8000)
BIND = os.environ.get("BIND", "127.0.0.1")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", default="")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.sitemaps",
    "axes",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "drf_spectacular",  # for its command; rest_framework itself has nothing that is installed
    "rules.apps.AutodiscoverRulesConfig",
    "config.broker.BrokerConfig",
    "archive",
    "restoration",
    "review",
]

MIDDLEWARE = [
    "config.tracing.RequestMarkMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.security.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "archive.reading.ReadingMiddleware",
    "config.faults.StoreMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "archive.access.rights_here",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: a name that is locked is not looked at
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
]
OIDC_ISSUER = env_issuer("OIDC_ISSUER")
OIDC_CLIENT_ID = os.environ.get("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = env_secret("OIDC_CLIENT_SECRET")
OIDC_NAME = os.environ.get("OIDC_NAME", "your institution")
OIDC_SCOPES = os.environ.get("OIDC_SCOPES", "openid profile")
OIDC_ROLE_CLAIM = os.environ.get("OIDC_ROLE_CLAIM", "groups")
OIDC_ROLES = env_pairs("OIDC_ROLES")
OIDC_ONLY = env_bool("OIDC_ONLY", default=False)
if OIDC_ISSUER:
    AUTHENTICATION_BACKENDS.insert(1, "config.institution.InstitutionBackend")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    # Of older installations; made anew when their owner logs in.
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
SECOND_STEP_FOR = env_list("SECOND_STEP_FOR", default="")
"""Roles whose people log in with a code besides the password; `all` for everybody."""
AXES_FAILURE_LIMIT = env_int("LOGIN_FAILURES", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=env_int("LOGIN_PAUSE_MINUTES", default=15))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
"""By both: neither can a stranger lock out a colleague, nor one colleague a whole office."""
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "config.logging_in.client_address"
AXES_LOCKOUT_CALLABLE = "config.logging_in.locked_out"
AXES_DISABLE_ACCESS_LOG = True  # who logged in from where is kept nowhere
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "Reelproof"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"  # else the admin's own page would answer
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "config.static_files.HashedStaticFilesStorage"
        if not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
if STORAGE_URL := os.environ.get("STORAGE_URL", ""):
    STORAGES |= bucket_storage(
        STORAGE_URL,
        endpoint=os.environ.get("STORAGE_ENDPOINT", ""),
        region=os.environ.get("STORAGE_REGION", ""),
        key_id=env_secret("STORAGE_KEY_ID"),
        secret=env_secret("STORAGE_SECRET"),
    )
STORAGE_ORIGIN = origin_of(STORAGES) if STORAGE_PRESIGNED else ""
"""Where films come from that the bucket itself sends."""
MEDIA_ROOT = MEDIA_HOME
DRAMATIQ_ACTORS_MODULE = "tasks"
WHITENOISE_USE_FINDERS = DEBUG

API_TOKEN_DAYS = env_int("API_TOKEN_DAYS", default=365)
WEBHOOKS = env_bool("WEBHOOKS", default=False)
"""Whether anything of this machine is sent anywhere without being asked for."""
WEBHOOK_HTTP = env_bool("WEBHOOK_HTTP", default=False)
WEBHOOK_NETWORKS = env_list("WEBHOOK_NETWORKS", default="")
for _network in WEBHOOK_NETWORKS:
    try:
        ipaddress.ip_network(_network)
    except ValueError as error:
        raise ImproperlyConfigured(f"WEBHOOK_NETWORKS: {error}") from error
API_RATE = os.environ.get("API_RATE", "600/minute")
if not re.fullmatch(r"[1-9][0-9]{0,6}/(second|minute|hour|day)", API_RATE):
    raise ImproperlyConfigured(f"API_RATE wants a rate such as 600/minute, not {API_RATE!r}")

# Nothing of a page comes from, or goes to, another host.
BEHIND_HTTPS = env_bool("BEHIND_HTTPS", default=False)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_HTTPS
SECURE_SSL_REDIRECT = BEHIND_HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if BEHIND_HTTPS else 0
# HSTS for the neighbours (W005, W021) is for those to decide who own the domain.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_HTTPS else None

# Films are uploaded in resumable pieces, never as one form field; no other body is large.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_TEMP_DIR = None

LOG_FORMAT = os.environ.get("LOG_FORMAT", "line")
if LOG_FORMAT not in ("line", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT wants line or json, not {LOG_FORMAT!r}")
METRICS_TOKEN = env_secret("METRICS_TOKEN")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"marks": {"()": "config.tracing.Marks"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s%(marks)s: %(message)s"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s %(request_mark)s %(run)s",
            "rename_fields": {
                "asctime": "at",
                "levelname": "level",
                "name": "logger",
                "request_mark": "request",
            },
        },
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["marks"],
        }
    },
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        # It warns of each HEAD request, whose body it rightly drops, as Django expects.
        "gunicorn.http.wsgi": {"level": "ERROR"},
        "axes": {"level": "WARNING"},  # it tells of every log-in
    },
}
