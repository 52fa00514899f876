"""Where the playground is, and who can fail in it: what its commands know without loading all the rest."""

from pathlib import Path

from runtime.settings import ROOT

DATA = ROOT / "var" / "up"
PROVIDERS = ("stripe", "sendgrid", "twilio", "merchant", "agency")


def shown(path: Path) -> Path:
    """The path as it is typed in this folder."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
