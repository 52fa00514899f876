"""The terms that customers agree to: whether they can be shown, and whether the merchant's part is finished."""

import re
from collections.abc import Iterator
from contextlib import closing

from domain.terms import ANY, Terms, TermsVersion
from gateways.terms_file import FILE
from gateways.terms_texts import TermsTexts
from runtime import wiring
from runtime.checks.look import Check, Look, fault
from runtime.checks.worker import WHOLE
from runtime.equipment import installation
from runtime.terms import terms_texts
from service.terms import terms_in_force

_PLACEHOLDER = re.compile(r"\{.*?\}+|<.*?>|\[.*?\]|_{3,}|\b(?:TODO|TBD|FIXME|XX+)\b|\blorem ipsum\b", re.IGNORECASE)
"""What somebody meant to fill in. The words of a late fee are shown as they stand."""


def _terms(look: Look) -> str:
    texts = terms_texts(look.settings)
    if wrong := [*_misnamed(look), *_unfinished(texts)]:
        raise fault("\n".join(wrong))
    store = wiring.policy_store(look.settings)
    known = store.segments | {ANY}
    found, lines = dict[str, TermsVersion](), []
    with closing(wiring.open_ledger(look.settings)) as ledger:
        here = installation(look.settings).hearing(ledger.an_endpoint_takes)
        for segment in sorted(known | texts.stated.segments.keys()):
            terms = terms_in_force(texts, store, here, segment)
            if terms.collected is None and terms.sent is None:
                raise fault(
                    f"The terms of segment {segment} say nothing of what happens: no policy is for it, nor for any."
                )
            version = found[segment] = TermsVersion(terms=terms, texts=texts.write(terms))
            lines.append(
                f"{segment} {version.name}{'' if ledger.kept_terms(version.name) else ' (nobody has asked yet)'}"
            )
    named = f"versions in force: {', '.join(lines)}"
    return "; ".join([named, *_left_out(found, texts), *_of_no_policy(texts, known)])


def _misnamed(look: Look) -> Iterator[str]:
    """What would be passed over."""
    folder = look.settings.dunning_policies
    if not (folder / FILE).is_file():
        for other in sorted(folder.glob("[Tt][Ee][Rr][Mm][Ss].*")):
            yield f"{other}: it is not read: the merchant's part of the terms is a file of the name {FILE}; rename it."


def _unfinished(texts: TermsTexts) -> Iterator[str]:
    for segment, stated in texts.stated.segments.items():
        for language, words in stated.late_fee.items():
            if left := _PLACEHOLDER.search(words):
                told = f"{left[0]!r} is a placeholder, and customers would read it: write what is meant"
                yield texts.told(segment, language, told)


def _left_out(found: dict[str, TermsVersion], texts: TermsTexts) -> Iterator[str]:
    """What a reader may miss, and nothing is wrong with."""
    for segment, version in found.items():
        if unsaid := [name for name in ("due_days", "methods") if _says_nothing(version.terms, name)]:
            yield f"{segment} says no {', no '.join(unsaid)}"
        if len(version.texts) < len(texts.languages):
            yield f"{segment} can be read in {', '.join(sorted(version.texts))} only, as its late_fee is said in them"


def _says_nothing(terms: Terms, name: str) -> bool:
    """Due days are those of invoices that are sent: without such a policy there are none to say."""
    if name == "due_days":
        return terms.sent is not None and terms.due_days is None
    return not terms.methods


def _of_no_policy(texts: TermsTexts, known: frozenset[str] | set[str]) -> Iterator[str]:
    if alone := sorted(texts.stated.segments.keys() - known):
        yield f"no policy names {', '.join(alone)}: {FILE} alone does"


CHECKS = (Check("terms", _terms, after=(WHOLE, "policies", "message texts", "ledger")),)
