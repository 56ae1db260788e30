"""The database marks the list of opt-outs anew with each of its changes."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from marketplace.rights.list_mark import marking, no_longer_marking


def forwards(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in marking(schema_editor.connection.vendor):
        schema_editor.execute(statement, None)


def backwards(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in no_longer_marking(schema_editor.connection.vendor):
        schema_editor.execute(statement, None)


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
