"""`python -m nmosd_dosing` is `dosing`."""

from nmosd_dosing.cli import main

if __name__ == "__main__":
    main()
