"""An office with the automatic service beside it, and Twilio's stand-in for it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from domain.calls import CallResult, MadeBy, Offer
from domain.consent import Purpose, Source
from domain.steps import Channel
from gateways.ledger.schema import calls
from gateways.ledger.schema_doors import outbox
from gateways.ports.calls import CallTaskRow
from gateways.ports.consents import OptIn
from gateways.twilio_voice import TwilioDialler
from gateways.twilio_webhook import TwilioWebhook
from runtime import wiring
from runtime.voice import scripts
from sandbox.providers.twilio_voice import Answers, Call
from service.threads import Threads
from service.voice import AutomaticCalls
from service.voice_door import VoiceDoor
from service.voice_talk import VoiceTalk
from tests.activities.builders import OpenCase, Worker
from tests.activities.test_calls import DAY, MONDAY, NUMBER, Office

PUBLIC, CALLER = "https://dunning.example.com", "+15550006000"
SET_UP = {"CALL_BACK_NUMBER": NUMBER, "WEB_PUBLIC_URL": PUBLIC, "TWILIO_VOICE_FROM": CALLER}


class Exchange(Office):
    """An office with the automatic service beside it."""

    def __init__(self, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(worker)
        self.worker = worker.restarted(**SET_UP)
        self.twilio = worker.world.twilio.voice
        monkeypatch.setattr(worker.world.journal, "clock", lambda: self.now)
        for name in ("people", "nobody"):
            monkeypatch.setattr(self.twilio, name, {})
        monkeypatch.setattr(self.twilio, "calls", [])
        settings = self.worker.settings
        dialler = TwilioDialler(
            settings.required("TWILIO_ACCOUNT_SID"),
            settings.twilio_secret,
            settings.twilio_api_base,
            CALLER,
            PUBLIC,
            settings.provider_timeout,
            wiring.refusals(settings, "twilio-voice"),
            clock=lambda: self.now,
        )
        said = scripts(settings)
        self.voice = AutomaticCalls(self.ledger, self.calls, dialler, lambda: self.now, timedelta(minutes=1))
        self.talk = VoiceTalk(self.ledger, self.calls, said)
        self.threads = Threads(2, "voice")
        webhook = TwilioWebhook(PUBLIC, [settings.twilio_secret])
        self.door = VoiceDoor(self.talk, webhook, PUBLIC, self.threads)

    def agreed(self, case: OpenCase, **changed: Any) -> OpenCase:
        """Somebody who has agreed to automated calls."""
        given: dict[str, Any] = {
            "customer_id": case.customer_id,
            "channel": Channel.PHONE,
            "event_id": f"consent-{case.customer_id}",
            "source": Source.BILLING,
            "proof": "checkbox of the order",
            "at": MONDAY - 30 * DAY,
            "purpose": Purpose.AUTOMATED_CALLS,
        }
        self.ledger.opted_in(OptIn(**given | changed))
        return case

    def automatic(self, case: OpenCase, **fields: Any) -> str:
        given = {"by": MadeBy.MACHINE, "offers": (Offer.PAY_LINK,)} | fields
        return self.queue(case, **given)

    def look(self, call: str) -> CallResult | None:
        """What the automatic service does of this one call in one round."""
        for row, made in self.ledger.untold_calls():
            if row.call_id == call:
                return self.voice.look(row, made)
        for row in self.tasks(call):
            self.voice.begin(row)
        return None

    def tasks(self, call: str) -> list[CallTaskRow]:
        """The task, if the ledger lets it be made now."""
        found, after = [], ""
        while page := self.ledger.automatic_calls(self.now, after):
            found += [row for row in page if row.call_id == call]
            after = page[-1].call_id
        return found

    def conversations(self, call: str) -> list[bool]:
        """Whether the law counts each call of a task as a conversation."""
        return self._read(sa.select(calls.c.conversation).where(calls.c.call_id == call).order_by(calls.c.number))

    def events(self, case: OpenCase) -> list[str]:
        """What the merchant's systems are told of the case, by type."""
        return self._read(sa.select(outbox.c.type).where(outbox.c.invoice_id == case.invoice_id).order_by(outbox.c.id))

    def _read(self, query: sa.Select[tuple[Any]]) -> list[Any]:
        engine = sa.create_engine(self.worker.settings.dunning_database_url)
        with engine.connect() as connection:
            return list(connection.execute(query).scalars())

    async def play(self, there: OpenCase, answers: Answers | None) -> Call:
        """What becomes of the newest call, as Twilio makes it."""
        if answers:
            self.twilio.people[there.phone or ""] = answers
        return await self.twilio.play(self.twilio.calls[-1].sid, self.asks)

    async def asks(self, url: str, fields: dict[str, str], headers: dict[str, str]) -> str:
        path = url.removeprefix(PUBLIC)
        _, _, call, number, stage = path.split("/")
        lower = {name.lower(): value for name, value in headers.items()}
        body = urlencode(fields).encode()
        if stage == "over":
            await self.door.over(call, int(number), body, lower, path)
            return ""
        return await self.door.says(stage, call, int(number), body, lower, path)


@pytest.fixture
def exchange(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchange]:
    found = Exchange(worker, monkeypatch)
    yield found
    found.threads.close()
