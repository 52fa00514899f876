"""Calls by the automatic service need settings, a number that can call, and somebody who has agreed."""

import pytest
from ruamel.yaml import YAML

from domain.consent import Purpose, Source
from domain.steps import Channel
from gateways.ports.consents import OptIn
from runtime.settings import ROOT
from tests.test_doctor_faults import NOW, Installation, empty_ledger, here

__all__ = ["empty_ledger", "here"]
WHAT = "automatic calls"
CALLER = "+15550006000"


def by_machine(here: Installation, by: str = "machine") -> None:
    """The standard policy, with a call by the automatic service."""
    yaml, folder = YAML(), here.folder / "called"
    policy = yaml.load((ROOT / "policies" / "standard.yaml").read_text(encoding="utf-8"))
    policy["timeline"][1]["do"].append({"call": {"by": by}})
    folder.mkdir()
    with (folder / "standard.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(policy, file)
    here.set(DUNNING_POLICIES=str(folder))


def test_without_its_settings_or_a_number_it_is_a_fault(here: Installation) -> None:
    by_machine(here)
    assert "TWILIO_VOICE_FROM is not set" in here.bad(WHAT)[WHAT]

    here.set(TWILIO_VOICE_FROM="+15550009999", CALL_BACK_NUMBER="+15125550100")
    assert "is this machine's" in here.bad(WHAT)[WHAT]

    here.set(WEB_PUBLIC_URL="https://dunning.example.com", CALL_BACK_NUMBER="+15550009999")
    assert "are both +15550009999" in here.bad(WHAT)[WHAT]

    here.set(CALL_BACK_NUMBER="+15125550100")
    assert "has no number +15550009999 that can call" in here.bad(WHAT)[WHAT]


@pytest.mark.parametrize("agreed", [False, True])
def test_that_nobody_has_agreed_is_said(here: Installation, agreed: bool) -> None:
    by_machine(here, "machine_or_person")
    here.set(TWILIO_VOICE_FROM=CALLER, CALL_BACK_NUMBER="+15125550100", WEB_PUBLIC_URL="https://dunning.example.com")
    if agreed:
        with here.ledger() as ledger:
            ledger.opted_in(
                OptIn(
                    customer_id="cus_1",
                    channel=Channel.PHONE,
                    event_id="1",
                    source=Source.BILLING,
                    at=NOW,
                    purpose=Purpose.AUTOMATED_CALLS,
                )
            )
    assert {} == here.bad(WHAT)
    said = here.said(WHAT)

    assert f"calls are made from {CALLER}" in said
    assert ("no customer has agreed" in said) is not agreed


def test_words_that_name_the_invoice_before_the_first_key_are_a_fault(here: Installation) -> None:
    by_machine(here)
    here.set(TWILIO_VOICE_FROM=CALLER, CALL_BACK_NUMBER="+15125550100", WEB_PUBLIC_URL="https://dunning.example.com")
    (here.folder / "called" / "messages" / "en").mkdir(parents=True)
    (here.folder / "called" / "messages" / "en" / "voice.yaml").write_text("ask: It is about {{ amount }}.\n")

    assert "voice.yaml:1: ask" in here.bad(WHAT)[WHAT]
