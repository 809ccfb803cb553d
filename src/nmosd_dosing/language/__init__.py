"""A study file (YAML) to a checked Study, or every problem found."""
