"""Settings of Smart 311. What differs between places is an environment variable (.env.example)."""

import logging
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from environs import Env
from whitenoise.compress import Compressor

from smart311.tiles import tile_sources

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(BASE_DIR / ".env", recurse=False)

# Core -----------------------------------------------------------------------------------------

VAR_FOLDER = env.path("VAR_FOLDER", BASE_DIR / "var")
"""Everything that a running install writes: database, keys, rejects, collected static files."""

DATABASE_URL = env.str("DATABASE_URL", "")
IS_EMBEDDED = not DATABASE_URL
"""True in the self-contained mode that `make run` starts: our own PostgreSQL, loopback only."""

DEBUG = env.bool("DEBUG", False)


def _embedded_secret_key() -> str:
    """The key of this install, made once and readable only by its owner."""
    path = VAR_FOLDER / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(50))
        # A link fails if another process was first: every process then reads the same key.
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()


SECRET_KEY = env.str("SECRET_KEY", "")
if not SECRET_KEY:
    if not IS_EMBEDDED:
        raise ImproperlyConfigured("SECRET_KEY is not set; with DATABASE_URL set it has to be.")
    try:
        SECRET_KEY = _embedded_secret_key()
    except OSError as error:
        raise ImproperlyConfigured(
            f"Cannot write the secret key into {VAR_FOLDER} ({error.strerror}); "
            "make the folder writable or set VAR_FOLDER or SECRET_KEY."
        ) from error

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    # Before Unfold: what an empty list of the admin says is ours.
    "smart311.apps.Smart311Config",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "import_export",
    "complaints",
    "predictions",
    "dashboard",
    "smart311.admin_site.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "smart311.apps.ServedFilesConfig",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "axes",
    "corsheaders",
    "csp",
    "django_tasks",
    "django_tasks_db",
    # Last: roles take permissions of the apps before.
    "smart311.accounts",
]

MIDDLEWARE = [
    "smart311.slim.SlimMiddleware",
    "smart311.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "smart311.cors.PublicReadsCorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Before anything that reads the body.
    "smart311.bodies.BodyMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

SLIM_PREFIXES = ["/predict/", "/predict_async/"]
SLIM_MIDDLEWARE = [
    "smart311.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "smart311.cors.PublicReadsCorsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "smart311.bodies.BodyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
"""What requests below those paths pass through instead: no session, no user, no cookie."""

ROOT_URLCONF = "smart311.urls"
WSGI_APPLICATION = "smart311.wsgi.application"
APPEND_SLASH = False
"""Each route answers with and without its slash; a redirect would turn a POST into a GET."""

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Database -------------------------------------------------------------------------------------

SERVES_REQUESTS = env.bool("SERVES_REQUESTS", False)
"""Set by the web and lane processes: no request may wait on the database without end, while a
migration or an import may."""
_session_limits = (
    "-c statement_timeout=5s -c lock_timeout=3s -c idle_in_transaction_session_timeout=10s"
    if SERVES_REQUESTS
    else ""
)
_database: dict[str, Any]
if IS_EMBEDDED:
    _database = {
        "ENGINE": "smart311.embedded_postgres",
        "NAME": "smart311",
        "EMBEDDED_FOLDER": VAR_FOLDER / "postgres",
        "EMBEDDED_PATIENCE_SECONDS": 2 if SERVES_REQUESTS else 60,
    }
else:
    _database = env.dj_db_url("DATABASE_URL")
    if _database["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            f"DATABASE_URL must begin with postgres://, got the engine {_database['ENGINE']}."
        )
_database |= {
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        **_database.get("OPTIONS", {}),
        "connect_timeout": 3,
        "tcp_user_timeout": 5000,
        "options": _session_limits,
    },
}
DATABASES = {"default": _database}
MIGRATION_MODULES = {"knox": None}
"""Keys are our own model: the table that Knox would make for its own would stay empty."""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
_HOUR, _DAY = 3600, 86_400
SCHEDULE = [
    ("complaints.tasks.fold_rollups", 60),
    ("complaints.tasks.check_rollups", _DAY),
    ("complaints.tasks.resume_imports", 300),
    ("predictions.tasks.count_promises", 600),
    ("predictions.tasks.watch_forecasts", _HOUR),
    ("predictions.tasks.prune_versions", _DAY),
    ("complaints.tasks.purge_receipts", _DAY),
    ("complaints.tasks.erase_reporters", _DAY),
    ("complaints.tasks.forget_bulk_steps", _DAY),
    ("smart311.tasks.forget_old_results", _DAY),
]
"""Tasks that the workers enqueue, and every how many seconds."""
ERASE_REPORTERS_AFTER_DAYS = env.int("ERASE_REPORTERS_AFTER_DAYS", 0)
"""Days after the closing when it is forgotten who filed a complaint; 0: only by hand."""

OPEN311_NEEDS_JURISDICTION = env.bool("OPEN311_NEEDS_JURISDICTION", False)
"""Whether Open311 clients have to name the city; otherwise it is CITY unless they do."""

# Open data -----------------------------------------------------------------------------------

IMPORT_HOSTS: list[str] = env.list(
    "IMPORT_HOSTS",
    [
        "data.cityofnewyork.us",
        "data.sfgov.org",
        "data.cityofchicago.org",
        "data.lacity.org",
    ],
)
"""Portals that may be asked for data, with https and public addresses only."""
IMPORT_PRIVATE_HOSTS: list[str] = env.list("IMPORT_PRIVATE_HOSTS", [])
"""HOST:PORT of portals in one's own network: asked with plain HTTP, wherever they are."""
SOCRATA_APP_TOKEN = env.str("SOCRATA_APP_TOKEN", "")
IMPORT_MOST_MEGABYTES = env.int("IMPORT_MOST_MEGABYTES", 1024)
"""Size of an uploaded file, as it is packed."""

# Time, language -------------------------------------------------------------------------------

TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en-us"
LANGUAGES = [("en", "English"), ("es", "Español")]
"""Of the pages for everyone; the API and the admin speak English."""
USE_I18N = True

# Static files ---------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = VAR_FOLDER / "static"
STATICFILES_DIRS = [
    (prefix, BASE_DIR / "node_modules" / folder)
    for prefix, folder in {
        "echarts": "echarts/dist",
        "leaflet": "leaflet/dist",
        "h3": "h3-js/dist",
        "htmx": "htmx.org/dist",
    }.items()
]
STORAGES = {
    # Uploads wait here for a worker. With workers on several hosts, a place that all of them see.
    "imports": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR_FOLDER / "imports"},
    },
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "smart311.static_files.GzipManifestStorage"},
}

WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [*Compressor.SKIP_COMPRESS_EXTENSIONS, "map"]

# Security -------------------------------------------------------------------------------------

HAS_TLS = env.bool("HAS_TLS", False)
"""Set where a proxy in front speaks TLS: cookies become secure and HSTS is sent."""
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HAS_TLS
SECURE_HSTS_SECONDS = 31_536_000 if HAS_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HAS_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HAS_TLS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_AGE = 12 * 3600
"""A long working day, from the login on; the cookie is HttpOnly and SameSite=Lax, Django's own."""
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Ten wrong passwords from one address lock that address out of the login for a quarter of an hour,
# whatever names it tries. Not by name alone: anybody could lock out anybody.
AXES_FAILURE_LIMIT = 10
AXES_LOCKOUT_PARAMETERS = ["ip_address"]
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "smart311.client_address.login_address"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

CORS_ALLOW_ALL_ORIGINS = True
CORS_URLS_REGEX = r"^/(api/v1/|predict/|predict_async/|complaints/|open311/|openapi\.json)"
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS"]
CORS_ALLOW_HEADERS = ["accept", "if-none-match", "x-request-id"]
"""Not `authorization`: a key belongs into a program, not into somebody else's page."""
CORS_EXPOSE_HEADERS = ["ETag", "Retry-After", "X-Request-ID"]

