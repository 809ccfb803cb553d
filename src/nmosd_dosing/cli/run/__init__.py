"""What each command does; loaded when it runs."""
