"""``python -m webfilter`` is the command line."""

from webfilter.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
