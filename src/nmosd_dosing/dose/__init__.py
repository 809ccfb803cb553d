"""What a dose is, what it comes to for a body, in how many vials."""
