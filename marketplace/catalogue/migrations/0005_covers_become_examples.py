from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def keep_covers(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001 - the signature Django calls
    example = apps.get_model("catalogue", "Example")
    versions = apps.get_model("catalogue", "StyleVersion").objects.all()
    covers = [
        example(
            version=version,
            position=0,
            prompt=version.sample_prompt,
            image_key=version.cover_key,
            image_sha256=version.cover_sha256,
        )
        for version in versions
    ]
    example.objects.bulk_create(covers, batch_size=500)


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0004_example"),
    ]

    operations = [migrations.RunPython(keep_covers, migrations.RunPython.noop)]
