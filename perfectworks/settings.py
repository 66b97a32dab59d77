"""The settings, read from environment variables. `.env.example` explains the variables.

The defaults are safe. With `DEBUG` off, the service does not start if a secret is missing or is the development secret,
if `PUBLIC_BASE_URL` is missing, or if the isolation level is not READ COMMITTED.
"""

from email.headerregistry import Address
from pathlib import Path
from typing import Any

from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from core.logs import logging_settings
from orgs.oauth.scopes import SCOPES
from perfectworks.environment import (
    Environment,
    require_address,
    require_contact,
    require_issuers,
    require_language,
    require_line,
    require_link,
    require_ports,
    require_read_committed,
    require_request_limit,
    require_root_path,
    require_sender,
    require_signed_webhook,
)
from perfectworks.hosts import (
    email_domain,
    host_of,
    require_cors_origins,
    require_hosts,
    require_origin,
    require_origins,
)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = Environment()

DEBUG = env.bool("DEBUG", default=False)

# --- Secrets ------------------------------------------------------------------------------------------------

DEVELOPMENT_SECRET_KEY = "django-insecure-only-for-development-and-refused-elsewhere"  # noqa: S105
MINIMUM_SECRET_LENGTH = 50
MINIMUM_METRICS_TOKEN_LENGTH = 20

SECRET_KEY = env.secret("SECRET_KEY") or (DEVELOPMENT_SECRET_KEY if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set. Set it or SECRET_KEY_FILE, or DEBUG=1 to try things.")
if not DEBUG and (SECRET_KEY.startswith("django-insecure-") or len(SECRET_KEY) < MINIMUM_SECRET_LENGTH):
    raise ImproperlyConfigured(
        f"SECRET_KEY is a development key or has less than {MINIMUM_SECRET_LENGTH} characters. Make one."
    )

# Former keys, with which sessions, links and cursors are still valid. To rotate, move SECRET_KEY to their start.
SECRET_KEY_FALLBACKS = env.keys("SECRET_KEY_FALLBACKS", default=[])
SECRET_KEYS = [SECRET_KEY, *SECRET_KEY_FALLBACKS]

# The first key signs invitation links; all keys can verify them. To rotate, add a new key at the start.
INVITATION_TOKEN_KEYS = env.keys("INVITATION_TOKEN_KEYS", default=SECRET_KEYS)
# The first key hashes addresses; lookups use all keys. To rotate, add a new key at the start.
ADDRESS_KEYS = env.keys("ADDRESS_KEYS", default=SECRET_KEYS)
# The first key encrypts stored secrets; all keys decrypt. To rotate, add a new key at the start and run
# `rotate_keys`.
ENCRYPTION_KEYS = env.keys("ENCRYPTION_KEYS", default=SECRET_KEYS)
for name, keys in (
    ("SECRET_KEY_FALLBACKS", SECRET_KEYS),
    ("INVITATION_TOKEN_KEYS", INVITATION_TOKEN_KEYS),
    ("ADDRESS_KEYS", ADDRESS_KEYS),
    ("ENCRYPTION_KEYS", ENCRYPTION_KEYS),
):
    if not DEBUG and min(map(len, keys)) < MINIMUM_SECRET_LENGTH:
        raise ImproperlyConfigured(f"{name} needs {MINIMUM_SECRET_LENGTH} characters or more per key.")

# Only for `manage.py create_first_staff`.
FIRST_STAFF_EMAIL = require_address("FIRST_STAFF_EMAIL", env.str("FIRST_STAFF_EMAIL", default=""))
FIRST_STAFF_PASSWORD = env.secret("FIRST_STAFF_PASSWORD")

# --- Addresses ----------------------------------------------------------------------------------------------

HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", default=f"http://127.0.0.1:{PORT}" if DEBUG else "")
if not PUBLIC_BASE_URL:
    raise ImproperlyConfigured("PUBLIC_BASE_URL is not set. Links in emails start with it: https://your.host.")
PUBLIC_BASE_URL = require_origin("PUBLIC_BASE_URL", PUBLIC_BASE_URL)
PUBLIC_HOST = host_of(PUBLIC_BASE_URL)
HTTPS = PUBLIC_BASE_URL.startswith("https://")

require_root_path(env.ENVIRON)
FORCE_SCRIPT_NAME = ""  # URLs start at the root, whatever a web server or a proxy says

ALLOWED_HOSTS = [PUBLIC_HOST, *require_hosts("ALLOWED_HOSTS", env.list("ALLOWED_HOSTS", default=[]))]
if DEBUG:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [
    PUBLIC_BASE_URL,
    *require_origins("CSRF_TRUSTED_ORIGINS", env.list("CSRF_TRUSTED_ORIGINS", default=[])),
]
CORS_ALLOWED_ORIGINS = require_cors_origins("CORS_ALLOWED_ORIGINS", env.list("CORS_ALLOWED_ORIGINS", default=[]))
CORS_ALLOW_HEADERS = [
    *default_headers, "idempotency-key", "if-match", "if-none-match", "traceparent", "x-api-key", "x-organization-id",
    "x-request-id",
]  # fmt: skip
CORS_EXPOSE_HEADERS = ["etag", "link", "retry-after", "x-request-id"]

# The number of proxies that append to X-Forwarded-For and set X-Forwarded-Proto. If it is 0, both are ignored.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("ALLAUTH_TRUSTED_PROXY_COUNT", default=0)

# --- Branding -----------------------------------------------------------------------------------------------

# What people see of the service and of its operator, on pages and in emails. `core.branding` reads these settings.
SERVICE_NAME = require_line("SERVICE_NAME", env.str("SERVICE_NAME", default="PerfectWorks"))
SERVICE_LOGO_URL = require_link("SERVICE_LOGO_URL", env.str("SERVICE_LOGO_URL", default=""))
OPERATOR_NAME = require_line("OPERATOR_NAME", env.str("OPERATOR_NAME", default=""))
SUPPORT_EMAIL = require_address("SUPPORT_EMAIL", env.str("SUPPORT_EMAIL", default=""))
SECURITY_CONTACT = require_contact("SECURITY_CONTACT", env.str("SECURITY_CONTACT", default=""))
SECURITY_POLICY_URL = require_link("SECURITY_POLICY_URL", env.str("SECURITY_POLICY_URL", default=""))
IMPRINT_URL = require_link("IMPRINT_URL", env.str("IMPRINT_URL", default=""))
PRIVACY_URL = require_link("PRIVACY_URL", env.str("PRIVACY_URL", default=""))

# --- Applications -------------------------------------------------------------------------------------------

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
    "accounts",  # before Django's app, so that our `changepassword` replaces Django's
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    # Our other apps come last, so that their admin registrations replace those of other apps.
    "events",
    "outbox",
    "orgs",
    "invitations",
    "webhooks",
    "perfectworks",
]

