from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0002_attribution"),
    ]

    operations = [
        migrations.AddField(
            model_name="basemodel",
            name="default_steps",
            field=models.PositiveIntegerField(default=20),
        ),
        migrations.AddField(
            model_name="basemodel",
            name="default_guidance",
            field=models.FloatField(default=5.0),
        ),
    ]
