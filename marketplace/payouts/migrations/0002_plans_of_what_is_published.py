"""Versions published before plans existed pay their creator and the platform, as they always did."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

WHOLE_BP = 10_000


def freeze(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    plans, shares = apps.get_model("payouts", "Plan").objects, apps.get_model("payouts", "Share")
    for version in apps.get_model("catalogue", "StyleVersion").objects.filter(plan=None).select_related("style"):
        plan = plans.create(version=version)
        creator = {"role": "creator", "person_id": version.style.creator_id, "source": version}
        parts = ((creator, version.creator_share_bp), ({"role": "platform"}, WHOLE_BP - version.creator_share_bp))
        shares.objects.bulk_create(
            shares(plan=plan, position=position, share_bp=share_bp, **holder)
            for position, (holder, share_bp) in enumerate(parts)
            if share_bp
        )


class Migration(migrations.Migration):
    dependencies = [("payouts", "0001_initial"), ("catalogue", "0007_derivation")]
    operations = [migrations.RunPython(freeze, migrations.RunPython.noop)]
