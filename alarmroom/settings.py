"""The one settings file. Everything that differs between machines comes from the environment.

`.env.example` explains each variable. Production is the default: without DEBUG the
process refuses to start until SECRET_KEY, ALLOWED_HOSTS and SITE_URL are set.
"""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.utils.csp import CSP

from alarmroom import theme

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
# What the environment already says wins over the file; ENV_FILE= (empty) reads none.
env_file = env.str("ENV_FILE", default=str(BASE_DIR / ".env"))
if env_file and Path(env_file).is_file():
    env.read_env(env_file)

DEBUG: bool = env.bool("DEBUG", default=False)


def required(name: str, what: str, development: str) -> str:
    """Return a setting that production must be given, or note that it is missing."""
    value: str = env.str(name, default="")
    if not value and DEBUG:
        return development
    if not value:
        missing.append(f"{name} is not set: {what}")
    return value


def port(name: str, default: int) -> int:
    """Return a TCP port, or note what is wrong with it."""
    value: str = env.str(name, default="") or str(default)
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
        missing.append(f"{name} is {value!r}: set it to a port number, such as {default}.")
        return default
    return int(value)


missing: list[str] = []
# `make run` listens here; in production gunicorn reads PORT itself (gunicorn.conf.py).
PORT = port("PORT", 8000)
SMTP_PORT = port("SMTP_PORT", 2525)
SECRET_KEY = required(
    "SECRET_KEY",
    "set it to a long random string, for example from `openssl rand -base64 48`.",
    development="development-only-" + "x" * 50,
)
ALLOWED_HOSTS = [
    host.strip()
    for host in required(
        "ALLOWED_HOSTS",
        "set it to the host names the site answers to, such as `www.example.org`.",
        development="localhost,127.0.0.1,[::1]",
    ).split(",")
    if host.strip()
]
SITE_URL = required(
    "SITE_URL",
    "set it to the address readers use, such as `https://www.example.org`; mails link to it.",
    development=f"http://localhost:{PORT}",
).rstrip("/")
if SITE_URL and urlsplit(SITE_URL).scheme not in {"http", "https"}:
    missing.append(f"SITE_URL is {SITE_URL!r}: start it with https:// (or http://).")
# The data directory holds everything that a backup must keep.
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var")))
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    missing.append(
        f"DATA_DIR ({DATA_DIR}) cannot be made ({error.strerror}): name a folder of yours."
    )
# The publication's own pages elsewhere (rel=me, and sameAs in the linked data).
SITE_PROFILES: list[str] = env.list("SITE_PROFILES", default=[])
missing += [
    f"SITE_PROFILES has {profile!r}: start each address with https://, separated by commas."
    for profile in SITE_PROFILES
    if urlsplit(profile).scheme not in {"http", "https"}
]
if missing:
    # One line each and no traceback: the reader is an operator, not a developer.
    sys.exit("\n".join(missing))

SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
SITE_HOST: str = urlsplit(SITE_URL).hostname or "localhost"
HTTPS = SITE_URL.startswith("https://")

# Applications

INSTALLED_APPS = [
    "alarmroom",
    "newsletter",
    "posts",
    "subscribers",
    "ckeditor",
    "django_tasks_db",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    # First, so that it keeps a page with every header that the others give it.
    "alarmroom.kept.KeepPagesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "alarmroom.headers.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "alarmroom.urls"
WSGI_APPLICATION = "alarmroom.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "alarmroom.context.site",
            ],
        },
    },
]
# Our own form widget templates (the editor's wrapper) may override the packages'.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

# Database: SQLite by default, PostgreSQL by DATABASE_URL

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'alarmroom.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL lets readers read while the worker writes; IMMEDIATE takes the write lock at
    # BEGIN, so two writers queue for it instead of failing in the middle.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
            "PRAGMA mmap_size=134217728; PRAGMA cache_size=-20000;"
        ),
    }
    # A file, so that the worker processes that tests start see the same rows.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Opening SQLite's file and setting it up again at every page takes as long as five queries.
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)

# Language and time

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="America/New_York")
USE_I18N = False
USE_TZ = True

# Files

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Sheets and scripts that are served as one (alarmroom/staticfiles.py).
JOINED_ROOT = DATA_DIR / "joined"
STATICFILES_FINDERS = [
    "alarmroom.staticfiles.JoinedFilesFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "alarmroom.staticfiles.ServedFilesFinder",
]
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
# Never under MEDIA_ROOT: these files are only served through signed links.
PRIVATE_ROOT = DATA_DIR / "private"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": PRIVATE_ROOT, "base_url": None},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "alarmroom.staticfiles.PrunedManifestStorage",
    },
}
WHITENOISE_MAX_AGE = 0 if DEBUG else 60
FILE_UPLOAD_PERMISSIONS = 0o644
# A pasted document may be large; the editor's text must never be lost to a limit.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
IMAGE_MAX_BYTES = 12 * 1024 * 1024
IMAGE_MAX_PIXELS = 40_000_000

# Pages that are rendered once and kept (alarmroom/kept.py)

# How old a kept page may get: the time until another host shows a change. 0 keeps nothing.
KEPT_PAGES_SECONDS = env.int("KEPT_PAGES_SECONDS", default=0 if DEBUG else 300)
# On a disk of this host; nginx may serve the same files.
KEPT_PAGES_ROOT = Path(env.str("KEPT_PAGES_ROOT", default=str(DATA_DIR / "pages")))

