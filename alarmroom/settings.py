"""The one settings file. Everything that differs between machines comes from the environment.

`.env.example` explains each variable. Production is the default: without DEBUG the
process refuses to start until SECRET_KEY, ALLOWED_HOSTS, SITE_URL and POSTAL_ADDRESS are
set, and until every other value is valid (alarmroom/environment.py).
"""

from datetime import timedelta
from email.utils import parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

from django.utils.csp import CSP

from alarmroom import headers, theme
from alarmroom.environment import BASE_DIR, SMTP_PORTS, Environment

env = Environment()
DEBUG = env.switch("DEBUG", default=False)
# `make run` listens here; in production gunicorn does (gunicorn.conf.py).
PORT = env.port("PORT", 8000)
SMTP_PORT = env.port("SMTP_PORT", 2525)
SECRET_KEY = env.required(
    "SECRET_KEY",
    "a long random string, for example from `openssl rand -base64 48`",
    development="development-only-" + "x" * 50 if DEBUG else None,
)
ALLOWED_HOSTS = env.hosts(
    "ALLOWED_HOSTS",
    "the host names the site answers to, such as `www.example.org`",
    development="localhost,127.0.0.1,[::1]" if DEBUG else None,
)
SITE_URL = env.site(
    "SITE_URL",
    "the address readers use, such as `https://www.example.org`; mails link to it",
    development=f"http://localhost:{PORT}" if DEBUG else None,
)
# The data directory holds everything that must be backed up.
DATA_DIR = env.folder("DATA_DIR", BASE_DIR / "var")
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    env.refuse("DATA_DIR", f"({DATA_DIR}) cannot be made ({error.strerror})", "a folder of yours")
# The publication's profiles on other sites (rel=me, and sameAs in the linked data).
SITE_PROFILES = env.pages("SITE_PROFILES")
SECRET_KEY_FALLBACKS = env.listed("SECRET_KEY_FALLBACKS")
SITE_HOST: str = urlsplit(SITE_URL).hostname or "localhost"
HTTPS = SITE_URL.startswith("https://")

# Applications

INSTALLED_APPS = [
    "alarmroom",
    "alarmroom.desk",
    "alarmroom.publication",
    "alarmroom.reads",
    "newsletter",
    "posts",
    "subscribers",
    "axes",
    "ckeditor",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "django_otp_webauthn",
    "django_tasks_db",
    "alarmroom.apps.DeskConfig",  # Django's admin, on our own site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    # First, so that it stores a page with the headers that the other middleware adds.
    "alarmroom.kept.writing.KeepPagesMiddleware",
    # Before whatever reads a query string or a form.
    "alarmroom.input.CleanInputMiddleware",
    # Before Django's own, whose headers it takes away where they say nothing.
    "alarmroom.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "alarmroom.methods.MethodsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "alarmroom.desk.signing_in.middleware.AuthenticationMiddleware",
    "alarmroom.desk.signing_in.middleware.KeepSessionsMiddleware",
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
    "default": env.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'alarmroom.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL lets readers read while the worker writes; IMMEDIATE takes the write lock at
    # BEGIN, so two writers queue for it instead of failing in the middle. FULL writes each
    # commit to the disk before it counts: the ledger must not forget a mail in a power cut
    # (docs/decisions/the-ledger-is-the-queue.md). Reads use the memory-mapped file. The page
    # cache is only needed for writes; a large one would fill with the ledger of an issue.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
            "PRAGMA mmap_size=134217728; PRAGMA cache_size=-2000;"
        ),
    }
    # A file and not memory, because tests start worker processes that need the same rows.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Opening SQLite's file and running its PRAGMAs for every request takes as long as five queries.
DATABASES["default"]["CONN_MAX_AGE"] = env.number("CONN_MAX_AGE", 60, unit="seconds")

# Language and time

LANGUAGE_CODE = "en-us"
FORMAT_MODULE_PATH = ["alarmroom.formats"]
TIME_ZONE = env.time_zone("TIME_ZONE", "America/New_York")
USE_I18N = False
USE_TZ = True

# Files

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Style sheets and scripts that are joined into one file each (alarmroom/staticfiles.py).
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
WHITENOISE_ADD_HEADERS_FUNCTION = headers.add_static_file_headers
FILE_UPLOAD_PERMISSIONS = 0o644
# A pasted document may be large, and a limit must not lose an editor's text.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
IMAGE_MAX_BYTES = 12 * 1024 * 1024
IMAGE_MAX_PIXELS = 40_000_000

# Pages that are rendered once and kept (alarmroom/kept/)

