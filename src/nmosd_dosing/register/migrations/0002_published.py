"""The second form of a store: beside the trail, what feeds gave out last; and an index of its contents by their days."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

from nmosd_dosing.register.migrations._days import set_up


class Migration(migrations.Migration):
    """From the first form to the second."""

    dependencies: ClassVar = [("register", "0001_first")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Published",
            fields=[
                ("feed", models.BigIntegerField(primary_key=True, serialize=False)),
                ("made_from", models.TextField(default="")),
                ("content", models.BinaryField(default=b"")),
                ("etag", models.TextField(default="")),
                ("changed", models.TextField(default="")),
                ("fetched_at", models.TextField(null=True)),
                ("fetched_by", models.TextField(default="")),
                ("fetches", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.RunPython(set_up, migrations.RunPython.noop),
    ]
