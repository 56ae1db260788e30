"""A plain DRF view that inserts one row: what any such API costs before it does anything of its own."""

import os

import dj_database_url
from django.conf import settings

settings.configure(
    DATABASES={"default": dj_database_url.parse(os.environ["HUB_DATABASE_URL"], conn_max_age=60)},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="bench",  # noqa: S106 - of a server that lives for a minute, on loopback
    ALLOWED_HOSTS=["127.0.0.1"],
)

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django must be set up first

application = get_wsgi_application()

from django.db import connection, models  # noqa: E402 - as above
from django.urls import path  # noqa: E402 - as above
from rest_framework.generics import CreateAPIView  # noqa: E402 - as above
from rest_framework.serializers import ModelSerializer  # noqa: E402 - as above


class Order(models.Model):  # noqa: DJ008 - nobody prints one
    prompt = models.TextField()

    class Meta:
        app_label = "bare"


meta = type("Meta", (), {"model": Order, "fields": ["id", "prompt"]})
serializer = type("OrderSerializer", (ModelSerializer,), {"Meta": meta})
view = CreateAPIView.as_view(serializer_class=serializer, authentication_classes=[])
urlpatterns = [path("orders", view)]
if Order._meta.db_table not in connection.introspection.table_names():
    with connection.schema_editor() as editor:
        editor.create_model(Order)
