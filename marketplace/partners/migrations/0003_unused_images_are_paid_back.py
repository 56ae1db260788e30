from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0002_classes_by_base")]

    operations = [
        # What was agreed before keeps the terms it was agreed under.
        migrations.AddField("agreement", "refunds_unused", models.BooleanField(default=False)),
        migrations.AlterField("agreement", "refunds_unused", models.BooleanField(default=True)),
        migrations.AddField("grant", "refund_due_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "grant",
            models.Index(
                condition=models.Q(("refund_due_at__isnull", False)),
                fields=["refund_due_at"],
                name="grants_to_refund",
            ),
        ),
    ]
