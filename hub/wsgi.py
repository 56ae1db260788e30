"""The site, for a WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

from hub.local.children import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
# The server runs this in a process of its own, which must not outlive it.
die_with_parent()
application = get_wsgi_application()