MIDDLEWARE = [
    "core.request_middleware.RequestContextMiddleware",
    "core.api.middleware.ApiErrorMiddleware",
    "core.api.middleware.ApiCorsMiddleware",
    "perfectworks.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.pages.PolicyMiddleware",
    "core.language_middleware.LanguageMiddleware",
    "core.pages.PageMiddleware",
    "core.refused_requests.RefusedRequestMiddleware",
    "core.neighbor_paths.NeighborPathMiddleware",
    "core.head_requests.HeadMiddleware",
    "accounts.sessions.SessionCookieMiddleware",
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
APPEND_SLASH = False  # `core.neighbor_paths` adds or removes a slash

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
            "libraries": {"branding": "core.branding", "relative_time": "core.relative_time"},
        },
    },
]

# The languages of pages and emails.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_CODE = require_language(env.str("LANGUAGE_CODE", default="en"), LANGUAGES)
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale_allauth"]  # locale_allauth overrides allauth's translations
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database -----------------------------------------------------------------------------------------------

SQLITE_OPTIONS = {
    # IMMEDIATE takes the write lock at BEGIN, so that concurrent writers wait instead of failing later.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # WAL allows reads during a write. FULL syncs every commit to disk, as PostgreSQL does by default; with NORMAL, a
    # power failure could lose the last commits, including queued emails.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;",
}
POSTGRESQL_OPTIONS = {
    "isolation_level": 2,  # READ COMMITTED, even if the server has another default
    "pool": {
        "min_size": 1,
        "max_size": env.int("DATABASE_POOL_SIZE", default=10),
        "timeout": 10,  # seconds; `perfectworks.wsgi` shortens it
        # After this time the pool stops its attempts to connect, and the next request causes a new one. By default, the
        # pool waits longer after each failure, and the service would be unavailable long after the database is back.
        "reconnect_timeout": 0.2,
    },
    # The server plans a statement only once if a connection sends it often. A pooler between the service and the server
    # must support prepared statements (PgBouncer 1.21 and later), or the variable must be 0.
    "server_side_binding": True,
    "prepare_threshold": 2 if env.bool("DATABASE_PREPARED_STATEMENTS", default=True) else None,
}
# A connection over which nothing arrives for so long is lost. DATABASE_URL can set other values.
POSTGRESQL_NETWORK_OPTIONS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 10_000,  # milliseconds
}

