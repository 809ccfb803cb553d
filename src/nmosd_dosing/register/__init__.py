"""The tables with a memory: who wrote each row, when and why, kept in a database by which nothing is changed or lost.

Whoever imports a room of it has Django ready for its models, or is told that it is not installed.
"""

from nmosd_dosing.errors import InputError as _InputError
from nmosd_dosing.errors import Problem as _Problem

try:
    import django
    from django.conf import settings as _settings
except ModuleNotFoundError:
    raise _InputError(
        _Problem("a register needs the package django", hint="install it with `pip install 'nmosd-dosing[register]'`")
    ) from None

from nmosd_dosing.register import settings as _ours

if not _settings.configured:
    _settings.configure(**{name: value for name, value in vars(_ours).items() if name.isupper()})
    django.setup()
