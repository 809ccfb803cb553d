"""What is written into a register: what must hold before it is, and what it moves."""
