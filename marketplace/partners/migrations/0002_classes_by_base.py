"""Classes know their base. The table is made again from the versions by `keep_offers`, which runs every minute."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def empty(apps: Any, _schema_editor: Any) -> None:
    for name in ("Offer", "LicenceClassPartner", "LicenceClass"):
        apps.get_model("partners", name).objects.all().delete()


class Migration(migrations.Migration):
    # PostgreSQL alters no table in the transaction that deletes rows which others point to.
    atomic = False
    dependencies = [("catalogue", "0010_release_channels"), ("partners", "0001_licensing_by_partners")]

    operations = [
        migrations.RunPython(empty, migrations.RunPython.noop),
        migrations.AddField(
            model_name="licenceclass",
            name="base_model",
            field=models.ForeignKey(
                default=0,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="licence_classes",
                to="catalogue.basemodel",
            ),
            preserve_default=False,
        ),
    ]
