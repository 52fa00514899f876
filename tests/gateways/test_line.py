"""LINE through its real SDK against the stand-in, and its webhooks."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from linebot.v3.webhook import SignatureValidator

from domain.rules.refusals import About
from domain.steps import Channel
from gateways.line_account import LineAccount
from gateways.line_api import LineApi
from gateways.line_events import read
from gateways.line_push import LineSender, retry_key
from gateways.line_webhook import LineWebhook, signature
from gateways.ports.inbox import Arrival, NotGenuine, Unreadable
from gateways.ports.messages import Rendered
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble, Unreachable
from gateways.provider_facts import CustomerWrote, Ignored, MalformedEvent, Wish
from gateways.rules import load_refusals
from sandbox.providers.faults import Mode
from sandbox.providers.world import ProviderWorld
from tests.gateways.conftest import ADA, RULES

KEY = "dun:in_1:day5-line:line"
MESSAGE = Rendered(text="Acme: invoice A-1 over $19.99 is not paid.\nhttps://pay.acme.example/1")
REFUSALS = load_refusals(RULES, "line")
SECRET = "sandbox-line-secret"


@pytest.fixture
def user(world: ProviderWorld) -> str:
    world.line.quota = None
    return world.line.new_user()


def api(world: ProviderWorld, token: str | None = None) -> LineApi:
    return LineApi(token or world.line.token, world.line_url, timedelta(seconds=2))


def sender(world: ProviderWorld, token: str | None = None) -> LineSender:
    return LineSender(api(world, token), REFUSALS)


def test_a_message_is_pushed_to_the_user_with_its_retry_key(world: ProviderWorld, user: str) -> None:
    sent = sender(world).send(ADA.model_copy(update={"line_user_id": user}), MESSAGE, KEY)

    push = world.line.sent[-1]
    assert (user, MESSAGE.text, sent.provider_id) == (push.to, push.text, push.request_id)
    assert retry_key(KEY) == push.retry_key == str(UUID(retry_key(KEY)))


def test_a_second_try_under_the_same_key_is_the_first_ones_message(world: ProviderWorld, user: str) -> None:
    """409: LINE names the request that it has accepted."""
    to, key = ADA.model_copy(update={"line_user_id": user}), f"{KEY}-again"
    first = sender(world).send(to, MESSAGE, key)

    second = sender(world).send(to, MESSAGE, key)

    assert first == second
    assert 1 == sum(push.to == user for push in world.line.sent)


@pytest.mark.parametrize("mode", [Mode.TIMEOUT_AFTER, Mode.ERROR_AFTER])
def test_a_lost_answer_is_asked_for_again_under_the_same_key(world: ProviderWorld, user: str, mode: Mode) -> None:
    to, key = ADA.model_copy(update={"line_user_id": user}), f"{KEY}-{mode}"
    world.faults.add("line", "POST", mode)
    since = datetime.now(UTC)
    with pytest.raises(ProviderTrouble) as caught:
        sender(world).send(to, MESSAGE, key)

    assert not caught.value.not_executed
    assert sender(world).find(to, MESSAGE, key, since) is None
    assert sender(world).send(to, MESSAGE, key).provider_id
    assert 1 == sum(push.to == user for push in world.line.sent)


def test_after_a_day_the_key_says_nothing_any_more(world: ProviderWorld) -> None:
    with pytest.raises(LookupImpossible):
        sender(world).find(ADA, MESSAGE, KEY, datetime.now(UTC) - timedelta(hours=24))


def test_who_has_blocked_the_account_gets_nothing_and_nobody_is_told(world: ProviderWorld, user: str) -> None:
    world.line.block(user)

    assert sender(world).send(ADA.model_copy(update={"line_user_id": user}), MESSAGE, f"{KEY}-{user}").provider_id
    assert not world.line.sent[-1].arrived


@pytest.mark.parametrize("there", [None, "ada", "U123"])
def test_what_is_no_line_user_is_not_written_to(world: ProviderWorld, there: str | None) -> None:
    before = len(world.line.sent)

    with pytest.raises(Unreachable, match="LINE user id"):
        sender(world).send(ADA.model_copy(update={"line_user_id": there}), MESSAGE, KEY)

    assert before == len(world.line.sent)


def test_another_accounts_user_is_unreachable(world: ProviderWorld, user: str) -> None:
    world.line.unknown.add(user)

    with pytest.raises(Unreachable) as caught:
        sender(world).send(ADA.model_copy(update={"line_user_id": user}), MESSAGE, f"{KEY}-{user}")

    assert (About.ADDRESS, "line-400@2026-11-27") == (caught.value.about, caught.value.rule)


def test_when_the_month_is_used_up_it_is_so_for_everybody(world: ProviderWorld, user: str) -> None:
    """Another channel takes over, and the user's id is not closed for it."""
    world.line.quota = 0

    with pytest.raises(Unreachable, match="used up") as caught:
        sender(world).send(ADA.model_copy(update={"line_user_id": user}), MESSAGE, f"{KEY}-{user}")

    assert (About.COUNTRY, "line-429-monthly@2026-11-27") == (caught.value.about, caught.value.rule)
    assert 0 == LineAccount(api(world)).left()
    world.line.quota = None


