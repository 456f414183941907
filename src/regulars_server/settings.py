"""Django's settings, all of them derived from `Config`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from regulars_server.config import Config, Secrets

CONFIG = Config.from_environment()
SECRETS = Secrets.of(CONFIG)
HERE = Path(__file__).resolve().parent

SECRET_KEY = SECRETS.django_key
DEBUG = False
_public = urlsplit(CONFIG.public_url)
ALLOWED_HOSTS = [_public.hostname or "localhost", *(["localhost", "127.0.0.1", "[::1]"] if CONFIG.is_loopback else [])]
CSRF_TRUSTED_ORIGINS = [CONFIG.public_url]
SECURE = _public.scheme == "https"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_HSTS_SECONDS = 365 * 86400 if SECURE else 0
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Browsers take a cookie of such a name from this very host alone, and over TLS: a page on a neighbouring host cannot plant one.
_own = "__Host-" if SECURE else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_own}regulars_session", f"{_own}regulars_csrf"
SESSION_COOKIE_AGE = 14 * 86400
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 << 20
FILE_UPLOAD_TEMP_DIR = str(CONFIG.uploads)
FILE_UPLOAD_PERMISSIONS = 0o600

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "regulars_server.shared",
    "regulars_server.team",
    "regulars_server.intake",
    "regulars_server.profiles",
    "regulars_server.loading",
    "regulars_server.serving",
    "regulars_server.jobs",
    "regulars_server.imports",
    "regulars_server.console",
]
MIDDLEWARE = [
    "regulars_server.shared.forwarded.Forwarded",
    "regulars_server.shared.protection.Protection",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Before the check of forms, which reads the whole body: a stranger's upload is refused unread.
    "regulars_server.team.access.Access",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "regulars_server.urls"
WSGI_APPLICATION = "regulars_server.wsgi.application"
AUTH_USER_MODEL = "team.User"
LOGIN_URL = "/sign-in/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "regulars_server.console.frame.frame",
            ]
        },
    }
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [HERE / "locale"]
LANGUAGE_COOKIE_NAME = "regulars_language"
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CONNECTION_SECONDS = 60
"""How old a thread's connection to a database may be. That is looked at only when the thread's next request begins or ends: one that gets none
keeps its connection."""
_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16384; "
    "PRAGMA journal_size_limit=67108864; PRAGMA secure_delete=ON;"  # who was erased must not be left in freed pages
)


def _sqlite(path: Path) -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        # To open the two files anew takes a third of the time of a small page.
        "CONN_MAX_AGE": CONNECTION_SECONDS,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": _PRAGMAS},
        "TEST": {"NAME": str(path.with_name(f"test-{path.name}"))},
    }


def _postgres(url: str, schema: str) -> dict[str, object]:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or parts.hostname or ""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "")),
        "CONN_MAX_AGE": CONNECTION_SECONDS,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**options, "options": f"-c search_path={schema}"},
        "TEST": {"NAME": f"test_{schema}"},
    }


if CONFIG.database_url:
    DATABASES = {"default": _postgres(CONFIG.database_url, "regulars"), "audit": _postgres(CONFIG.database_url, "regulars_audit")}
else:
    DATABASES = {"default": _sqlite(CONFIG.database), "audit": _sqlite(CONFIG.audit_database)}
DATABASE_ROUTERS = ["regulars_server.shared.routing.AuditRouter"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "regulars_server.shared.log_words.WithoutSecrets",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
            "secrets": [
                *(getattr(SECRETS, name) for name in SECRETS.__slots__),
                unquote(urlsplit(CONFIG.database_url or "").password or ""),
            ],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