DEFAULT_EXCEPTION_REPORTER = "smart311.logs.DiscreetReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "smart311.logs.BodiesAreSecret"
MAP_TILE_URL = env.str("MAP_TILE_URL", "")
"""Address of map tiles with {z}, {x} and {y}; empty: hexagons on plain paper, nobody else asked."""
MAP_TILE_ATTRIBUTION = env.str("MAP_TILE_ATTRIBUTION", "")
"""Who made the tiles, as HTML in a corner of the map: most tile servers ask for it."""
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", *tile_sources(MAP_TILE_URL)],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# API ------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    # The first names what a 401 asks for.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "smart311.accounts.authentication.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["smart311.throttling.RequestThrottle"],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.DjangoModelPermissionsOrAnonReadOnly"
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["smart311.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "smart311.pagination.NewestFirstPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    # `?format=` is a parameter like any other that is not known.
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "smart311.problems.exception_handler",
    "DATETIME_FORMAT": "iso-8601",
    "PAGE_SIZE": 100,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
KNOX_TOKEN_MODEL = "accounts.ApiKey"  # noqa: S105  (a model, no password)
REST_KNOX = {"TOKEN_MODEL": KNOX_TOKEN_MODEL, "TOKEN_PREFIX": "s311_"}
"""A prefix of its own lets scanners find keys that were published by mistake."""


def _limit(name: str, default: int) -> int:
    limit: int = env.int(name, default)
    if limit < 1:
        raise ImproperlyConfigured(f"{name} must be at least 1, got {limit}.")
    return limit


LIMITS_PER_MINUTE = {
    "anonymous_filing": _limit("LIMIT_ANONYMOUS_FILING", 1_200),
    "anonymous_reading": _limit("LIMIT_ANONYMOUS_READING", 12_000),
    "key_filing": _limit("LIMIT_KEY_FILING", 30_000),
    "key_reading": _limit("LIMIT_KEY_READING", 60_000),
    "anonymous_failed_keys": _limit("LIMIT_FAILED_KEYS", 60),
}
"""Requests a minute: by address without an account, by account with one."""
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
"""How many proxies stand in front, each adding to X-Forwarded-For."""
REDIS_URL = env.str("REDIS_URL", "")
"""Where limits are counted; in PostgreSQL if empty."""

SPECTACULAR_SETTINGS = {
    "TITLE": "Smart 311",
    "VERSION": "0.1.0",
    "DESCRIPTION": "City complaints in, and an honest forecast of when each will be closed.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SORT_OPERATIONS": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "smart311.georeport_schema.document_georeport",
        "smart311.problem_schema.document_problems",
        "smart311.access_schema.document_access",
        "smart311.problem_schema.order_methods",
        "smart311.schema_names.name_operations",
        "smart311.schema_names.require_alternatives",
        "smart311.schema_examples.give_examples",
    ],
    "ENUM_NAME_OVERRIDES": {
        "DistrictKind": "complaints.models.District.Kind",
        "EventKind": "complaints.models.ComplaintEvent.Kind",
        "ComplaintStatus": "complaints.models.Complaint.Status",
        "ModelStatus": "predictions.models.ModelVersion.Status",
        "WorkableStatus": ["open", "in_progress"],
        "Unit": ["hours"],
    },
}

# The forecast ---------------------------------------------------------------------------------

FORECASTER = "predictions.forecasting.ActiveModelForecaster"
"""What complaints.forecasting asks; complaints itself knows nothing of predictions."""
FORECAST_REFRESH_SECONDS = env.float("FORECAST_REFRESH_SECONDS", 2.0)
"""How often each process looks for new models, cities and types; never on the request path."""
DASHBOARD_FRESH_SECONDS = env.float("DASHBOARD_FRESH_SECONDS", 2.0)
"""How long the dashboard's readers share figures; they are the costliest to ask for."""

READINESS_CHECKS = ["smart311.health.database", "predictions.health.active_model"]
"""What /readyz asks; each answers with what is wrong, or nothing."""
READINESS_ALERTS = [
    "predictions.health.refused_model",
    "predictions.health.forecasts_fit",
    "complaints.health.rollups",
]
"""What /readyz tells beside them: trouble in spite of which requests are served."""

METRICS = [
    "smart311.metrics.build",
    "predictions.metrics.models",
    "predictions.metrics.forecasts",
]
"""What /metrics reads when it is asked; each answers with Prometheus metrics."""

CITY = env.str("CITY", "nyc")
"""Slug of the city that paths without a city name speak of."""

# Files of reference data in the admin: who may add rows uploads, who may see them downloads.
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "add"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "view"

UNFOLD = {
    "SITE_TITLE": "Smart 311",
    "SITE_HEADER": "Smart 311",
    "DASHBOARD_CALLBACK": "predictions.admin_home.home",
    "SIDEBAR": {"navigation": "smart311.admin_menu.navigation"},
    "STYLES": [lambda request: static("complaints/desk.css")],
    # The dashboard's blue.
    "COLORS": {
        "primary": {
            "50": "#eef6ff",
            "100": "#d9eaff",
            "200": "#b9d8fb",
            "300": "#8cc0f6",
            "400": "#5aa2ec",
            "500": "#2f7fd1",
            "600": "#0b5cad",
            "700": "#0a4d91",
            "800": "#0c4076",
            "900": "#12305a",
            "950": "#0a1f3d",
        }
    },
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("dashboard/icon.svg"),
        }
    ],
}

# Logging --------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "smart311.logs.DiscreetFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.log_level("LOG_LEVEL", logging.WARNING)},
}
