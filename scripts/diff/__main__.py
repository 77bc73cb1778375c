"""`python -m scripts.diff`."""

from scripts.diff.cli import main

if __name__ == "__main__":
    main()