# `perfectworks.wsgi` limits the statements and the requests of web processes with it; 0 limits nothing.
WEB_STATEMENT_SECONDS = env.at_least("WEB_STATEMENT_SECONDS", 0, default=10)

# The runtime role's URL, the owner's for migrations, and a superuser's for `manage.py database_roles --run`.
DATABASE_URL = env.str("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'perfectworks.sqlite3'}")
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="")
DATABASE_ADMIN_URL = env.str("DATABASE_ADMIN_URL", default="")
SUPERUSER_ALLOWED = DEBUG  # whether the service may connect to PostgreSQL as a superuser
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'perfectworks.sqlite3'}"),
}
database = DATABASES["default"]
database_options = database.setdefault("OPTIONS", {})
if database["ENGINE"] == "django.db.backends.postgresql":
    require_read_committed(database_options)
    database["OPTIONS"] = database_options = POSTGRESQL_NETWORK_OPTIONS | database_options | POSTGRESQL_OPTIONS
    database["CONN_HEALTH_CHECKS"] = True
elif database["ENGINE"] == "django.db.backends.sqlite3":
    database_options.update(SQLITE_OPTIONS)
    Path(database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
else:
    raise ImproperlyConfigured("DATABASE_URL must begin with postgres:// or sqlite:///.")

# --- Cache --------------------------------------------------------------------------------------------------

# Only rate limits use the cache: those of sign-in and sign-up, and that of each credential. `manage.py serve` has one
# web process and needs no shared cache. Several processes need Redis. Without it, each would count its own limits.
CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
if "CACHE_URL" in env.ENVIRON and CACHES["default"]["BACKEND"] == "django.core.cache.backends.redis.RedisCache":
    from redis.backoff import NoBackoff  # importing it takes long
    from redis.retry import Retry

    # By default, a request would wait for minutes, and try again with pauses.
    CACHES["default"].setdefault("OPTIONS", {}).update(
        {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "retry": Retry(NoBackoff(), 0)}
    )

# --- Sign-in ------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.AddressBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.OwnNameValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "accounts.passwords.GuessablePasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "accounts.pages.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.pages.forms.SignInForm",
    "signup": "accounts.pages.forms.SignUpForm",
    "add_email": "accounts.pages.forms.AddAddressForm",
    "reset_password": "accounts.pages.forms.ForgottenPasswordForm",
    "reset_password_from_key": "accounts.pages.forms.PasswordResetForm",
    "change_password": "accounts.pages.forms.PasswordChangeForm",
    "set_password": "accounts.pages.forms.PasswordSetForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # signs in only the browser session that signed up
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_TOTP_ISSUER = SERVICE_NAME
ACCOUNT_RATE_LIMITS = {
    "login": None,  # SIGN_IN_LIMITS counts sign-ins
    "login_failed": None,
    "signup": "20/m/ip",  # accounts.pages.adapter.count_by_link: an emailed link counts instead of the IP address
    "reset_password": "20/m/ip,100/h/ip,5/h/key,10/d/key",
    "reset_password_from_key": "300/m/ip",  # each came by an emailed link, which works once
    "manage_email": "10/m/user,50/d/user",
}
# Emails about an account to one address, of each kind. The forms have limits of their own; this one covers all of them.
ACCOUNT_EMAIL_LIMITS = {"account_email": "5/h/key,10/d/key"}
# accounts.sign_in_limits. Attempts that succeed count only for `by_client`, because each takes the time of a hash.
SIGN_IN_LIMITS = {
    "by_client": "60/m/key",
    "wrong_by_client": "10/m/key",
    "wrong_by_client_and_account": "5/5m/key",
    "wrong_by_account": "20/h/key",  # by all clients that have not signed in to the account before; above this:
    "wrong_by_client_during_attack": "1/15m/key",
}
MFA_ADAPTER = "accounts.pages.two_factor.TwoFactorAdapter"
MFA_FORMS = {
    "authenticate": "accounts.pages.two_factor.SignInCodeForm",
    "reauthenticate": "accounts.pages.two_factor.AnotherCodeForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]  # security keys need JavaScript, which our pages do not use

# Trusted JWT issuers: one Firebase project by its id, and others as [{"issuer", "audience", "jwks_url"}].
FIREBASE_PROJECT_ID = env.str("FIREBASE_PROJECT_ID", default="")
JWT_ISSUERS = require_issuers(env.json("JWT_ISSUERS", default=[]))

# Each credential reader detects one kind of credential. The bearer token readers are tried in order.
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
# The OAuth authorization server follows RFC 9700: no implicit or password grant, PKCE with S256, tokens stored as
# hashes, refresh tokens used once, exact match of redirect URIs.
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
    "OIDC_ISS_ENDPOINT": PUBLIC_BASE_URL,  # the metadata names this issuer, not the request's host
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
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": not DEBUG,  # in DEBUG, clients may use http
}  # fmt: skip
# The first hasher is for passwords, and the last hasher is for the secrets of OAuth applications.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "accounts.hashers.GeneratedSecretHasher",
]
# For this many seconds after sign-in, a person may run operations that cannot be undone.
RECENT_SIGN_IN = env.int("RECENT_SIGN_IN", default=15 * 60)

