import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0002_quarantined"),
    ]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="extracted_from",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="extractions", to="uploads.upload"
            ),
        ),
        migrations.AddField(
            model_name="upload",
            name="extraction",
            field=models.JSONField(default=dict),
        ),
        migrations.AddConstraint(
            model_name="upload",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "refused"), _negated=True),
                fields=("extracted_from",),
                name="one_lora_of_a_model",
            ),
        ),
    ]
