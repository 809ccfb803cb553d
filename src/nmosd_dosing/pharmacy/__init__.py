"""What plans come to in doses and vials: to prepare, to order, by weight, side by side."""
