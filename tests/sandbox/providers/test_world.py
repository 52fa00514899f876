"""The merchant's application, the agency, and the world around all stand-ins."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from standardwebhooks.webhooks import Webhook
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.providers.ending import ENDED
from sandbox.providers.world import ProviderWorld

RESTRICT = {"type": "service.restricted", "customer": "cus_1", "invoice": "in_1", "level": "read_only"}


@pytest.fixture(scope="module")
def running() -> Iterator[ProviderWorld]:
    with ProviderWorld() as started:
        yield started


@pytest.fixture
def world(running: ProviderWorld) -> Iterator[ProviderWorld]:
    yield running
    running.faults.clear()


def post_signed(world: ProviderWorld, message: dict[str, str], key: str, *, age_s: int = 0) -> httpx.Response:
    body = json.dumps(message).encode()
    at = int(time.time()) - age_s
    digest = hmac.new(world.merchant.secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Dunning-Signature": f"t={at},v1={digest}", "Idempotency-Key": key}
    return httpx.post(f"{world.merchant_url}/webhooks/dunning", content=body, headers=headers)


def hand_off(world: ProviderWorld, key: str, token: str | None = None) -> httpx.Response:
    return httpx.post(
        f"{world.agency_url}/handoffs",
        json={"handoff_id": "ho_1", "bundle": {"invoice": {"id": "in_1"}}, "html": "<h1>Case</h1>"},
        headers={"Authorization": f"Bearer {token or world.agency.token}", "Idempotency-Key": key},
    )


def test_a_world_that_ends_answers_what_it_has_in_hand(caplog: pytest.LogCaptureFixture) -> None:
    """With 503 and one sentence; no trace of a cancelled request is logged."""
    waiting = threading.Event()

    async def wait(_: Request) -> JSONResponse:
        waiting.set()
        await asyncio.Event().wait()
        raise AssertionError("nothing ends this but the end")

    world = ProviderWorld()
    world.doors.append(Route("/wait", wait))
    with world, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(httpx.get, f"{world.base_url}/wait", timeout=30)
        assert waiting.wait(timeout=30)
        world.give_up()
        answer = asked.result(timeout=30)

    assert (503, {"refused": ENDED}) == (answer.status_code, answer.json())
    assert [] == [record.message for record in caplog.records if record.name.startswith("uvicorn")]


def test_the_merchant_restricts_restores_and_shows_notices(world: ProviderWorld) -> None:
    """Access follows the last message; notices are kept per customer."""
    post_signed(world, RESTRICT, "r-1")
    restricted = world.merchant.access("cus_1")
    post_signed(world, {"type": "notice.created", "customer": "cus_1", "text": "Please pay."}, "n-1")
    post_signed(world, {"type": "service.restored", "customer": "cus_1"}, "r-2")

    assert ("read_only", "full") == (restricted, world.merchant.access("cus_1"))
    assert ["Please pay."] == [notice["text"] for notice in world.merchant.notices("cus_1")]


def test_the_merchants_endpoint_takes_what_the_standards_library_signs(world: ProviderWorld) -> None:
    """An event that is signed with another secret, or was signed long ago, is refused and not kept."""
    secret, other = (f"whsec_{base64.b64encode(letter * 32).decode()}" for letter in (b"a", b"b"))
    world.merchant.events_secret = secret
    body = json.dumps({"type": "case.opened", "data": {"case": {"invoice": "in_1"}}})

    def posted(message_id: str, signed_with: str, age: int = 0) -> int:
        at = datetime.now(UTC) - timedelta(seconds=age)
        signature = f"{Webhook(other).sign(message_id, at, body)} {Webhook(signed_with).sign(message_id, at, body)}"
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        }
        return httpx.post(f"{world.merchant_url}/events", content=body, headers=headers).status_code

    answers = [posted("msg_1", secret), posted("msg_1", secret), posted("msg_2", other), posted("msg_3", secret, 400)]

    assert [204, 204, 400, 400] == answers
    assert ["msg_1", "msg_1"] == [told.message_id for told in world.merchant.told]
    assert "case.opened" == world.merchant.told[0].event["type"]


def test_the_merchant_keeps_a_level_for_each_subscription(world: ProviderWorld) -> None:
    """The last message about a subscription says what it has, whichever invoice it names, and nothing of another."""
    one = {**RESTRICT, "customer": "cus_4", "subscription": "sub_1"}
    post_signed(world, one, "s-1")
    post_signed(world, {**one, "subscription": "sub_2", "level": "blocked"}, "s-2")
    both = world.merchant.access("cus_4")
    post_signed(world, {**one, "subscription": "sub_2", "invoice": "in_2", "type": "service.restored"}, "s-3")

    assert ("blocked", "read_only") == (both, world.merchant.access("cus_4"))


def test_the_merchant_takes_a_key_once(world: ProviderWorld) -> None:
    """A repeated delivery is answered and not applied."""
    replies = [post_signed(world, {"type": "notice.created", "customer": "cus_2"}, "n-2").json() for _ in range(2)]

    assert [False, True] == [reply["repeated"] for reply in replies]
    assert 1 == len(world.merchant.notices("cus_2"))


def test_the_merchant_refuses_wrong_and_old_signatures(world: ProviderWorld) -> None:
    """400, and nothing changes."""
    old = post_signed(world, {**RESTRICT, "customer": "cus_3"}, "r-3", age_s=600)
    unsigned = httpx.post(f"{world.merchant_url}/webhooks/dunning", json={**RESTRICT, "customer": "cus_3"})

    assert [400, 400] == [old.status_code, unsigned.status_code]
    assert "full" == world.merchant.access("cus_3")


def test_the_agency_files_a_handoff_once_and_gives_it_back(world: ProviderWorld) -> None:
    """The same key gets the same reference; a recall may be repeated."""
    first, second = hand_off(world, "h-1"), hand_off(world, "h-1")
    reference = first.json()["reference"]
    headers = {"Authorization": f"Bearer {world.agency.token}"}
    recalls = [
        httpx.post(f"{world.agency_url}/handoffs/{reference}/recall", headers=headers).status_code for _ in range(2)
    ]

    assert (201, 200, reference) == (first.status_code, second.status_code, second.json()["reference"])
    assert [200, 200] == recalls
    assert ["recalled"] == [h.status for h in world.agency.handoffs if h.reference == reference]


def test_the_agency_checks_token_and_reference(world: ProviderWorld) -> None:
    """401 for a wrong token, 404 for an unknown file."""
    headers = {"Authorization": f"Bearer {world.agency.token}"}

    assert 401 == hand_off(world, "h-2", token="wrong").status_code
    assert 404 == httpx.post(f"{world.agency_url}/handoffs/AG-999999/recall", headers=headers).status_code


def test_a_client_gives_up_on_a_provider_that_hangs(world: ProviderWorld) -> None:
    """With `hang` the connection stays open until the client's own timeout, after the work was done."""
    world.faults.add("agency", "POST /handoffs", "timeout_after", hang=True)

    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{world.agency_url}/handoffs",
            json={"handoff_id": "ho_2", "bundle": {}},
            headers={"Authorization": f"Bearer {world.agency.token}", "Idempotency-Key": "h-3"},
            timeout=0.2,
        )

    assert "h-3" in [handoff.key for handoff in world.agency.handoffs]


