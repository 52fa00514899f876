"""Twilio's stand-in makes calls as Twilio does: signed, it asks what to say, says who is there, and that it is over."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from sandbox.providers.twilio_voice import Answers, Call, by_outbox, over_http
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.test_messages import LocalTwilio

NUMBER = "+14155550133"
ASKS = (
    '<Response><Gather numDigits="1" action="{url}/key"><Say language="en-US">Who is there?</Say></Gather>'
    '<Say language="en-US">Goodbye.</Say><Hangup/></Response>'
)
SAYS = '<Response><Say language="en-US">You pressed a key.</Say><Hangup/></Response>'


class Page:
    """What a product says in a call, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self.url = ""
        self.status = 200
        self.over = threading.Event()
        self.under_way: dict[str, bool] = {}
        self.world = ProviderWorld()

    async def __call__(self, request: Request) -> Response:
        stage = request.path_params["stage"]
        self.under_way[stage] = self.world.twilio.voice.talks
        fields = dict(parse_qsl((await request.body()).decode()))
        self.asked.append((stage, fields, request.headers["x-twilio-signature"]))
        if stage == "over":
            self.over.set()
            return Response(status_code=204)
        text = SAYS if stage == "key" else ASKS.format(url=self.url)
        return Response(text, self.status, media_type="text/xml")


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
def world(page: Page) -> Iterator[ProviderWorld]:
    world = page.world
    world.doors.append(Route("/page/{stage}", page.__call__, methods=["POST"]))
    with world:
        page.url = f"{world.base_url}/page"
        world.twilio.voice.plays = True
        yield world


def called(world: ProviderWorld, page: Page) -> Call:
    """By the SDK; returns when the product has been told that it is over."""
    client: Any = Client(world.twilio.account_sid, world.twilio.auth_token, http_client=LocalTwilio(world.twilio_url))
    client.calls.create(
        NUMBER, world.twilio.number, url=f"{page.url}/answered", status_callback=f"{page.url}/over", method="POST"
    )
    assert page.over.wait(10)
    return world.twilio.voice.calls[-1]


def test_who_answers_hears_what_is_said_and_presses_keys(world: ProviderWorld, page: Page) -> None:
    world.twilio.voice.people[NUMBER] = Answers(keys="1")
    made = called(world, page)

    assert ["answered", "key", "over"] == [stage for stage, _, _ in page.asked]
    assert ["human", "1", "completed"] == [
        fields[name] for (_, fields, _), name in zip(page.asked, ("AnsweredBy", "Digits", "CallStatus"), strict=True)
    ]
    signed = RequestValidator(world.twilio.auth_token).validate
    assert all(signed(f"{page.url}/{stage}", fields, signature) for stage, fields, signature in page.asked)
    assert ("1", 1) == (made.pressed, made.before_keys)
    assert {"answered": True, "key": True, "over": False} == page.under_way
    assert ["Who is there?", "You pressed a key."] == [text for _, text in made.heard]


def test_all_that_is_heard_without_a_key_was_heard_before_one(world: ProviderWorld, page: Page) -> None:
    world.twilio.voice.people[NUMBER] = Answers(by="machine_end_beep")
    made = called(world, page)

    assert ("", 2, ["Who is there?", "Goodbye."]) == (made.pressed, made.before_keys, [text for _, text in made.heard])


def test_where_nobody_says_what_to_say_the_call_ends(world: ProviderWorld, page: Page) -> None:
    world.twilio.voice.people[NUMBER], page.status = Answers(keys="1"), 500
    made = called(world, page)

    assert ([], "completed") == (made.heard, made.status)
    assert [11200] == [entry.data["code"] for entry in world.log if entry.kind == "call.error"]


def test_that_it_is_over_is_held_back_with_the_other_webhooks(world: ProviderWorld, page: Page) -> None:
    """Whoever leads a case has them in hand."""
    world.outbox.hold()
    voice, numbers = world.twilio.voice, world.twilio.numbers
    form = {"To": NUMBER, "From": world.twilio.number, "Url": page.url, "StatusCallback": f"{page.url}/over"}
    made = asyncio.run(voice.play(voice.accept(form, numbers).sid, over_http, by_outbox(world.outbox)))

    [held] = world.outbox.take()
    assert ("twilio", made.sid, "no-answer", NUMBER) == (
        held.provider,
        held.event_id,
        held.kind,
        held.subjects["number"],
    )
    assert [] == page.asked
    world.outbox.send(held)
    assert page.over.wait(10)
    [(_, fields, _)] = page.asked
    assert (made.sid, "no-answer") == (fields["CallSid"], fields["CallStatus"])
