"""The database marks the list of opt-outs anew with each of its changes."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from marketplace.rights.list_mark import mark_changes, mark_no_changes


def forwards(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    mark_changes(schema_editor.connection)


def backwards(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    mark_no_changes(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("rights", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="OptOutList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mark", models.CharField(max_length=36)),
            ],
        ),
        migrations.RunPython(forwards, backwards),
    ]