# --- Browser security ---------------------------------------------------------------------------------------

SESSION_ENGINE = "accounts.session_store"
# A session ends this many seconds after the sign-in, however active it is.
SESSION_LIFETIME = env.at_least_one("SESSION_LIFETIME", default=30 * 86400)
# Browsers accept cookies with this prefix only from this host, with https, for all paths (RFC 6265bis). So no other
# host of the same domain can plant one.
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}session_id"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}language"
KNOWN_DEVICE_COOKIE_NAME = f"{COOKIE_PREFIX}known_device"
MESSAGE_STORAGE = "core.messages.MessageStorage"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60  # seconds
CSRF_FAILURE_VIEW = "core.pages.csrf_failure"
CSRF_COOKIE_HTTPONLY = True  # forms contain the token, so no script needs the cookie

SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# With `no-referrer`, browsers send `Origin: null` with our forms, and the CSRF check fails.
SECURE_REFERRER_POLICY = "same-origin"
# The web server itself has no HTTPS; a proxy provides it. ALLAUTH_TRUSTED_PROXY_COUNT > 0 trusts the proxy's headers.
SECURE_SSL_REDIRECT = HTTPS and ALLAUTH_TRUSTED_PROXY_COUNT > 0
if ALLAUTH_TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# W005 and W021 are silenced because we do not know whether all subdomains of the host use HTTPS.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:", *([SERVICE_LOGO_URL] if SERVICE_LOGO_URL else [])],
        "style-src": [SELF],
    },
}

# --- Email --------------------------------------------------------------------------------------------------

# EMAIL_URL for SMTP, or EMAIL_BACKEND with ANYMAIL (JSON) for a provider. By default, emails are files in var/mail/.
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="core.email_files.EmailBackend")
if "EMAIL_URL" in env.ENVIRON:
    vars().update(env.email_url("EMAIL_URL"))
