"""Pages, files and drawings."""
