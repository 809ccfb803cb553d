"""The register in a browser: pages for coordinators, pharmacists, monitors and managers, and calendars that refresh themselves.

Each page is a view of Django's; what it shows comes from the functions that the command line asks. Nothing is decided here.
"""
