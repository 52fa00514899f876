"""The doctor in its container."""

from runtime.settings import ROOT
from tests.deploy.test_compose import SERVICES


def test_the_doctor_is_given_what_the_others_have() -> None:
    """It runs in the container of `setup`: what that is not given it would call missing."""
    asked = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "runtime/checks").glob("*.py"))
    given = {*SERVICES["worker"]["environment"], *SERVICES["web"]["environment"]}
    looked_at = {name for name in given if f"settings.{name.lower()}" in asked}

    assert {"STRIPE_WEBHOOK_SECRETS", "SENDGRID_WEBHOOK_KEYS", "TWILIO_STATUS_CALLBACK"} <= looked_at
    assert set() == looked_at - SERVICES["setup"]["environment"].keys()
