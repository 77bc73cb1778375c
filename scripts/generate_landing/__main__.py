"""Entry point of `python -m scripts.generate_landing`."""

from scripts.generate_landing.cli import main

if __name__ == "__main__":
    main()
