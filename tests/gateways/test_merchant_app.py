"""The signed webhook to the merchant's application, against the stand-in that checks the signature."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from domain.steps import Access
from gateways.merchant_app import MerchantApp, MerchantNotices, signature
from gateways.ports.messages import Rendered
from gateways.ports.trouble import NotFound, ProviderMisuse, ProviderTrouble
from sandbox.providers.world import ProviderWorld
from tests.gateways.conftest import ADA

KEY = "dun:in_1:day10-restrict"


def app(world: ProviderWorld, *, secret: str | None = None, path: str = "/webhooks/dunning") -> MerchantApp:
    return MerchantApp(world.merchant_url + path, secret or world.merchant.secret, timedelta(seconds=2))


def restrict(merchant: MerchantApp, access: Access = Access.READ_ONLY, key: str = KEY) -> None:
    merchant.set_access("cus_ada", "sub_1", "in_1", access, key)


def test_service_is_restricted_and_restored(world: ProviderWorld) -> None:
    """The level of service travels with whom it concerns."""
    merchant = app(world)

    restrict(merchant)
    restricted = world.merchant.access("cus_ada")
    restrict(merchant, Access.FULL, "dun:in_1:restore")

    assert ("read_only", "full") == (restricted, world.merchant.access("cus_ada"))
    assert {
        "type": "service.restricted",
        "customer": "cus_ada",
        "subscription": "sub_1",
        "invoice": "in_1",
        "level": "read_only",
    } == world.merchant.received[0]


def test_a_repeated_delivery_is_one_message(world: ProviderWorld) -> None:
    """The answer was lost and it is sent again: the application knows the key."""
    world.faults.add("merchant", "POST", "timeout_after")
    merchant = app(world)

    with pytest.raises(ProviderTrouble, match="cannot be reached"):
        restrict(merchant)
    restrict(merchant)

    assert 1 == len(world.merchant.received)


def test_a_notice_reaches_the_application(world: ProviderWorld) -> None:
    """Subject and text, for the customer that it concerns; no name and no address with it."""
    notices = MerchantNotices(app(world))
    message = Rendered(subject="Payment failed", text="Please renew your card. ขอบคุณ")

    notices.send(ADA, message, "dun:in_1:day3-notice:notice")

    assert [
        {"type": "notice.created", "customer": "cus_ada", "subject": message.subject, "text": message.text}
    ] == world.merchant.notices("cus_ada")


def test_a_lost_notice_is_simply_sent_again(world: ProviderWorld) -> None:
    """The look-up says no, because the application drops what it has seen."""
    notices = MerchantNotices(app(world))
    message = Rendered(subject="S", text="T")
    notices.send(ADA, message, "n1")

    found = notices.find(ADA, message, "n1", datetime.now(UTC))
    notices.send(ADA, message, "n1")

    assert found is None
    assert 1 == len(world.merchant.notices("cus_ada"))


def test_a_wrong_secret_is_misuse_that_names_the_setting(world: ProviderWorld) -> None:
    """The application refuses; the sentence says what to check and shows no secret."""
    wrong = app(world, secret="wrong-secret")

    with pytest.raises(ProviderMisuse, match="MERCHANT_WEBHOOK_SECRET") as raised:
        restrict(wrong)

    assert "wrong-secret" not in str(raised.value) + repr(wrong)
    assert "full" == world.merchant.access("cus_ada")


def test_a_wrong_address_is_named(world: ProviderWorld) -> None:
    """404, and an address that is none."""
    with pytest.raises(NotFound, match="MERCHANT_WEBHOOK_URL"):
        restrict(app(world, path="/nowhere"))
    with pytest.raises(ProviderMisuse, match="MERCHANT_WEBHOOK_URL"):
        restrict(MerchantApp("merchant.example.com/hook", "s", timedelta(seconds=1)))


def test_trouble_tells_whether_anything_can_have_happened(world: ProviderWorld) -> None:
    """429 asks for a wait, 500 leaves it open, a refused connection did nothing."""
    merchant = app(world)
    found = []
    for mode in ("429", "500"):
        world.faults.add("merchant", "POST", mode, retry_after=3)
        with pytest.raises(ProviderTrouble) as raised:
            restrict(merchant)
        found.append((raised.value.retry_after, raised.value.not_executed))
    world.stop()
    with pytest.raises(ProviderTrouble) as raised:
        restrict(app(world))
    found.append((raised.value.retry_after, raised.value.not_executed))

    assert [(timedelta(seconds=3), True), (None, False), (None, True)] == found


def test_no_call_waits_for_ever(world: ProviderWorld) -> None:
    """An application that does not answer is left after the time-out."""
    world.faults.add("merchant", "POST", "timeout_before", hang=True)
    hasty = MerchantApp(f"{world.merchant_url}/webhooks/dunning", "s", timedelta(milliseconds=200))

    with pytest.raises(ProviderTrouble):
        restrict(hasty)


def test_the_signature_is_over_the_time_and_the_raw_body() -> None:
    """So that a receiver can refuse a replay and a changed body."""
    expected = hmac.new(b"whsec", b'1790000000.{"a":1}', hashlib.sha256).hexdigest()

    assert f"t=1790000000,v1={expected}" == signature(b"whsec", b'{"a":1}', 1_790_000_000)
