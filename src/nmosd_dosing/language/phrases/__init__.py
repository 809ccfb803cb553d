"""The short texts of the language, each with its grammar."""
