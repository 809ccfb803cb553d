"""Pages of HTML: to print, to hand over, to look at."""
