"""Django's settings for every register. Which databases it has is put in when it is opened."""

from __future__ import annotations

INSTALLED_APPS = ["nmosd_dosing.register.apps.RegisterConfig"]

# Nobody's register: a database in memory, so that Django and the type checker can load the models.
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "register.Account"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"  # whatever the environment speaks; pages ask for another themselves
