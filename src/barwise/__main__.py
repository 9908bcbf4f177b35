"""``python -m barwise`` is the command line."""

from barwise.cli import main

if __name__ == "__main__":
    main()
