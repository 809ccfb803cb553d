"""Subjects: who they are, what happened to them, their way through the periods."""
