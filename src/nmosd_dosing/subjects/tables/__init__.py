"""Subjects and what happened to them, from tables that people keep."""
