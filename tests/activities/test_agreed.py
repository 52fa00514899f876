"""An e-mail quotes the terms that are on record for its customer, and those alone."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.installation import COMPLETE
from domain.terms import Acceptance, KeptTerms, Section, Stated, TermsText, TermsVersion, terms_of
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import AS_OF, OpenCase, Worker, a_contact, mails, open_case
from tests.domain.builders import STANDARD

PUBLIC = "https://dunning.example.com"
TEXT = TermsText(title="Terms", sections=(Section(heading="How", sentences=("By card.",)),))
QUOTED = "You agreed to our payment terms on "


@pytest.fixture
def public(worker: Worker) -> Worker:
    return worker.restarted(WEB_PUBLIC_URL=PUBLIC)


def agree(worker: Worker, customer: str, at: datetime, due_days: int = 14) -> str:
    """The version that the customer has agreed to."""
    terms = terms_of(Stated(due_days=due_days), {False: STANDARD}, COMPLETE)
    content = TermsVersion(terms=terms, texts={"en": TEXT})
    worker.ledger.keep_terms(KeptTerms(version=content.name, since=at, content=content))
    worker.ledger.accept(
        Acceptance(
            customer_id=customer,
            event_id=f"sign-up-{at.isoformat()}",
            version=content.name,
            language="en",
            at=at,
            where="sign-up page",
            by="shop",
        )
    )
    return content.name


def text(world: ProviderWorld, case: OpenCase) -> str:
    (mail,) = mails(world, case)
    assert mail.text is not None
    return mail.text


def test_the_newest_acceptance_is_quoted_with_the_customers_own_date(world: ProviderWorld, public: Worker) -> None:
    """It was still 2 March in America when it was the 3rd in UTC."""
    case = open_case(public)
    agree(public, case.customer_id, AS_OF - timedelta(days=900), due_days=30)
    version = agree(public, case.customer_id, datetime(2026, 3, 3, 2, tzinfo=UTC))

    public.contact(a_contact(case))

    assert f"{QUOTED}March 2, 2026:\n{PUBLIC}/terms/{version}\n" in text(world, case)


def test_who_has_agreed_to_nothing_reads_nothing_of_it(world: ProviderWorld, public: Worker) -> None:
    """Nor who has agreed only after the message, by the case's time."""
    case, other = open_case(public), open_case(public)
    agree(public, other.customer_id, AS_OF - timedelta(days=1))
    agree(public, case.customer_id, AS_OF + timedelta(days=1))

    public.contact(a_contact(case))

    assert "agreed" not in text(world, case)


def test_without_a_public_address_there_is_nothing_to_quote(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    agree(worker, case.customer_id, AS_OF - timedelta(days=1))

    worker.contact(a_contact(case))

    assert "agreed" not in text(world, case)
