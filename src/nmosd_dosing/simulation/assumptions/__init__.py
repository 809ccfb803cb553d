"""What a simulated trial assumes: the file, its keys, its scenarios."""
