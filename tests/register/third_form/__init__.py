"""A form that a store does not have yet: those that there are, and one migration more."""
