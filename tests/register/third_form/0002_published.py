"""The second form, as it is."""

from __future__ import annotations

from importlib import import_module

Migration = import_module("nmosd_dosing.register.migrations.0002_published").Migration