def test_an_answer_is_held_back_until_released(world: ProviderWorld) -> None:
    """A driver can stop the world between the effect and its answer, and kill something meanwhile."""
    fault = world.faults.add("agency", "POST /handoffs", "hold_after")
    replies: list[httpx.Response] = []
    caller = threading.Thread(target=lambda: replies.append(hand_off(world, "h-4")))
    caller.start()

    assert fault.reached.wait(5)
    assert "h-4" in [handoff.key for handoff in world.agency.handoffs]
    assert [] == replies
    fault.release()
    caller.join(5)
    assert 201 == replies[0].status_code


def test_a_fault_strikes_as_often_as_told_and_only_where_it_matches(world: ProviderWorld) -> None:
    """`times` requests of that provider and path, then it is over."""
    world.faults.add("agency", "POST /handoffs$", "500", times=2)

    statuses = [hand_off(world, "h-5").status_code for _ in range(3)]

    assert [500, 500, 201] == statuses


def test_the_journal_numbers_everything_in_one_order(world: ProviderWorld) -> None:
    """Effects of all providers share one sequence without gaps."""
    customer = world.stripe.add_customer()
    world.stripe.add_invoice(customer, amount=100)
    hand_off(world, "h-6")

    log = world.log
    assert list(range(1, len(log) + 1)) == [entry.seq for entry in log]
    assert {"stripe", "agency"} <= {entry.provider for entry in log}


def test_a_taken_port_is_explained(world: ProviderWorld) -> None:
    """One sentence that names the port and what to do."""
    port = int(world.base_url.rpartition(":")[2])

    with pytest.raises(RuntimeError, match=f"cannot listen on 127.0.0.1:{port} .* choose another one"):
        ProviderWorld(port=port).start()


def test_two_worlds_live_side_by_side(world: ProviderWorld) -> None:
    """Own ports, own state, own ids."""
    with ProviderWorld() as other:
        assert other.base_url != world.base_url
        assert other.stripe.add_customer() != world.stripe.add_customer()
        assert 200 == httpx.get(other.base_url).status_code


def test_answers_are_not_held_back_by_nagle() -> None:
    """Over a connection that stays open, an answer of two packets would wait 40 ms for the client's delayed ACK."""
    with ProviderWorld() as world, httpx.Client() as client:
        client.get(world.base_url)
        assert world._server is not None
        (connection,) = world._server.server_state.connections
        accepted = connection.transport.get_extra_info("socket")

        assert 0 != accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_stopping_ends_its_threads_even_while_an_answer_is_held() -> None:
    """No orphan thread stays behind."""
    world = ProviderWorld()
    world.start()
    fault = world.faults.add("agency", "POST /handoffs", "hold_after")
    caller = threading.Thread(target=lambda: hand_off(world, "h-7"))
    caller.start()
    assert fault.reached.wait(5)
    world.stop()
    caller.join(5)

    assert not [thread for thread in threading.enumerate() if thread is world._thread]
    assert not caller.is_alive()