# The maximum age of a kept page: other hosts show a change after this time. 0 keeps nothing.
KEPT_PAGES_SECONDS = env.number("KEPT_PAGES_SECONDS", 0 if DEBUG else 300, unit="seconds")
# On a disk of this host; nginx may serve the same files.
KEPT_PAGES_ROOT = env.folder("KEPT_PAGES_ROOT", DATA_DIR / "pages")

# Counting reads and clicks without knowing whose (alarmroom/reads/, newsletter/clicks/)

COUNT_READS = env.switch("COUNT_READS", default=True)
# How long a process collects what it counts before it stores it; 0: until it is told to.
BUFFER_SECONDS = env.number("BUFFER_SECONDS", 5, most=60, unit="seconds")

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
# Whether a Publisher and an Administrator need a second factor (alarmroom/desk/signing_in/).
SECOND_FACTOR_REQUIRED = env.switch("SECOND_FACTOR_REQUIRED", default=not DEBUG)
# Passkeys are made for the name of SITE_URL: with another name, all of them end. What is asked of a
# browser stands in alarmroom/desk/signing_in/passkeys.py; the package's own pages are not used.
OTP_WEBAUTHN_RP_ID = SITE_HOST
OTP_WEBAUTHN_RP_NAME = "The Alarm Room"
OTP_WEBAUTHN_ALLOWED_ORIGINS = [SITE_URL]
OTP_WEBAUTHN_ALLOW_PASSWORDLESS_LOGIN = False
# The link of a mail that lets an editor choose a new password.
PASSWORD_RESET_TIMEOUT = 3600  # seconds

# Guesses at a password (alarmroom/desk/sign_in.py, docs/decisions/sign-in.md)

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_HANDLER = "alarmroom.desk.sign_in.SignInHandler"
AXES_CLIENT_IP_CALLABLE = "alarmroom.desk.sign_in.network"
# A success forgets the failures of this account from this network, and no others.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
# Whoever goes on trying does not keep an editor locked out for longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
# Its tables are read from the command line: they say where editors work.
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# Mail: transactional and bulk mail leave through separate mailers (mail reputation)

# For each answer of the server. RFC 5321 4.5.3.2 asks for ten minutes at most.
SMTP_TIMEOUT = env.number("SMTP_TIMEOUT", 30, least=1, most=3600, unit="seconds")


SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


def mailer(url: str) -> dict[str, Any]:
    """Return a MAILERS entry for an smtp://, smtp+tls:// or smtp+ssl:// URL."""
    split = urlsplit(url)
    return {
        "BACKEND": SMTP_BACKEND,
        "OPTIONS": {
            "host": split.hostname,
            "port": split.port or SMTP_PORTS[split.scheme],
            "username": unquote(split.username or ""),
            "password": unquote(split.password or ""),
            "use_tls": split.scheme == "smtp+tls",
            "use_ssl": split.scheme == "smtp+ssl",
            "timeout": SMTP_TIMEOUT,
        },
    }


SMTP_URL = env.smtp_url(
    "SMTP_URL", f"smtp://127.0.0.1:{SMTP_PORT}" if DEBUG else "smtp://localhost:25"
)
MAILERS = {
    "default": mailer(SMTP_URL),
    "bulk": mailer(env.smtp_url("BULK_SMTP_URL", SMTP_URL)),
}
# The newsletter may leave through another backend of Django's kind, as those of django-anymail.
BULK_BACKEND = env.dotted_path("BULK_BACKEND", SMTP_BACKEND)
BULK_OPTIONS = env.json_object("BULK_OPTIONS")
if BULK_BACKEND != SMTP_BACKEND:
    MAILERS["bulk"] = {"BACKEND": BULK_BACKEND, "OPTIONS": BULK_OPTIONS}
