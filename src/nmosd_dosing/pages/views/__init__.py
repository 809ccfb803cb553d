"""The pages, each in a room."""
