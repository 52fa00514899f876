"""Cases of one customer, side by side: what one says depends on what another has said, and when."""

import asyncio
from datetime import datetime


class Together:
    """The clocks of several cases: all go to whichever moment comes first for any of them."""

    def __init__(self, members: int = 1) -> None:
        self._members = members
        self._wanted: list[datetime] = []
        self._agreed: asyncio.Future[datetime] | None = None

    async def first_of(self, wanted: datetime) -> datetime:
        """The earliest moment that any of the cases wants to go to; waits until every one has said its own."""
        self._wanted.append(wanted)
        self._agreed = self._agreed or asyncio.get_running_loop().create_future()
        agreed = self._agreed
        self._go_if_all_are_there()
        return await agreed

    def leaves(self) -> None:
        """One case goes nowhere any more: the others do not wait for it."""
        self._members -= 1
        self._go_if_all_are_there()

    def _go_if_all_are_there(self) -> None:
        if self._agreed and self._members <= len(self._wanted):
            self._agreed.set_result(min(self._wanted))
            self._wanted, self._agreed = [], None
