"""The first form of a store: entries, contents, accounts, and the triggers that guard them."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

from nmosd_dosing.register.migrations._guards import set_up


class Migration(migrations.Migration):
    """From nothing to the first form."""

    initial = True
    dependencies: ClassVar = []
    operations: ClassVar = [
        migrations.CreateModel(
            name="Account",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("name", models.TextField(primary_key=True, serialize=False)),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="Content",
            fields=[
                ("entry", models.BigIntegerField(primary_key=True, serialize=False)),
                ("cells", models.TextField(null=True)),
                ("reason", models.TextField(null=True)),
                ("salt", models.TextField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.TextField()),
                ("zone", models.TextField()),
                ("account", models.TextField()),
                ("role", models.TextField()),
                ("action", models.TextField()),
                ("what", models.TextField()),
                ("person", models.BigIntegerField(null=True)),
                ("site", models.TextField(null=True)),
                ("replaces", models.BigIntegerField(null=True, unique=True)),
                ("of", models.BigIntegerField(null=True)),
                ("request", models.TextField()),
                ("digest", models.TextField()),
                ("previous", models.TextField()),
                ("hash", models.TextField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["what", "person"], name="entry_of_person"),
                    models.Index(fields=["what", "site"], name="entry_of_site"),
                ],
            },
        ),
        migrations.RunPython(set_up, migrations.RunPython.noop),
    ]
