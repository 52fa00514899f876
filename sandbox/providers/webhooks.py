"""Delivery of the providers' webhooks by a background thread: signed anew at each try, tried again with back-off."""

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import httpx

from sandbox.providers.journal import Journal

Sign = Callable[[bytes], Mapping[str, str]]
Dated = Callable[[bytes, int], bytes]


def _as_it_is(body: bytes, _: int) -> bytes:
    return body


@dataclass
class Delivery:
    """One webhook request.

    sign:     makes the headers again at each try, as providers do.
    subjects: ids by role, as in the journal; `key` is the one that the caller gave the message.
    dated:    the body as if it had happened at that time (Unix seconds).
    """

    provider: str
    event_id: str
    kind: str
    url: str
    body: bytes
    sign: Sign
    subjects: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    dated: Dated = _as_it_is
    tries: int = 0
    ended: threading.Event = field(default_factory=threading.Event, repr=False)  # accepted, or given up
    accepted: bool = False

    def copy(self) -> "Delivery":
        """The same, to be sent once more."""
        return replace(self, tries=0, ended=threading.Event(), accepted=False)

    def at(self, moment: int) -> "Delivery":
        """The same as if it had happened then. moment: Unix seconds."""
        return replace(self.copy(), body=self.dated(self.body, moment))


class Outbox:
    """Sends deliveries in order, and tries a refused one again until it is accepted or `max_tries` is used up."""

    def __init__(
        self, journal: Journal, *, max_tries: int = 40, retry_after_s: float = 0.25, longest_pause_s: float = 4.0
    ) -> None:
        """retry_after_s: the first pause; each further one is twice the one before. Stripe goes on for three days."""
        self._journal = journal
        self._max_tries = max_tries
        self._retry_after_s = retry_after_s
        self._longest_pause_s = longest_pause_s
        self._queue: queue.Queue[Delivery | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._held: list[Delivery] | None = None
        self._pending = 0
        self._idle = threading.Condition()

    def post(self, delivery: Delivery) -> None:
        """Sends it, or keeps it while deliveries are held back."""
        with self._idle:
            if self._held is not None:
                self._held.append(delivery)
                return
        self.send(delivery)

    def hold(self) -> None:
        """Keeps back what is posted from now on, for somebody to `take` and `send` it."""
        with self._idle:
            self._held = self._held or []

    def take(self, wanted: Callable[[Delivery], bool] = lambda _: True) -> list[Delivery]:
        """What is held and wanted, oldest first; it is held no more."""
        with self._idle:
            held = self._held or []
            taken = [delivery for delivery in held if wanted(delivery)]
            if self._held is not None:
                self._held = [delivery for delivery in held if not wanted(delivery)]
            return taken

    def release(self) -> None:
        """Sends what is held, and holds nothing further."""
        with self._idle:
            held, self._held = self._held or [], None
        for delivery in held:
            self.send(delivery)

    def send(self, delivery: Delivery) -> None:
        """Sends it, whether deliveries are held back or not."""
        with self._idle:
            if self._stopping.is_set():
                return
            self._pending += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="sandbox-webhooks", daemon=True)
                self._thread.start()
        self._queue.put(delivery)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything sent so far was accepted or given up. False if that took too long."""
        with self._idle:
            return self._idle.wait_for(lambda: self._pending == 0, timeout_s)

    def stop(self) -> None:
        self._stopping.set()
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _work(self) -> None:
        # trust_env off: a proxy of the machine must never see traffic between stand-ins.
        with httpx.Client(timeout=5, trust_env=False) as client:
            while (delivery := self._queue.get()) is not None:
                if self._stopping.is_set():
                    return
                self._try(client, delivery)

    def _try(self, client: httpx.Client, delivery: Delivery) -> None:
        delivery.tries += 1
        try:
            headers = {"Content-Type": "application/json", **delivery.sign(delivery.body)}
            status = client.post(delivery.url, content=delivery.body, headers=headers).status_code
        except httpx.HTTPError:
            status = 0
        accepted = 200 <= status < 300
        self._journal.record(
            delivery.provider,
            "webhook.accepted" if accepted else "webhook.refused",
            {"event": delivery.event_id},
            data={"type": delivery.kind, "status": status, "try": delivery.tries},
        )
        if accepted or delivery.tries >= self._max_tries:
            delivery.accepted = accepted
            delivery.ended.set()
            with self._idle:
                self._pending -= 1
                self._idle.notify_all()
        else:
            pause = min(self._retry_after_s * 2 ** min(delivery.tries - 1, 20), self._longest_pause_s)
            timer = threading.Timer(pause, self._queue.put, [delivery])
            timer.daemon = True
            timer.start()
