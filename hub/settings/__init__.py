"""Django settings: one module for the laptop and production, which differ by environment variables alone."""

from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from hub.celery_options import CELERY_OPTIONS
from hub.config import hub_config, plugin_registry
from hub.logs import configure_logging
from hub.settings.caches import previews
from hub.settings.database import database
from hub.settings.site import site_config

hub = hub_config()
site = site_config()
configure_logging("site", hub.log_level)

BASE_DIR = Path(__file__).resolve().parents[2]
SECRET_KEY = site.secret_key
DEBUG = site.debug
ALLOWED_HOSTS = list(site.allowed_hosts)
CSRF_TRUSTED_ORIGINS = [site.url] if site.url else []

INSTALLED_APPS = [
    "marketplace.pages",  # first, so that its templates stand before those of the apps below
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "rest_framework",
    "knox",  # for the history of migrations alone: its tokens became credentials of marketplace.accounts
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_htmx",
    "csp",
    "marketplace.accounts",
    "marketplace.api",
    "marketplace.batches",
    "marketplace.catalogue",
    "marketplace.generation",
    "marketplace.ledger",
    "marketplace.openai",
    "marketplace.orders",
    "marketplace.partners",
    "marketplace.payouts",
    "marketplace.rights",
    "marketplace.stability",
    "marketplace.uploads",
    "marketplace.webhooks",
    *(plugin.django_app for plugin in plugin_registry().plugins.values() if plugin.django_app),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "marketplace.api.middleware.ApiMiddleware",
    "marketplace.pages.middleware.RefusalMiddleware",
    "marketplace.accounts.acting.ActingMiddleware",
]

ROOT_URLCONF = "hub.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketplace.pages.context.site",
            ]
        },
    }
]

DATABASES = {"default": database(site.database_url, hub.data_dir, prepare=site.database_prepare)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "previews": previews(site.cache_url or hub.broker_url),
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "display_name*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "marketplace.accounts.forms.SignupFields"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = site.email_verification
LOGIN_REDIRECT_URL = "/"
EMAIL_BACKEND = site.email_backend
EMAIL_FILE_PATH = hub.data_dir / "mail"  # read by Django's filebased backend alone
DEFAULT_FROM_EMAIL = site.email_from

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ja", _("Japanese"))]
LOCALE_PATHS = [BASE_DIR / "marketplace" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = hub.data_dir / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": site.static_backend},
}
WHITENOISE_USE_FINDERS = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        # Browsers send upload parts straight to the object store.
        "connect-src": [SELF, hub.s3_public_endpoint or hub.s3_endpoint],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = site.url.startswith("https://")
SESSION_COOKIE_SAMESITE = "Lax"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "marketplace.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "marketplace.api.permissions.HasScope",
    ],
    "DEFAULT_PARSER_CLASSES": ["marketplace.api.parsers.BoundedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["marketplace.api.renderers.PlainJSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "marketplace.api.schema.ApiSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        f"marketplace.api.limits.throttles.{name}" for name in ("KeyLimit", "PersonLimit", "AddressLimit")
    ],
    "NUM_PROXIES": site.proxies,
    "EXCEPTION_HANDLER": "marketplace.api.errors.exception_handler",
    "DEFAULT_PAGINATION_CLASS": "marketplace.api.pagination.NewestFirst",
    "PAGE_SIZE": 50,
}
KNOX_TOKEN_MODEL = "knox.AuthToken"  # noqa: S105 - a model; the default, but migrations that refer to it need it said
SPECTACULAR_SETTINGS = {
    "TITLE": "Irodori",
    "DESCRIPTION": (
        "Generate with creators' styles, and publish your own. Sums are in millionths of the currency (`_micro`), shares in "
        "1/10,000 (`_bp`), times in UTC. Every refusal has the shape of `Error`. Lists come newest first, a page at a "
        "time. Answers say in `RateLimit` how many requests are left, and to a `GET` in `ETag` what they are."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    # Kinds and states are each resource's own: named apart, they would collide.
    "POSTPROCESSING_HOOKS": ["marketplace.webhooks.openapi.add_webhooks"],
    "PATH_CONVERTER_OVERRIDES": {"id": int},
    "SCHEMA_PATH_PREFIX": "/api/v1/",  # what follows it names the group an operation is listed in
}

CELERY_BROKER_URL = hub.broker_url
for _option, _value in CELERY_OPTIONS.items():
    globals()[f"CELERY_{_option.upper()}"] = _value
# With the broker down a page must not wait for it: the row is saved, and the reaper sends what was not sent.
CELERY_BROKER_TRANSPORT_OPTIONS = {**CELERY_OPTIONS["broker_transport_options"], "max_retries": 0}
CELERY_BEAT_SCHEDULE = {
    "reap-generations": {"task": "generation.reap", "schedule": 5.0, "options": {"expires": 5}},
    "pace-batches": {"task": "generation.pace", "schedule": 1.0, "options": {"expires": 1}},
    "finish-batches": {"task": "batches.finish", "schedule": 1.0, "options": {"expires": 1}},
    "request-missing-examples": {
        "task": "generation.request_missing_examples",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "keep-the-ledger": {"task": "ledger.keep", "schedule": 60.0, "options": {"expires": 60}},
    "renew-subscriptions": {"task": "orders.renew_subscriptions", "schedule": 600.0, "options": {"expires": 600}},
    "seal-the-ledger": {"task": "ledger.seal", "schedule": 2.0, "options": {"expires": 2}},
    "seal-what-came-late": {
        "task": "ledger.seal",
        "kwargs": {"look": "late"},
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "seal-all-there-is": {
        "task": "ledger.seal",
        "kwargs": {"look": "all"},
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "issue-receipts": {"task": "partners.issue_receipts", "schedule": 10.0, "options": {"expires": 10}},
    "keep-offers": {"task": "partners.keep_offers", "schedule": 60.0, "options": {"expires": 60}},
    "pay-back-unused-images": {"task": "partners.pay_back", "schedule": 300.0, "options": {"expires": 300}},
    "close-partners-months": {"task": "partners.close_months", "schedule": 3600.0, "options": {"expires": 3600}},
    "reap-uploads": {"task": "uploads.reap", "schedule": 15.0, "options": {"expires": 15}},
    "send-webhooks": {"task": "webhooks.send_due", "schedule": 5.0, "options": {"expires": 5}},
    "keep-the-api": {"task": "api.keep", "schedule": 3600.0, "options": {"expires": 3600}},
    "keep-webhooks": {"task": "webhooks.keep", "schedule": 60.0, "options": {"expires": 60}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(hub.data_dir / "celerybeat-schedule")

HUB = hub
SITE = site
