"""Calls by the automatic service, where a policy has any: its settings, its number, and who has agreed to them."""

from contextlib import closing

from domain.calls import MadeBy
from domain.consent import Purpose
from domain.kinds.call import CallForm
from domain.policy import Policy
from gateways.twilio_account import TwilioAccount
from runtime import wiring
from runtime.checks.look import Check, Look, fault
from runtime.checks.worker import WHOLE
from runtime.equipment import no_machine
from runtime.in_clear import is_own
from runtime.voice import scripts


def _automatic_calls(look: Look) -> str:
    settings = look.settings
    policies = wiring.policy_store(settings).policies
    used = [f"{policy.name}@{policy.version}" for policy in policies if _by_machine(policy)]
    if not used:
        return "no policy has any"
    names = ", ".join(used)
    if why := no_machine(settings):
        raise fault(f"{names} has calls by the automatic service, and {why}: set it (README, Settings), or say person.")
    public = settings.required("WEB_PUBLIC_URL")
    if is_own(public):
        raise fault(
            f"{names} has calls by the automatic service, and Twilio cannot call {public}, which is this machine's: "
            "set WEB_PUBLIC_URL to an address that it can call."
        )
    caller = settings.required("TWILIO_VOICE_FROM")
    if caller == settings.call_back_number:
        raise fault(
            f"CALL_BACK_NUMBER and TWILIO_VOICE_FROM are both {caller}: who calls back would reach the machine. Name a "
            "number that people answer as CALL_BACK_NUMBER."
        )
    scripts(settings)
    sid, secret = settings.required("TWILIO_ACCOUNT_SID"), settings.twilio_secret
    account = TwilioAccount(sid, secret, settings.twilio_api_base, settings.provider_timeout)
    said = account.caller(caller)
    with closing(wiring.open_ledger(settings)) as ledger:
        agreed = ledger.anybody_agreed(Purpose.AUTOMATED_CALLS)
    return said if agreed else f"{said}, and to nobody yet: no customer has agreed to them (docs/connect.md)"


def _by_machine(policy: Policy) -> bool:
    forms = [form for entry in policy.timeline for form in entry.do]
    return any(isinstance(form, CallForm) and form.by is not MadeBy.PERSON for form in forms)


CHECKS = (Check("automatic calls", _automatic_calls, after=(WHOLE, "policies", "ledger")),)
