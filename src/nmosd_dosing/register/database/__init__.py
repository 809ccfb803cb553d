"""How a register is kept: its databases, the chain of its entries, what holds of them; and copies of it."""
