from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Source",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=60, unique=True)),
                ("name", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[("server", "Server"), ("browser", "Browser"), ("shopify", "Shopify"), ("stripe", "Stripe")], max_length=12
                    ),
                ),
                ("write_key", models.CharField(max_length=64, unique=True)),
                ("previous_key", models.CharField(blank=True, db_index=True, default="", max_length=64)),
                ("previous_until", models.DateTimeField(null=True)),
                ("signing_secret", models.CharField(blank=True, default="", max_length=200)),
                ("shop", models.CharField(blank=True, default="", max_length=120)),
                ("enabled", models.BooleanField(default=True)),
                ("ip", models.CharField(choices=[("cut", "Cut"), ("full", "Full"), ("none", "None")], default="cut", max_length=4)),
                ("remember_days", models.PositiveSmallIntegerField(default=30)),
                ("allowed_origins", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("id",),
            },
        ),
    ]
