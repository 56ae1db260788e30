import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_ended_tokens")]

    operations = [
        migrations.CreateModel(
            name="OlderSecret",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=128, unique=True)),
                ("holds_until", models.DateTimeField()),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="older_secrets",
                        to="accounts.credential",
                    ),
                ),
            ],
        ),
    ]
