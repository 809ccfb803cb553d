"""What a protocol says, as nouns: periods, visits, arms, events."""
