"""Starts dunning cases from failed invoices, shows them, and takes an operator's orders: the commands are in cli/."""

from cli.program import main
from runtime.leaving import leave

if __name__ == "__main__":
    leave(main())
