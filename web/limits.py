"""How often a key may ask: so many requests at once, and so many in a second on the long run."""

import time
from collections import OrderedDict
from collections.abc import Callable

BURST, PER_SECOND = 100.0, 50.0
_MOST_KEYS = 10_000


class RateLimit:
    """One bucket for each key, in this process's memory."""

    def __init__(self, burst: float = BURST, rate: float = PER_SECOND, clock: Callable[[], float] = time.monotonic):
        self._burst, self._rate, self._clock = burst, rate, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key → left, and when

    def wait(self, key: str) -> float:
        """Seconds until this key may ask; 0.0: it may now, and has."""
        now = self._clock()
        left, at = self._buckets.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        may = left >= 1
        self._buckets[key] = (left - 1 if may else left, now)
        if len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
        return 0.0 if may else (1 - left) / self._rate
