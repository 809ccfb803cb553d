"""A plan as a calendar file that is written again."""
