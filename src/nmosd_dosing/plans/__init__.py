"""One subject's plan for people: dates, reasons, notes."""
