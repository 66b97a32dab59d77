"""Every setting of the service, from the environment, safe by default. `.env.example` explains the variables.

With `DEBUG` off the program refuses to start on a missing or development secret, a missing public address, or
an isolation level other than READ COMMITTED.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from core.logs import logging_settings
from orgs.oauth.scopes import SCOPES
from perfectworks.environment import (
    Environment,
    require_issuers,
    require_language,
    require_origin,
    require_read_committed,
    require_signed_webhook,
)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = Environment()

DEBUG = env.bool("DEBUG", default=False)

# --- Secrets ------------------------------------------------------------------------------------------------

DEVELOPMENT_SECRET_KEY = "django-insecure-only-for-development-and-refused-elsewhere"  # noqa: S105
MINIMUM_SECRET_LENGTH = 50

SECRET_KEY = env.secret("SECRET_KEY") or (DEVELOPMENT_SECRET_KEY if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set. Set it or SECRET_KEY_FILE, or DEBUG=1 to try things.")
if not DEBUG and (SECRET_KEY.startswith("django-insecure-") or len(SECRET_KEY) < MINIMUM_SECRET_LENGTH):
    raise ImproperlyConfigured(
        f"SECRET_KEY is a development key or has less than {MINIMUM_SECRET_LENGTH} characters. Make one."
    )

# The first key signs invitation links, all of them verify: put a new key in front to rotate.
INVITATION_TOKEN_KEYS = env.keys("INVITATION_TOKEN_KEYS", default=SECRET_KEY)
# The first makes hashes that stand for addresses, all of them are looked for.
ADDRESS_KEYS = env.keys("ADDRESS_KEYS", default=SECRET_KEY)
for name, keys in (("INVITATION_TOKEN_KEYS", INVITATION_TOKEN_KEYS), ("ADDRESS_KEYS", ADDRESS_KEYS)):
    if not DEBUG and min(map(len, keys)) < MINIMUM_SECRET_LENGTH:
        raise ImproperlyConfigured(f"{name} needs {MINIMUM_SECRET_LENGTH} characters or more per key.")

# --- Addresses ----------------------------------------------------------------------------------------------

HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", default=f"http://127.0.0.1:{PORT}" if DEBUG else "")
if not PUBLIC_BASE_URL:
    raise ImproperlyConfigured("PUBLIC_BASE_URL is not set. Mailed links start with it: https://your.host.")
PUBLIC_BASE_URL = require_origin(PUBLIC_BASE_URL)
PUBLIC_HOST = urlsplit(PUBLIC_BASE_URL).hostname or ""
HTTPS = PUBLIC_BASE_URL.startswith("https://")

ALLOWED_HOSTS = [PUBLIC_HOST, *env.list("ALLOWED_HOSTS", default=[])]
if DEBUG:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL, *env.list("CSRF_TRUSTED_ORIGINS", default=[])]
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_ALLOW_HEADERS = [*default_headers, "idempotency-key", "x-api-key", "x-organization-id"]
CORS_EXPOSE_HEADERS = ["link", "retry-after"]

# How many proxies before us append to X-Forwarded-For and set X-Forwarded-Proto. Zero: neither is believed.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("ALLAUTH_TRUSTED_PROXY_COUNT", default=0)

# --- What is installed --------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "oauth2_provider",
    "corsheaders",
    "csp",
    "anymail",
    "perfectworks.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    # Ours come last, so that our admin pages have the last word; our templates come first by TEMPLATES.DIRS.
    "events",
    "accounts",
    "orgs",
    "invitations",
    "perfectworks",
]

MIDDLEWARE = [
    "core.api.unrouted.ApiErrorMiddleware",
    "core.api.cors.ApiCorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.pages.PolicyMiddleware",
    "core.language_middleware.LanguageMiddleware",
    "core.pages.PageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.sessions.SessionRotationMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "perfectworks.urls"
WSGI_APPLICATION = "perfectworks.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
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

# What pages and mails speak. The first word has the invitation, then the organization, then the browser.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_CODE = require_language(env.str("LANGUAGE_CODE", default="en"), LANGUAGES)
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale_allauth"]  # the second corrects a library
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database -----------------------------------------------------------------------------------------------

SQLITE_OPTIONS = {
    # IMMEDIATE takes the write lock at BEGIN, so that two writers queue instead of failing half way.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # WAL lets readers work beside the writer. FULL puts a commit on the disk before it is told, as PostgreSQL does by
    # default: NORMAL would forget the last ones, and mails with them, when the power fails.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;",
}
POSTGRESQL_OPTIONS = {
    "isolation_level": 2,  # READ COMMITTED, stated, so that a server's other default does not reach us
    "pool": {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", default=10), "timeout": 10},
}

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'perfectworks.sqlite3'}"),
}
database = DATABASES["default"]
database_options = database.setdefault("OPTIONS", {})
if database["ENGINE"] == "django.db.backends.postgresql":
    require_read_committed(database_options)
    database_options.update(POSTGRESQL_OPTIONS)
    database["CONN_HEALTH_CHECKS"] = True
elif database["ENGINE"] == "django.db.backends.sqlite3":
    database_options.update(SQLITE_OPTIONS)
    Path(database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
else:
    raise ImproperlyConfigured("DATABASE_URL must begin with postgres:// or sqlite:///.")

# --- Cache --------------------------------------------------------------------------------------------------

# Only the rate limits of signing in and up live here. The one process of `manage.py serve` needs no shared cache;
# several need Redis, or each would count for itself.
CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}

# --- Sign-in ------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "my-invitations"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "accounts.pages.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "accounts.pages.forms.SignUpForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # only in the browser session that signed up, and on to where it was going
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]  # security keys need JavaScript, which our pages do without

# Bearer tokens: one Firebase project by its id, and any issuers as [{"issuer", "audience", "jwks_url"}].
FIREBASE_PROJECT_ID = env.str("FIREBASE_PROJECT_ID", default="")
JWT_ISSUERS = require_issuers(env.json("JWT_ISSUERS", default=[]))

# A request shows one credential; each reader finds one kind. Every bearer token is tried by each of its readers.
CREDENTIAL_READERS = [
    "accounts.authentication.read_bearer",
    "accounts.authentication.read_session",
    "orgs.authentication.read_api_key",
]
BEARER_TOKEN_READERS = [
    "accounts.authentication.jwt_principal",
    "orgs.authentication.key_token_principal",
    "accounts.oauth.tokens.oauth_principal",
]
# Our own authorization server, with every gate of RFC 9700 closed: no implicit or password grant, PKCE with S256,
# tokens stored as hashes, refresh tokens used once, redirects matched to the letter.
OAUTH2_PROVIDER_APPLICATION_MODEL = "accounts.OAuthApplication"
OAUTH2_PROVIDER = {
    "SCOPES": SCOPES,
    "SCOPES_BACKEND_CLASS": "accounts.oauth.application_scopes.ApplicationScopes",
    "DEFAULT_SCOPES": ["profile", "invitations", "organizations"],
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 86400,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "OAUTH2_VALIDATOR_CLASS": "accounts.oauth.validator.OAuthValidator",
    "ALLOWED_REDIRECT_URI_SCHEMES": ["http", "https"] if DEBUG else ["https"],
    "OIDC_ISS_ENDPOINT": PUBLIC_BASE_URL,  # metadata names this service by its public address only
    "OAUTH2_TOKEN_ENDPOINT_AUTH_METHODS_SUPPORTED": ["client_secret_basic", "client_secret_post", "none"],
    "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OAUTH2_GRANT_TYPES_SUPPORTED": ["authorization_code", "client_credentials", "refresh_token"],
    "CLIENT_SECRET_HASHER": "sha256_generated",
    "PKCE_REQUIRED": True,
    **{
        f"COMPLIANT_BCP_RFC9700_{gate}": True
        for gate in (
            "IMPLICIT_GRANT", "PASSWORD_GRANT", "PKCE_METHOD", "PKCE_REQUIRED", "ACCESS_TOKEN_TRANSPORT",
            "AUTHZ_RESPONSE_ISS", "TOKEN_STORAGE", "REFRESH_TOKEN", "REDIRECT_URI_MATCHING",
        )
    },
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": not DEBUG,  # a client under development has no certificate
}  # fmt: skip
# The first hashes passwords. The last is for the secrets that we generate for OAuth applications.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "accounts.hashers.GeneratedSecretHasher",
]
# How long after signing in, in seconds, a person may do what cannot be undone.
RECENT_SIGN_IN = env.int("RECENT_SIGN_IN", default=15 * 60)

# --- Browser security ---------------------------------------------------------------------------------------

SESSION_COOKIE_NAME = "session_id"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # our forms bring the token along, so no script needs the cookie

SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# `no-referrer` would make browsers send `Origin: null` with our forms, which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
# Our web server speaks plain HTTP: https means a proxy, and its word counts once it is declared trusted.
SECURE_SSL_REDIRECT = HTTPS and ALLAUTH_TRUSTED_PROXY_COUNT > 0
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
if ALLAUTH_TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# W005, W021: whether all subdomains of the host speak HTTPS is for the operator to say, not for us.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "style-src": [SELF],
    },
}

# --- Mail ---------------------------------------------------------------------------------------------------

# EMAIL_URL for SMTP, or EMAIL_BACKEND with ANYMAIL (JSON) for a provider. Without either: files in var/mail/.
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="core.email_files.EmailBackend")
if "EMAIL_URL" in env.ENVIRON:
    vars().update(env.email_url("EMAIL_URL"))
EMAIL_FILE_PATH = str(VAR_DIR / "mail")
EMAIL_TIMEOUT = 10  # seconds, while a person waits
# The worker has more of them: for all until the content is sent, and then for the answer to it. Whoever goes before
# that answer sends a second copy of what was taken, so RFC 5321, section 4.5.3.2.6, asks for ten minutes.
SMTP_SECONDS_UNTIL_CONTENT = 180
SMTP_SECONDS_AFTER_CONTENT = 600
ANYMAIL: dict[str, Any] = env.json("ANYMAIL", default={})
# The provider whose signed reports (delivered, bounced, complained) are taken at /webhooks/mail/<its name>.
EMAIL_WEBHOOK = require_signed_webhook(env.str("EMAIL_WEBHOOK", default=""), ANYMAIL)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"PerfectWorks <no-reply@{PUBLIC_HOST}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Limits of inviting -------------------------------------------------------------------------------------

# Mails to invitees: new invitations, those sent again, and reminders together. An organization is young for 30 days.
ORGANIZATION_EMAILS_PER_DAY = env.at_least_one("ORGANIZATION_EMAILS_PER_DAY", default=500)
YOUNG_ORGANIZATION_EMAILS_PER_DAY = env.at_least_one("YOUNG_ORGANIZATION_EMAILS_PER_DAY", default=50)
INVITER_EMAILS_PER_DAY = env.at_least_one("INVITER_EMAILS_PER_DAY", default=500)
RECIPIENT_EMAILS_PER_HOUR = env.at_least_one("RECIPIENT_EMAILS_PER_HOUR", default=5)
OPEN_INVITATIONS_PER_ORGANIZATION = env.at_least_one("OPEN_INVITATIONS_PER_ORGANIZATION", default=200)

# --- API ----------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "core.api.errors.exception_handler",
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["core.api.envelope.EnvelopeRenderer"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.CredentialAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.credentials.CredentialAllowed"],
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.OperationSchema",
    "LIST_SERIALIZER_ERRORS_AS_DICT": True,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PerfectWorks",
    "DESCRIPTION": "Organizations, memberships, roles and invitations.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v0",
    "PREPROCESSING_HOOKS": [
        "core.api.schema.only_below_the_prefix",
        "core.api.schema.in_the_order_of_the_map",
    ],
    # Enumerations stay where they are used: named ones collide as soon as two fields share a name.
    "POSTPROCESSING_HOOKS": [
        "core.api.schema.without_marks",
        "core.api.schema.without_unused_schemes",
    ],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SORT_OPERATIONS": False,
}

# --- Static files -------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"] if (BASE_DIR / "static").is_dir() else []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG

# --- Logs ---------------------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
LOGGING = logging_settings(LOG_LEVEL, as_json=not DEBUG)
