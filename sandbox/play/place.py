"""Where the playground is, and who can fail in it: what its commands know without loading all the rest."""

from runtime.settings import ROOT

DATA = ROOT / "var" / "up"
PROVIDERS = ("stripe", "sendgrid", "twilio", "merchant", "agency")