# Accounts

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"

# Mail: transactional and bulk mail leave through separate mailers (mail reputation)


def mailer(url: str) -> dict[str, Any]:
    """Return a MAILERS entry for an smtp://, smtp+tls:// or smtp+ssl:// URL."""
    config = environ.Env.email_url_config(url)
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": config["EMAIL_HOST"] or "localhost",
            "port": config["EMAIL_PORT"] or 25,
            "username": config["EMAIL_HOST_USER"] or "",
            "password": config["EMAIL_HOST_PASSWORD"] or "",
            "use_tls": config.get("EMAIL_USE_TLS", False),
            "use_ssl": config.get("EMAIL_USE_SSL", False),
            "timeout": env.int("SMTP_TIMEOUT", default=30),
        },
    }


SMTP_URL = env.str(
    "SMTP_URL", default=f"smtp://127.0.0.1:{SMTP_PORT}" if DEBUG else "smtp://localhost:25"
)
MAILERS = {
    "default": mailer(SMTP_URL),
    "bulk": mailer(env.str("BULK_SMTP_URL", default=SMTP_URL)),
}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"The Alarm Room <hello@{SITE_HOST}>")
NEWSLETTER_FROM_EMAIL = env.str(
    "NEWSLETTER_FROM_EMAIL", default=f"The Weekly Alarm <weekly@{SITE_HOST}>"
)
SERVER_EMAIL = env.str("SERVER_EMAIL", default=DEFAULT_FROM_EMAIL)
ADMINS: list[str] = env.list("ADMINS", default=[])
# The domain of Message-IDs and of the List-Id (RFC 5322 3.6.4, RFC 2919).
MAIL_DOMAIN = env.str("MAIL_DOMAIN", default=SITE_HOST)
# The envelope sender of the newsletter, where bounces go (RFC 5321 4.4); empty: the From.
NEWSLETTER_ENVELOPE_FROM = env.str("NEWSLETTER_ENVELOPE_FROM", default="")
UNSUBSCRIBE_MAILTO = env.str("UNSUBSCRIBE_MAILTO", default=f"unsubscribe@{MAIL_DOMAIN}")
# CAN-SPAM: every newsletter carries the publisher's postal address.
PLACEHOLDER_POSTAL_ADDRESS = "The Alarm Room, P.O. Box 911, Anytown, USA"
POSTAL_ADDRESS = env.str("POSTAL_ADDRESS", default=PLACEHOLDER_POSTAL_ADDRESS)
FEEDBACK_ID = env.str("FEEDBACK_ID", default="")
CFBL_ADDRESS = env.str("CFBL_ADDRESS", default="")

# Delivery of issues (newsletter/worker.py)

# How long a worker may hold rows without a sign of life. Longer than any SMTP timeout.
DELIVERY_LEASE_SECONDS = env.int("DELIVERY_LEASE_SECONDS", default=300)
DELIVERY_BATCH_SIZE = env.int("DELIVERY_BATCH_SIZE", default=200)
# How long one task sends before it hands over to the next, so that a worker can stop.
DELIVERY_SLICE_SECONDS = env.int("DELIVERY_SLICE_SECONDS", default=20)
# So many final refusals in a row, and the issue pauses and asks for an editor.
DELIVERY_MAX_FAILURES_IN_A_ROW = env.int("DELIVERY_MAX_FAILURES_IN_A_ROW", default=25)

# Tasks only wake the engine; the rows decide (docs/decisions/).

TASKS = {
    "default": {
        "BACKEND": env.str("TASKS_BACKEND", default="django_tasks_db.DatabaseBackend"),
        "QUEUES": ["default"],
    }
}

# Security

SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE, theme.CSP_SOURCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "frame-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "base-uri": [CSP.NONE],
}
# Only on admin pages that carry the editor (posts/editor.py says why each is needed).
SECURE_CSP_EDITOR: dict[str, list[str]] = {
    **SECURE_CSP,
    "script-src-attr": [CSP.UNSAFE_INLINE],
    "style-src-attr": [CSP.UNSAFE_INLINE],
    "style-src-elem": [CSP.SELF, CSP.UNSAFE_INLINE],
}
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=HTTPS)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=False)
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
X_FRAME_OPTIONS = "DENY"

SILENCED_SYSTEM_CHECKS = [
    # Whether subdomains speak HTTPS, and whether to ask for preloading, is for the owner of
    # the domain to decide: SECURE_HSTS_INCLUDE_SUBDOMAINS and SECURE_HSTS_PRELOAD.
    "security.W005",
    "security.W021",
    # CKEditor 4 has no open successor. Its known holes are closed, each with a test: see the
    # table in posts/editor.py, and tests/posts/test_editor.py.
    "ckeditor.W001",
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "filters": {"production": {"()": "django.utils.log.RequireDebugFalse"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line"},
        "admins": {
            "class": "django.utils.log.AdminEmailHandler",
            "level": "ERROR",
            "filters": ["production"],
        },
    },
    # Django's own console handler would write every line a second time.
    "loggers": {"django": {"handlers": ["admins"], "level": "INFO"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}

# The editor: see posts/editor.py, where one allowlist drives CKEditor and the clean on save.
CKEDITOR_BASEPATH = f"{STATIC_URL}ckeditor/ckeditor/"
