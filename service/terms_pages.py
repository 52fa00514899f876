"""The page that shows terms: to customers who sign up, and behind the link of an e-mail."""

from gateways.ports.trouble import ProviderTrouble
from gateways.preference_page import Trouble
from gateways.terms_page import TermsPage
from service.mailroom import NotGenuine, NotKept
from service.requests import Unknown
from service.terms import Offer, TermsDesk

__all__ = ["TermsPages", "Trouble"]


class TermsPages:
    """HTML. Raises NotKept when the ledger does not answer."""

    def __init__(self, desk: TermsDesk, page: TermsPage) -> None:
        self._desk = desk
        self._page = page

    async def in_force(self, segment: str, languages: str) -> str:
        """`languages`: as in `Accept-Language`, the best first."""
        try:
            return self._shown(await self._desk.offered(segment, languages), segment)
        except ProviderTrouble as error:
            raise NotKept(str(error)) from None

    async def version(self, version: str, languages: str) -> str:
        """Raises NotGenuine for a version that was never there."""
        try:
            return self._shown(await self._desk.version(version, languages))
        except Unknown as error:
            raise NotGenuine(str(error)) from None
        except ProviderTrouble as error:
            raise NotKept(str(error)) from None

    def trouble(self, trouble: Trouble, accepted: str) -> str:
        """HTML for whoever cannot be shown the page; `accepted` as `languages` above."""
        return self._page.render_trouble(trouble, accepted)

    def _shown(self, offer: Offer, segment: str | None = None) -> str:
        others = [name for name in offer.languages if name != offer.language]
        return self._page.render(
            offer.text, offer.version, offer.since.date(), offer.language, others, segment, in_force=offer.in_force
        )
