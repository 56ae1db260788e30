from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0002_example")]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="picture_sha256",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="generation", name="mask_sha256", field=models.CharField(blank=True, default="", max_length=64)
        ),
        migrations.AddField(model_name="generation", name="strength", field=models.FloatField(null=True)),
    ]
