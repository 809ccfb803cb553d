"""The tables with a memory: who wrote each row, when and why, kept in a database by which nothing is changed or lost.

Whoever imports a room of it has Django ready for its models.
"""

import django
from django.conf import settings as _settings

from nmosd_dosing.register import settings as _ours

if not _settings.configured:
    _settings.configure(**{name: value for name, value in vars(_ours).items() if name.isupper()})
    django.setup()
