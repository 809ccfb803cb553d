"""A form that a store does not have yet: the first, and one migration more."""
