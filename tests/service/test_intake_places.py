"""What a case knows of where its customer is, from what was stated and from what only hints at it."""

from typing import Any

import pytest
from temporalio.client import Client

from domain.case import Facts
from gateways.ledger.sql_ledger import SqlLedger
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from tests.cases import BROKE, case_of, failed


async def facts_of(
    world: ProviderWorld, intake: Intake, client: Client, card_country: str | None = "US", **customer: Any
) -> Facts:
    """The facts of a case whose customer is like this."""
    owner = world.stripe.add_customer(**customer)
    card = world.stripe.add_card(owner, behaviour=BROKE)
    world.stripe.store.objects[card]["card"]["country"] = card_country
    invoice_id = world.stripe.fail_first_payment(owner, amount=2000, currency="usd")
    await intake.take_event(failed(world, invoice_id))
    return (await case_of(client, invoice_id)).facts


async def test_without_an_address_the_phones_prefix_says_where_somebody_is(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """R35: +1 415 is San Francisco, whatever the card says."""
    facts = await facts_of(world, intake, client, card_country="DE", country=None, phone="+14155552671")

    assert ("US", ("America/Los_Angeles",), True) == (facts.country, facts.time_zones, facts.place_known)


async def test_without_an_address_and_a_number_the_cards_country_does(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """Every zone of it."""
    facts = await facts_of(world, intake, client, country=None)

    assert "America/New_York" == facts.time_zones[0]
    assert {"America/Los_Angeles", "Pacific/Honolulu"} <= set(facts.time_zones)
    assert ("US", True) == (facts.country, facts.place_known)


async def test_of_whom_nothing_is_known_is_wherever_the_merchant_sells(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """And the case knows that it does not know."""
    facts = await facts_of(world, intake, client, card_country=None, country=None, phone="555-2671")

    assert (("UTC",), False) == (facts.time_zones, facts.place_known)


@pytest.mark.parametrize(
    ("stated", "country", "zones"),
    [
        ({"country": "UK"}, "GB", ("Europe/London",)),
        ({"country": "XK"}, "XK", ("Europe/Belgrade",)),
        ({"country": "TH", "metadata": {"time_zone": "america/new_york"}}, "TH", ("America/New_York",)),
    ],
)
async def test_countries_and_zones_are_read_as_people_write_them(
    world: ProviderWorld, intake: Intake, client: Client, stated: dict[str, Any], country: str, zones: tuple[str, ...]
) -> None:
    """R34, through Stripe."""
    facts = await facts_of(world, intake, client, **stated)

    assert (country, zones) == (facts.country, facts.time_zones)


async def test_an_e_mail_field_without_an_address_is_no_address(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """R30: the ledger has none, so the first message goes another way at once."""
    facts = await facts_of(world, intake, client, email="n/a", phone="555-2671")
    address = ledger.address(facts.customer_id)

    assert (None, None) == (address.email, address.phone)