EMAIL_FILE_PATH = str(VAR_DIR / "mail")
EMAIL_TIMEOUT = 10  # seconds in which the worker connects
# The worker's timeouts: first until the content is sent, then for the server's response to the content. A client that
# does not wait for that response may send an email twice, so RFC 5321, section 4.5.3.2.6, requires ten minutes.
SMTP_SECONDS_UNTIL_CONTENT = 180
SMTP_SECONDS_AFTER_CONTENT = 600
ANYMAIL: dict[str, Any] = env.json("ANYMAIL", default={})
# The provider whose delivery reports are accepted at /webhooks/mail/<provider>.
EMAIL_WEBHOOK = require_signed_webhook(env.str("EMAIL_WEBHOOK", default=""), ANYMAIL)
DEFAULT_FROM_EMAIL = require_sender(
    env.str("DEFAULT_FROM_EMAIL", default=""), default=Address(SERVICE_NAME, "no-reply", email_domain(PUBLIC_HOST))
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Sending limits -----------------------------------------------------------------------------------------

# Limits for emails to invitees: new and resent invitations, and reminders. Organizations are young for 30 days. Emails
# over a daily limit are scheduled.
ORGANIZATION_EMAILS_PER_DAY = env.at_least_one("ORGANIZATION_EMAILS_PER_DAY", default=500)
YOUNG_ORGANIZATION_EMAILS_PER_DAY = env.at_least_one("YOUNG_ORGANIZATION_EMAILS_PER_DAY", default=50)
INVITER_EMAILS_PER_DAY = env.at_least_one("INVITER_EMAILS_PER_DAY", default=500)
RECIPIENT_EMAILS_PER_HOUR = env.at_least_one("RECIPIENT_EMAILS_PER_HOUR", default=5)
OPEN_INVITATIONS_PER_ORGANIZATION = env.at_least_one("OPEN_INVITATIONS_PER_ORGANIZATION", default=200)
SCHEDULED_EMAILS_PER_ORGANIZATION = env.at_least_one("SCHEDULED_EMAILS_PER_ORGANIZATION", default=10_000)

# --- Limits on what people and organizations create -----------------------------------------------------------

ORGANIZATIONS_PER_PERSON_PER_DAY = env.at_least_one("ORGANIZATIONS_PER_PERSON_PER_DAY", default=10)
API_KEYS_PER_ORGANIZATION = env.at_least_one("API_KEYS_PER_ORGANIZATION", default=200)
OAUTH_APPLICATIONS_PER_OWNER = env.at_least_one("OAUTH_APPLICATIONS_PER_OWNER", default=50)
ROLES_PER_ORGANIZATION = env.at_least_one("ROLES_PER_ORGANIZATION", default=100)
UNITS_PER_ORGANIZATION = env.at_least_one("UNITS_PER_ORGANIZATION", default=500)
SYSTEM_USERS_PER_ORGANIZATION = env.at_least_one("SYSTEM_USERS_PER_ORGANIZATION", default=100)

# --- Retention ----------------------------------------------------------------------------------------------

# After so many days, ended invitations and events are deleted. 0 keeps them. An emailed link and its unsubscribe link
# work for 30 days at least, and the events of an open invitation say who may offer it.
INVITATION_RETENTION_DAYS = env.zero_or_at_least("INVITATION_RETENTION_DAYS", 60, default=0)
EVENT_RETENTION_DAYS = env.zero_or_at_least("EVENT_RETENTION_DAYS", 60, default=0)
# Webhooks, which can be sent again until then and are tried for three days, and emails about accounts: one day.
DELIVERY_RETENTION_DAYS = env.at_least("DELIVERY_RETENTION_DAYS", 7, default=30)

# --- Webhooks -----------------------------------------------------------------------------------------------

WEBHOOKS_PER_ORGANIZATION = env.at_least_one("WEBHOOKS_PER_ORGANIZATION", default=20)
# The ports to which webhooks are sent.
WEBHOOK_PORTS = require_ports("WEBHOOK_PORTS", env.list("WEBHOOK_PORTS", default=["443"]))
# For development: also send webhooks by http, to every port, and to hosts of this machine and its network.
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", default=False)

# --- API ----------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "core.api.errors.exception_handler",
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.api.negotiation.ContentNegotiation",
    "DEFAULT_RENDERER_CLASSES": ["core.api.envelope.EnvelopeRenderer"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.CredentialAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.credentials.CredentialAllowed"],
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.OperationSchema",
    "LIST_SERIALIZER_ERRORS_AS_DICT": True,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# The general limit of each credential, see `accounts.request_limit`. Off by default.
REQUEST_LIMIT_PER_CREDENTIAL = require_request_limit(
    "REQUEST_LIMIT_PER_CREDENTIAL",
    env.str("REQUEST_LIMIT_PER_CREDENTIAL", default=""),
    CACHES["default"]["BACKEND"],
)
if REQUEST_LIMIT_PER_CREDENTIAL:
    REST_FRAMEWORK["DEFAULT_THROTTLE_CLASSES"] = ["accounts.request_limit.CredentialThrottle"]
    MIDDLEWARE.append("accounts.request_limit.RequestLimitMiddleware")
    CORS_EXPOSE_HEADERS += ["ratelimit", "ratelimit-policy"]
SPECTACULAR_SETTINGS = {
    "TITLE": SERVICE_NAME,
    "DESCRIPTION": "Organizations, memberships, roles and invitations.\n\n"
    "Lists have pages by number (`page`) and by cursor (`after`, `before`). In a long list, use pages by cursor: each "
    "is as fast as the first page. The `Link` header has the URLs of the next and the previous one. In the list of "
    "events, `after` and `before` are numbers of events.\n\n"
    "To change only what you have seen, send the `ETag` of the resource in `If-Match`. If it has changed, the response "
    "is 412. With `If-None-Match`, a resource that you have is not sent again (304).\n\n"
    "Names and texts must not contain control characters, invisible characters, or characters that change the writing "
    "direction.",
    # The version of the APIs, not of the release: the documents are public, and generated clients keep it.
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v0",
    "PREPROCESSING_HOOKS": [
        "core.api.schema_hooks.below_prefix",
        "core.api.schema_hooks.in_urlconf_order",
    ],
    # The default hook for enumerations is left out, because it gives fields with the same name the same enumeration.
    "POSTPROCESSING_HOOKS": [
        "core.api.schema_hooks.without_internal_keys",
        "core.api.schema_hooks.without_unused_schemes",
        "core.api.schema_hooks.with_tags",
        "perfectworks.api_descriptions.with_descriptions",
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

# --- Metrics ------------------------------------------------------------------------------------------------

# GET /metrics of the web server needs this token. A worker serves its own metrics at the port. Both are off by default.
METRICS_TOKEN = env.secret("METRICS_TOKEN")
if METRICS_TOKEN and len(METRICS_TOKEN) < MINIMUM_METRICS_TOKEN_LENGTH:
    raise ImproperlyConfigured(f"METRICS_TOKEN needs {MINIMUM_METRICS_TOKEN_LENGTH} characters or more.")
METRICS_HOST = env.str("METRICS_HOST", default="127.0.0.1")
METRICS_PORT = env.at_least("METRICS_PORT", 0, default=0)

# --- Error reports ------------------------------------------------------------------------------------------

# The project at Sentry to which errors are reported, see `perfectworks.error_reports`. Off by default.
SENTRY_DSN = require_link("SENTRY_DSN", env.secret("SENTRY_DSN"))
SENTRY_ENVIRONMENT = env.str("SENTRY_ENVIRONMENT", default="production")

# --- Traces -------------------------------------------------------------------------------------------------

# Where traces are sent (OTLP over HTTP), see `perfectworks.tracing`. Off by default.
OTEL_EXPORTER_OTLP_ENDPOINT = require_link(
    "OTEL_EXPORTER_OTLP_ENDPOINT", env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
)
if OTEL_EXPORTER_OTLP_ENDPOINT:
    MIDDLEWARE.insert(1, "perfectworks.tracing.TracingMiddleware")

# --- Logs ---------------------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
LOGGING = logging_settings(LOG_LEVEL, as_json=not DEBUG)
