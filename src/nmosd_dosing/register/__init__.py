"""The tables with a memory: who wrote each row, when and why, kept in a database by which nothing is changed or lost."""
