"""`python -m scripts.scaffold`."""

from scripts.scaffold.cli import main

if __name__ == "__main__":
    main()
