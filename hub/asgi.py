"""The site, for an ASGI server: pages, API and the streams of those who watch a picture being drawn."""

import gc
import os

import django

from hub.local.children import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
# The server runs this in a process of its own, which must not outlive it.
die_with_parent()
django.setup()

from django.urls import get_resolver  # noqa: E402 - Django must be set up first

from hub.settings.site import site_config  # noqa: E402 - as above
from hub.web.handler import SiteHandler  # noqa: E402 - as above

application = SiteHandler(site_config().site_threads)

# What every request needs is here now, views too, and stays: the collector looks through it no more, which took it an
# eighth of a second, in the middle of some request, once in a few hundred.
assert get_resolver().url_patterns  # noqa: S101 - reading them imports the views
gc.collect()
gc.freeze()
