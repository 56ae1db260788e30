"""The site, for an ASGI server: pages, API and the streams of those who watch a picture being drawn."""

import os

import django

from hub.local.children import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
# The server runs this in a process of its own, which must not outlive it.
die_with_parent()
django.setup()

from hub.settings.site import site_config  # noqa: E402 - Django must be set up first
from hub.web.handler import SiteHandler  # noqa: E402 - as above

application = SiteHandler(site_config().site_threads)
