from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0004_plans")]

    operations = [
        migrations.AddField(model_name="generation", name="refiner_start", field=models.FloatField(null=True)),
    ]
