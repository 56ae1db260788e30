from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0005_covers_become_examples"),
    ]

    operations = [
        migrations.RemoveField(model_name="styleversion", name="cover_key"),
        migrations.RemoveField(model_name="styleversion", name="cover_sha256"),
        migrations.RemoveField(model_name="styleversion", name="sample_prompt"),
    ]
