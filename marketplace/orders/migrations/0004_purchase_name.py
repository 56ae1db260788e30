"""Purchases keep what they were of as it was called then; older ones, as it is called now."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Coalesce


def name_old_ones(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    purchases = apps.get_model("orders", "Purchase").objects
    found = purchases.annotate(now=Coalesce("version__style__title", "creator__display_name", "listing__title"))
    for pk, name in found.values_list("pk", "now").iterator():
        purchases.filter(pk=pk).update(name=name)


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_disputes")]

    operations = [
        migrations.AddField(
            model_name="purchase",
            name="name",
            field=models.CharField(default="", max_length=80),
            preserve_default=False,
        ),
        migrations.RunPython(name_old_ones, migrations.RunPython.noop),
    ]
