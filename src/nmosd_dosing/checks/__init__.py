"""What was done against the plan, and what is due."""
