"""Old answers are found without reading all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("api", "0001_saved_answers")]

    operations = [
        migrations.AddIndex(
            model_name="savedanswer",
            index=models.Index(fields=["created_at"], name="answers_oldest_first"),
        ),
    ]
