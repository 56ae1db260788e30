"""The database refuses to change or delete what the ledger holds."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from marketplace.ledger.append_only import protect, unprotect

TABLES = ("ledger_transaction", "ledger_entry")


def forwards(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    protect(schema_editor.connection, TABLES)


def backwards(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    unprotect(schema_editor.connection, TABLES)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_entry_subject")]
    operations = [migrations.RunPython(forwards, backwards)]
