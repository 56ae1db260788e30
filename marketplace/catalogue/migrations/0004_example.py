import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0003_base_defaults"),
    ]

    operations = [
        migrations.CreateModel(
            name="Example",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("prompt", models.CharField(max_length=300)),
                ("image_key", models.CharField(blank=True, max_length=200)),
                ("image_sha256", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "base_model",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="examples",
                        to="catalogue.basemodel",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="examples",
                        to="catalogue.styleversion",
                    ),
                ),
            ],
            options={
                "ordering": ("position",),
                "constraints": [
                    models.UniqueConstraint(fields=("version", "position"), name="one_example_per_place_of_version"),
                    models.UniqueConstraint(fields=("base_model", "position"), name="one_example_per_place_of_base"),
                    models.CheckConstraint(
                        condition=models.Q(("version", None), ("base_model", None), _connector="XOR"),
                        name="example_of_a_version_or_a_base",
                    ),
                ],
            },
        ),
    ]
