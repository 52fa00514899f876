"""The terms: what a customer reads before signing up, which version that is, and who has agreed to it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from domain.base import Frozen
from domain.installation import Installation
from domain.languages import chosen, wanted
from domain.policy import Policy
from domain.terms import ANY, Acceptance, KeptTerms, Terms, TermsText, TermsVersion, terms_of
from gateways.policy_files import PolicyError, PolicyStore
from gateways.ports.ledger import Ledger
from gateways.terms_texts import TermsTexts
from service.requests import Unknown, WrongRequest
from service.threads import Threads

_AHEAD = timedelta(minutes=5)
"""So far another system's clock may be ahead of ours."""
_NAME = re.compile("[0-9a-f]{16}")


class Offer(Frozen):
    """Terms as somebody reads them, in one language."""

    version: str
    since: datetime  # UTC, when this version was first there
    in_force: bool  # for a segment at least
    language: str  # of the text, a tag in lower case
    languages: tuple[str, ...]  # in which this version can be read
    link: str | None  # to the page; None: it has no public address
    terms: Terms
    text: TermsText


class AcceptanceFile(Frozen):
    """All that a customer has agreed to, oldest first."""

    customer_id: str
    acceptances: tuple[Acceptance, ...]


class TermsDesk:
    """Raises Unknown, WrongRequest, or ProviderTrouble when the ledger does not answer.

    link: makes the address of a version's page; None: the web process has no public address.
    """

    def __init__(
        self,
        ledger: Ledger,
        policies: PolicyStore,
        texts: TermsTexts,
        here: Installation,
        threads: Threads,
        clock: Callable[[], datetime],
        link: Callable[[str], str] | None = None,
    ) -> None:
        self._ledger = ledger
        self._policies = policies
        self._texts = texts
        self._here = here
        self._threads = threads
        self._clock = clock
        self._link = link
        self._kept: dict[str, KeptTerms] = {}  # by the terms as data: their words stay while the process runs

    async def offered(self, segment: str = ANY, languages: str = "") -> Offer:
        """The terms in force for a segment, as data and as sentences. What nobody has named has those of any.

        `languages`: as in `Accept-Language`, the best first; the first that is there, else the merchant's.
        """
        kept = await self._threads.run(self._in_force, segment)
        return self._offer(kept, languages, in_force=True)

    async def version(self, version: str, languages: str = "") -> Offer:
        """A version as it was, in force or not. Raises Unknown."""
        return await self._threads.run(self._version, version, languages)

    async def accept(
        self, customer_id: str, event_id: str, version: str, language: str, at: datetime | None, where: str, by: str
    ) -> AcceptanceFile:
        """A customer has agreed, with or without a case; with an event id that came before it counts once.

        at: when they agreed; None: now. where: the page, form or contract. by: who says so.
        """
        now = self._clock()
        if at and at > now + _AHEAD:
            raise WrongRequest(f"at: {at.isoformat()} lies in the future.")
        return await self._threads.run(
            self._accept, customer_id, event_id, version, language, min(at or now, now), where, by
        )

    async def acceptances(self, customer_id: str) -> AcceptanceFile:
        """Raises Unknown for a customer of whom nothing is known."""
        return await self._threads.run(acceptances_of, self._ledger, customer_id)

    def _accept(
        self, customer_id: str, event_id: str, version: str, language: str, at: datetime, where: str, by: str
    ) -> AcceptanceFile:
        kept = self._known(version)
        read_in = chosen(language, kept.content.texts)
        if read_in is None:
            raise WrongRequest(f"language: this version can be read in {', '.join(kept.content.texts)}.")
        if at < kept.since - _AHEAD:
            raise WrongRequest(f"at: this version is there since {kept.since.isoformat()}, and nobody agreed before.")
        said = Acceptance(
            customer_id=customer_id, event_id=event_id, version=version, language=read_in, at=at, where=where, by=by
        )
        self._ledger.accept(said)
        return acceptances_of(self._ledger, customer_id)

    def _version(self, version: str, languages: str) -> Offer:
        kept = self._known(version)
        segments = sorted(self._policies.segments | self._texts.stated.segments.keys() | {ANY})
        in_force = any(self._in_force(segment).version == version for segment in segments)
        return self._offer(kept, languages, in_force=in_force)

    def _known(self, version: str) -> KeptTerms:
        kept = self._ledger.kept_terms(version) if _NAME.fullmatch(version) else None
        if kept is None:
            raise Unknown("There is no such version of the terms: ask for those in force.")
        return kept

    def _in_force(self, segment: str) -> KeptTerms:
        """Kept from the first time that somebody asks: what can be read can be agreed to."""
        here = self._here.hearing(self._ledger.an_endpoint_takes)
        terms = terms_in_force(self._texts, self._policies, here, segment)
        if kept := self._kept.get(said := terms.model_dump_json()):
            return kept
        content = TermsVersion(terms=terms, texts=self._texts.write(terms))
        self._ledger.keep_terms(KeptTerms(version=content.name, since=self._clock(), content=content))
        kept = self._kept[said] = self._known(content.name)
        return kept

    def _offer(self, kept: KeptTerms, languages: str, *, in_force: bool) -> Offer:
        texts = kept.content.texts
        language = language_of(texts, languages, self._texts.language)
        return Offer(
            version=kept.version,
            since=kept.since,
            in_force=in_force,
            language=language,
            languages=tuple(sorted(texts)),
            link=self._link(kept.version) if self._link else None,
            terms=kept.content.terms,
            text=texts[language],
        )


def language_of(texts: Mapping[str, object], languages: str, default: str) -> str:
    """The first that is wanted and there, else the merchant's, else any."""
    tags: Sequence[str] = [*wanted(languages), default]
    return next((name for tag in tags if (name := chosen(tag, texts))), min(texts))


def acceptances_of(ledger: Ledger, customer_id: str) -> AcceptanceFile:
    """Raises Unknown."""
    found = tuple(ledger.acceptances(customer_id))
    if not found and ledger.customer(customer_id) is None:
        raise Unknown(f"The ledger knows nothing of a customer {customer_id}.")
    return AcceptanceFile(customer_id=customer_id, acceptances=found)


def terms_in_force(texts: TermsTexts, policies: PolicyStore, here: Installation, segment: str) -> Terms:
    """The terms of a segment as data. here: as its endpoints hear today. Writes nothing."""
    return terms_of(texts.stated.of(segment), _policies(policies, segment), here)


def _policies(store: PolicyStore, segment: str) -> dict[bool, Policy]:
    """The policies of a segment, by whether they are for sent invoices."""
    found: dict[bool, Policy] = {}
    for sent in (False, True):
        try:
            found[sent] = store.for_segment(segment, sent=sent)
        except PolicyError:
            continue  # none is for such invoices
    return found
