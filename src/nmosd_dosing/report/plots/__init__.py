"""Drawings; the only rooms that know matplotlib."""