def test_the_rate_is_waited_for(world: ProviderWorld, user: str) -> None:
    world.faults.add("line", "POST", Mode.RATE_LIMITED)

    with pytest.raises(ProviderTrouble) as caught:
        sender(world).send(ADA.model_copy(update={"line_user_id": user}), MESSAGE, f"{KEY}-{user}")

    assert caught.value.not_executed


def test_a_wrong_token_is_an_operators_to_mend(world: ProviderWorld, user: str) -> None:
    with pytest.raises(ProviderMisuse, match="LINE_CHANNEL_ACCESS_TOKEN"):
        sender(world, "wrong").send(ADA.model_copy(update={"line_user_id": user}), MESSAGE, KEY)
    with pytest.raises(ProviderMisuse, match="LINE_CHANNEL_ACCESS_TOKEN"):
        LineAccount(api(world, "wrong")).name()


def test_the_account_is_read(world: ProviderWorld) -> None:
    world.line.quota = None
    account = LineAccount(api(world))

    assert ("@sandbox", None, None) == (account.name(), account.left(), account.webhook())


def opened(events: object, secret: str = SECRET) -> Sequence[Arrival]:
    body = json.dumps({"destination": "U0", "events": events}).encode()
    return LineWebhook(["old", SECRET]).open(body, {"x-line-signature": signature(secret.encode(), body).decode()}, "")


def an_event(kind: str = "follow", **more: Any) -> dict[str, Any]:
    source = {"type": "user", "userId": "U" + "a" * 32}
    return (
        {"type": kind, "mode": "active", "timestamp": 1_790_000_000_123, "source": source}
        | {
            "webhookEventId": "01H",
            "deliveryContext": {"isRedelivery": False},
        }
        | more
    )


def test_the_signature_is_what_the_sdk_checks() -> None:
    body = json.dumps({"events": [], "destination": "ลูกค้า"}, ensure_ascii=False)

    assert SignatureValidator(SECRET).validate(body, signature(SECRET.encode(), body.encode()).decode())


def test_an_event_is_kept_by_its_own_id_also_when_it_is_delivered_again() -> None:
    (first,) = opened([an_event()])
    (again,) = opened([an_event(deliveryContext={"isRedelivery": True})])

    assert ("line", "01H", "follow") == (first.provider, first.event_id, first.kind)
    assert first.event_id == again.event_id


def test_lines_own_trial_of_the_address_has_no_events() -> None:
    assert [] == opened([])
    assert [] == opened([an_event(mode="standby"), "?", {"type": "follow"}])


def test_what_is_signed_by_another_is_refused() -> None:
    with pytest.raises(NotGenuine):
        opened([an_event()], "another")
    with pytest.raises(NotGenuine):
        LineWebhook([SECRET]).open(b"{}", {}, "")
    with pytest.raises(Unreadable):
        opened(None)


@pytest.mark.parametrize(
    ("event", "wish", "words"),
    [
        (an_event("follow"), Wish.START, ""),
        (an_event("unfollow"), Wish.STOP, ""),
        (an_event("message", message={"type": "text", "text": "STOP"}), Wish.STOP, "STOP"),
        (an_event("message", message={"type": "text", "text": "I paid"}), None, "I paid"),
    ],
)
def test_what_a_customer_does_on_line_is_a_fact(event: dict[str, Any], wish: Wish | None, words: str) -> None:
    fact = read(event)

    assert isinstance(fact, CustomerWrote)
    said = (fact.channel, fact.address, fact.wish, fact.text, fact.event_id)
    assert (Channel.LINE, "U" + "a" * 32, wish, words, "01H") == said
    assert 1_790_000_000 == fact.at.timestamp()


def test_stickers_and_groups_say_nothing() -> None:
    for event in (
        an_event("message", message={"type": "sticker"}),
        an_event("message", source={"type": "group", "groupId": "C1", "userId": "U1"}),
        an_event("unsend"),
    ):
        assert isinstance(read(event), Ignored)
    for odd in (None, {}, an_event(timestamp=True), an_event(timestamp=10**30)):
        with pytest.raises(MalformedEvent):
            read(odd)
