"""Delivery of the providers' webhooks by a background thread, with the disorder that real ones have."""

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from sandbox.providers.journal import Journal

Sign = Callable[[bytes], Mapping[str, str]]


@dataclass
class Delivery:
    """One webhook request. `sign` makes the headers again at each try, as providers do."""

    provider: str
    event_id: str
    kind: str
    url: str
    body: bytes
    sign: Sign
    tries: int = 0


class Outbox:
    """Sends deliveries in order, and tries a refused one again until it is accepted or `max_tries` is used up."""

    def __init__(self, journal: Journal, *, max_tries: int = 20, retry_after_s: float = 0.5) -> None:
        self._journal = journal
        self._max_tries = max_tries
        self._retry_after_s = retry_after_s
        self._queue: queue.Queue[Delivery | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._pending = 0
        self._idle = threading.Condition()

    def post(self, delivery: Delivery) -> None:
        with self._idle:
            if self._stopping.is_set():
                return
            self._pending += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="sandbox-webhooks", daemon=True)
                self._thread.start()
        self._queue.put(delivery)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything posted so far was accepted or given up. False if that took too long."""
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
            with self._idle:
                self._pending -= 1
                self._idle.notify_all()
        else:
            timer = threading.Timer(self._retry_after_s, self._queue.put, [delivery])
            timer.daemon = True
            timer.start()
