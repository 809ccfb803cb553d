"""A column more of the trail, which may be null."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """From the second form to the third."""

    dependencies: ClassVar = [("register", "0002_published")]
    operations: ClassVar = [migrations.AddField("Entry", "device", models.TextField(null=True))]
