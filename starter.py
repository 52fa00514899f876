"""Starts dunning cases from failed invoices, shows them, and takes an operator's orders: the commands are in cli/."""

from cli.app import app
from runtime.leaving import leave


def main() -> int:
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    leave(main())
