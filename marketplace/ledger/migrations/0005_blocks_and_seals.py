"""Blocks that chain and sign what was posted."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from marketplace.ledger.append_only import protect, unprotect

OLD = ("ledger_transaction", "ledger_entry", "ledger_checkpoint")
ALL = (*OLD, "ledger_block", "ledger_seal")


def protect_all(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    unprotect(schema_editor.connection, OLD)
    protect(schema_editor.connection, ALL)


def protect_old(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    unprotect(schema_editor.connection, ALL)
    protect(schema_editor.connection, OLD)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_holds_corrections_checkpoints")]

    operations = [
        migrations.CreateModel(
            name="Block",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("previous_hash", models.CharField(max_length=64)),
                ("merkle_root", models.CharField(max_length=64)),
                ("count", models.PositiveIntegerField()),
                ("sealed_at", models.DateTimeField()),
                ("key_id", models.CharField(max_length=43)),
                ("signature", models.CharField(max_length=86)),
            ],
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "transaction",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="seal",
                        serialize=False,
                        to="ledger.transaction",
                    ),
                ),
                (
                    "block",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seals",
                        to="ledger.block",
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("salt", models.CharField(max_length=64)),
                ("leaf_hash", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("block", "position"), name="one_seal_per_position"),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="transaction",
            index=models.Index(fields=["created_at"], name="ledger_by_time"),
        ),
        migrations.RunPython(protect_all, protect_old),
    ]
