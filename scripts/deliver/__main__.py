"""`python -m scripts.deliver`."""

from scripts.deliver.cli import main

if __name__ == "__main__":
    main()
