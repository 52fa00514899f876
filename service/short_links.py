"""Where a text message's short link leads: to the payment page as the provider has it now."""

from collections.abc import Callable

from gateways.ports.ledger import Ledger
from gateways.ports.payments import Payments
from gateways.ports.trouble import NotFound, ProviderMisuse, ProviderTrouble
from gateways.preference_page import PreferencePage, Trouble
from gateways.short_links import is_code
from service.mailroom import NotGenuine, NotKept
from service.threads import Threads


class ShortPages:
    """`payments` is asked at each opening: the address of a payment page runs out, and the message does not."""

    def __init__(
        self, ledger: Ledger, payments: Callable[[], Payments], page: PreferencePage, threads: Threads
    ) -> None:
        self._ledger = ledger
        self._payments = payments
        self._page = page
        self._threads = threads

    async def target(self, code: str) -> str:
        """The address of the page. Raises NotGenuine for a code that is none of ours, NotKept when nobody answers."""
        if not is_code(code):
            raise NotGenuine("This link is not complete: open it as it stands in the message.")
        try:
            return await self._threads.run(self._target, code)
        except (ProviderTrouble, ProviderMisuse) as error:
            raise NotKept(str(error)) from None

    def trouble(self, trouble: Trouble, accepted: str) -> str:
        """HTML for whoever cannot be led on; `accepted` as in `PreferencePage.render_trouble`."""
        return self._page.render_trouble(trouble, accepted)

    def _target(self, code: str) -> str:
        invoice_id = self._ledger.shortened(code)
        if invoice_id is None:
            raise NotGenuine("This link leads nowhere.")
        try:
            invoice = self._payments().read_invoice(invoice_id)
        except NotFound:
            raise NotGenuine("The invoice of this link is gone.") from None
        link = invoice.verify_url or invoice.pay_url or ""
        if not link.startswith(("https://", "http://")):
            raise NotGenuine("The invoice of this link has no page.")
        return link
