"""Views only translate: read the request, call a service or selector, choose a template."""
