"""How the script's customers come into the stand-in world, and what they are told of it."""

from collections.abc import Iterator

import httpx
import pytest

from sandbox.play.customers import Actor
from sandbox.play.entering import enter_all
from sandbox.play.postman import Postman
from sandbox.play.script import Deed, World, read_world
from sandbox.providers.faults import Mode
from sandbox.providers.world import ProviderWorld

SCRIPT = read_world()


@pytest.fixture
def world() -> Iterator[ProviderWorld]:
    with ProviderWorld() as running:
        yield running


def entered(world: ProviderWorld, *keys: str) -> tuple[list[Actor], World]:
    script = SCRIPT.only(*keys)
    return enter_all(script.customers, world, script.starts_on), script


def test_two_invoices_of_one_customer_are_of_one_subscription(world: ProviderWorld) -> None:
    (first, second), _ = entered(world, "sara", "sara_two")
    invoices = [world.stripe.get(actor.invoice) for actor in (first, second)]

    assert first.customer == second.customer
    assert first.invoice != second.invoice
    assert 1 == len({one["parent"]["subscription_details"]["subscription"] for one in invoices})
    assert [5_000, 4_000] == [one["amount_due"] for one in invoices]


def test_each_of_the_two_hears_of_its_own_invoice(world: ProviderWorld) -> None:
    (first, second), _ = entered(world, "sara", "sara_two")
    postman = Postman(world, [first, second])
    for actor in (first, second):
        postman.entries(actor)

    world.stripe.customer_pays(second.invoice)

    assert [] == postman.entries(first)
    assert "invoice.paid" in {entry.kind for entry in postman.entries(second)}


def test_what_is_billed_anew_is_not_there_from_the_beginning(world: ProviderWorld) -> None:
    actors, _ = entered(world, "ursel", "ursel_again")

    assert ["ursel"] == [actor.script.key for actor in actors]


def test_somebody_changes_address_number_and_name(world: ProviderWorld) -> None:
    [actor], script = entered(world, "ruben")
    change = next(action for action in script.customers[0].does if action.do is Deed.CHANGES_CONTACT)

    actor.do(change)

    owner = world.stripe.get(actor.customer)
    assert ("Ruben New", "ruben@new-work.example", "+12125550194") == (owner["name"], owner["email"], owner["phone"])
    [noted] = [entry for entry in world.log if entry.kind == "changes_contact"]
    assert ["ruben@customers.example", "+12125550193"] == noted.data["left"]


def test_who_pays_late_does_it_after_the_end(world: ProviderWorld) -> None:
    (early, late), _ = entered(world, "ada", "viggo")
    assert early.take_late() is None

    taken = late.take_late()

    assert taken
    assert (Deed.PAYS, 36) == (taken[1].do, late.day(taken[0]))
    assert late.take_late() is None


def test_one_person_may_be_two_customers_with_one_address(world: ProviderWorld) -> None:
    actors, _ = entered(world, "pranee", "pranee_shop")
    customers = [world.stripe.get(actor.customer) for actor in actors]

    assert 2 == len({customer["id"] for customer in customers})
    assert {"pranee@customers.example"} == {customer["email"] for customer in customers}


def test_a_state_and_several_languages_stand_in_the_customers_fields(world: ProviderWorld) -> None:
    (yousef, gail), _ = entered(world, "yousef", "gail")

    assert ["ar", "fr"] == world.stripe.get(yousef.customer)["preferred_locales"]
    assert ("US", "WA") == tuple(world.stripe.get(gail.customer)["address"][name] for name in ("country", "state"))


def test_what_somebody_writes_from_a_new_number_is_theirs(world: ProviderWorld) -> None:
    (actor,), script = entered(world, "matilda")
    url = next(iter(world.twilio.numbers.values()))
    url["sms_url"] = "http://127.0.0.1:9/webhooks/twilio"
    world.outbox.hold()
    postman = Postman(world, [actor])
    for action in (action for action in actor.script.does if action.do in (Deed.CHANGES_CONTACT, Deed.ASKS_AGAIN)):
        actor.do(action)

    told = [one for one in postman.webhooks(actor, script.starts_on) if one.provider == "twilio"]
    assert ["+61491570157"] == [one.subjects["number"] for one in told]
    [noted] = [entry for entry in world.log if entry.kind == "asks_again"]
    assert "+61491570157" == noted.data["number"]


def test_a_new_card_is_there_before_the_try_that_was_turned_away_runs_again(world: ProviderWorld) -> None:
    """The first one reaches nobody."""
    (actor,), _ = entered(world, "ada")
    turned_away = world.faults.add("stripe", f"{actor.invoice}/pay", Mode.RATE_LIMITED)
    with httpx.Client(base_url=world.stripe_url, headers={"Authorization": f"Bearer {world.stripe.api_key}"}) as api:
        first = api.post(f"/v1/invoices/{actor.invoice}/pay").status_code
        actor.changes_card_during(turned_away)
        then = api.post(f"/v1/invoices/{actor.invoice}/pay").status_code

    assert (429, 200) == (first, then)
    assert ["new_card_while_we_charge", "charge.succeeded"] == [
        entry.kind for entry in world.log if entry.kind in ("new_card_while_we_charge", "charge.succeeded")
    ]