DEFAULT_FROM_EMAIL = env.sender("DEFAULT_FROM_EMAIL", f"The Alarm Room <hello@{SITE_HOST}>")
NEWSLETTER_FROM_EMAIL = env.sender(
    "NEWSLETTER_FROM_EMAIL", f"The Weekly Alarm <weekly@{SITE_HOST}>"
)
SERVER_EMAIL = env.sender("SERVER_EMAIL", DEFAULT_FROM_EMAIL)
ADMINS = env.senders("ADMINS")
# The domain of Message-IDs and of the List-Id (RFC 5322 3.6.4, RFC 2919).
MAIL_DOMAIN = env.host("MAIL_DOMAIN", SITE_HOST, "a domain, such as example.org")
# The envelope sender of the newsletter, where bounces go (RFC 5321 4.4); empty: the From.
NEWSLETTER_ENVELOPE_FROM = env.mail_address("NEWSLETTER_ENVELOPE_FROM", "")
# What parts that mailbox from the mark of one mail (bounces+d123-...@example.org), if anything.
NEWSLETTER_VERP = env.verp(
    "NEWSLETTER_VERP", NEWSLETTER_ENVELOPE_FROM or parseaddr(NEWSLETTER_FROM_EMAIL)[1], 42
)
UNSUBSCRIBE_MAILTO = env.mail_address("UNSUBSCRIBE_MAILTO", f"unsubscribe@{MAIL_DOMAIN}")
# CAN-SPAM: every newsletter carries the publisher's postal address.
PLACEHOLDER_POSTAL_ADDRESS = "The Alarm Room, P.O. Box 911, Anytown, USA"
POSTAL_ADDRESS = env.required(
    "POSTAL_ADDRESS",
    "the publisher's postal address, which CAN-SPAM asks for in every newsletter",
    development=PLACEHOLDER_POSTAL_ADDRESS if DEBUG else None,
)
FEEDBACK_ID = env.text("FEEDBACK_ID")
# It may have a parameter that names the format of the reports (RFC 9477).
CFBL_ADDRESS = env.mail_address("CFBL_ADDRESS", "", parameter=r"(; *report=x?arf)?")

# What comes back of mails (docs/feedback.md)

# The mailbox that bounces go to, and the folder there that takes what was read.
FEEDBACK_IMAP_URL = env.imap_url("FEEDBACK_IMAP_URL")
FEEDBACK_IMAP_DONE = env.text("FEEDBACK_IMAP_DONE", "Read")
# The mail services that report by webhooks, with their options (newsletter/feedback/services.py).
MAIL_SERVICES = [
    "amazon_ses",
    "brevo",
    "mailersend",
    "mailgun",
    "mailjet",
    "mailtrap",
    "mandrill",
    "postal",
    "postmark",
    "resend",
    "sendgrid",
    "sparkpost",
    "unisender_go",
]
FEEDBACK_WEBHOOKS = env.webhooks("FEEDBACK_WEBHOOKS", MAIL_SERVICES)
# A user and a password, which each of them sends.
FEEDBACK_WEBHOOK_SECRET = env.basic_auth("FEEDBACK_WEBHOOK_SECRET", needed=bool(FEEDBACK_WEBHOOKS))

# Sign-ups (subscribers/guards.py)

# Sign-ups can send this many mails to one mailbox; before each later mail is a growing pause.
SIGN_UP_MAILS_PER_ADDRESS = env.number("SIGN_UP_MAILS_PER_ADDRESS", 3, least=1, most=20)
SIGN_UPS_PER_HOUR = env.number("SIGN_UPS_PER_HOUR", 1000, least=1)
# Many people may share one network, as in a dispatch center. At most SIGN_UPS_PER_HOUR.
SIGN_UPS_PER_HOUR_AND_NETWORK = env.number(
    "SIGN_UPS_PER_HOUR_AND_NETWORK", min(50, SIGN_UPS_PER_HOUR), least=1, most=SIGN_UPS_PER_HOUR
)

# Delivery of issues (newsletter/delivery/worker.py)

# How long a worker may hold a row without a sign of life. When a lease ends while a message is
# under way, its row is called uncertain, though nobody died. So a lease outlasts one message: from
# the moment at which its row says `sending` until its outcome is known, a worker waits for the
# server three times, each time up to SMTP_TIMEOUT: DATA, the message, its answer
# (tests/newsletter/delivery/test_lease.py). The rest is for a database that is away for a moment.
# How many rows are leased at once does not matter: each one's lease begins anew with its message.
LEASE_AT_LEAST = 8 * SMTP_TIMEOUT
DELIVERY_LEASE_SECONDS = env.number(
    "DELIVERY_LEASE_SECONDS",
    max(300, LEASE_AT_LEAST),
    least=LEASE_AT_LEAST,
    unit="seconds",
    why="at least eight times SMTP_TIMEOUT, so that it outlasts one message",
)
# So many workers, at most, send one issue at once.
DELIVERY_WORKERS = env.number("DELIVERY_WORKERS", 8, least=1, most=100)
# Over so many connections to the mail server one worker sends at once.
DELIVERY_CONNECTIONS = env.number(
    "DELIVERY_CONNECTIONS",
    4 if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3" else 8,
    least=1,
    most=100,
)
# So many recipients are in one call to a mail service that merges: as many may be in doubt at once.
DELIVERY_RECIPIENTS_PER_CALL = env.number("DELIVERY_RECIPIENTS_PER_CALL", 50, least=1, most=1000)
DELIVERY_BATCH_SIZE = env.number("DELIVERY_BATCH_SIZE", 200, least=1)
# How long one task sends before it enqueues the next one, so that a worker can stop between them.
DELIVERY_SLICE_SECONDS = env.number("DELIVERY_SLICE_SECONDS", 20, least=1, unit="seconds")
# After this many final refusals in a row, the issue is paused until an editor resumes it.
DELIVERY_MAX_FAILURES_IN_A_ROW = env.number("DELIVERY_MAX_FAILURES_IN_A_ROW", 25, least=1)
# So is one of whose last 500 messages, or so, more than this share was refused.
DELIVERY_MAX_FAILED_PERCENT = env.number("DELIVERY_MAX_FAILED_PERCENT", 20, least=1, most=100)
# Whether DNS is asked which mail services take the mail of readers' domains (gateways.py).
DELIVERY_LOOKS_UP_GATEWAYS = env.switch("DELIVERY_LOOKS_UP_GATEWAYS", default=not DEBUG)
# After so many issues in a row that came back undelivered (a full mailbox, a server that is away),
# an address is suppressed. What is about the address itself counts sooner.
SOFT_BOUNCES_IN_A_ROW = env.number("SOFT_BOUNCES_IN_A_ROW", 3, least=2, most=50)

