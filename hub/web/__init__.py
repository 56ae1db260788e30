"""The site's way from an ASGI server to Django: views run in threads, and whoever only waits needs none."""
