"""A world that is started again goes on where it was."""

from pathlib import Path

import pytest

from sandbox.providers.keeping import Keeper
from sandbox.providers.stripe_outcomes import Decline
from sandbox.providers.world import ProviderWorld


def test_a_world_comes_back_with_all_that_was_in_it(tmp_path: Path) -> None:
    """Invoices, journal and access; new ids go on where the old ones ended, and what belongs to it finds it."""
    file = tmp_path / "state"
    with ProviderWorld() as first:
        customer = first.stripe.add_customer("Ada Example")
        first.stripe.add_card(customer, behaviour=Decline("insufficient_funds"))
        invoice = first.stripe.fail_first_payment(customer, amount=2000, currency="usd")
        Keeper(first, file).save({"of": first})

    with ProviderWorld() as second:
        more = Keeper(second, file).load()
        before = second.stripe.get(invoice)["status"]
        second.stripe.customer_pays(invoice)
        ids = {customer, second.stripe.add_customer("Grace Example")}

    assert more["of"] is second
    assert ("open", "paid") == (before, second.stripe.get(invoice)["status"])
    assert [entry.seq for entry in second.log] == list(range(1, len(second.log) + 1))
    assert len(first.log) < len(second.log)
    assert 2 == len(ids)


def test_nothing_kept_is_an_empty_world(tmp_path: Path) -> None:
    assert Keeper(ProviderWorld(), tmp_path / "state").load() is None


def test_what_another_release_kept_is_refused(tmp_path: Path) -> None:
    """The world is as it was then."""
    (tmp_path / "state").write_bytes(b"csandbox.gone\nWorld\n.")
    world = ProviderWorld()

    with pytest.raises(ValueError, match="ModuleNotFoundError in state"):
        Keeper(world, tmp_path / "state").load()
    assert [] == world.log
