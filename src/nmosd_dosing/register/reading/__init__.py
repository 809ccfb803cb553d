"""What a register has, as somebody asks for it: tables, studies, everybody for a plan; and its trail."""
