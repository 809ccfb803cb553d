"""The register as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class RegisterConfig(AppConfig):
    """One app: the models of a store."""

    name = "nmosd_dosing.register"
    label = "register"