# The rows say what is to be done. A task only starts a worker on them (docs/decisions/).

TASKS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": env.tasks_backend("TASKS_BACKEND", "django_tasks_db.DatabaseBackend"),
        "QUEUES": ["default"],
    }
}
# Read by alarmroom/celery.py alone. A task that its worker did not end in so long is run by
# another one: a slice has ended then, or its worker is dead.
TASKS_BROKER_URL = env.broker_url("TASKS_BROKER_URL", "redis://localhost:6379/0")
if TASKS["default"]["BACKEND"] == "alarmroom.celery.CeleryBackend":
    TASKS["default"]["OPTIONS"] = {
        "broker_url": TASKS_BROKER_URL,
        "redeliver_after": DELIVERY_SLICE_SECONDS + DELIVERY_LEASE_SECONDS,
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
# Only on admin pages that carry the editor (posts/text/editor.py says why each is needed).
SECURE_CSP_EDITOR: dict[str, list[str]] = {
    **SECURE_CSP,
    "script-src-attr": [CSP.UNSAFE_INLINE],
    "style-src-attr": [CSP.UNSAFE_INLINE],
    "style-src-elem": [CSP.SELF, CSP.UNSAFE_INLINE],
}
# The site is always at the root of its host. Otherwise a request's headers could set a prefix for
# the links, and a kept page would show these wrong links to everybody.
FORCE_SCRIPT_NAME = ""
SECURE_SSL_REDIRECT = env.switch("SECURE_SSL_REDIRECT", default=HTTPS)
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000 if HTTPS else 0, unit="seconds")
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.switch("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.switch("SECURE_HSTS_PRELOAD", default=False)
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
BEHIND_TLS_PROXY = env.switch("BEHIND_TLS_PROXY", default=False)
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# How many of our own proxies add an entry to X-Forwarded-For (alarmroom/clients.py).
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 1 if BEHIND_TLS_PROXY else 0, most=10)
# Whether the operator confirms that a proxy reads requests whole (alarmroom/checks.py).
BUFFERING_PROXY = env.switch("BUFFERING_PROXY", default=False)
SESSION_ENGINE = "alarmroom.sessions"
# A session ends after twelve hours without use (alarmroom/desk/signing_in/sessions.py).
SESSION_COOKIE_AGE = 12 * 3600  # seconds
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
    # CKEditor 4 has no open-source successor. Its known vulnerabilities are closed, each with a
    # test: see the table in posts/text/editor.py, and tests/posts/text/test_editor.py.
    "ckeditor.W001",
    # The sign-in page itself says that it is locked (alarmroom/desk/sign_in.py), so the middleware
    # that would answer in its place is not there.
    "axes.W002",
    # An address without HTTPS has no passkeys and must start all the same: alarmroom.W005.
    "otp_webauthn.E031",
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
    "loggers": {
        "django": {"handlers": ["admins"], "level": "INFO"},
        # Every sign-in and sign-out would be several lines.
        "axes": {"level": "WARNING"},
        # Each form that it tries would be a line.
        "flufl.bounce": {"level": "WARNING"},
    },
    "root": {"handlers": ["console"], "level": env.log_level("LOG_LEVEL", "INFO")},
}

# The editor: see posts/text/editor.py. One allowlist configures CKEditor and the clean on save.
CKEDITOR_BASEPATH = f"{STATIC_URL}ckeditor/ckeditor/"

env.stop_if_wrong()
