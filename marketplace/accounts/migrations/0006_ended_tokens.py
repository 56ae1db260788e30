from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_credentials_and_invitations")]

    operations = [
        migrations.CreateModel(
            name="EndedToken",
            fields=[
                ("digest", models.CharField(max_length=128, primary_key=True, serialize=False)),
                ("ends_at", models.DateTimeField(db_index=True)),
            ],
        ),
    ]
