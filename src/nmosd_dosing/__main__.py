"""`python -m nmosd_dosing` is `dosing`."""

from __future__ import annotations

from nmosd_dosing.cli import main

if __name__ == "__main__":
    main()
