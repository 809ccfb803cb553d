"""The whole trial, many times."""
