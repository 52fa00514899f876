"""What a declined charge means for the next one. The table is dated data; this module only reads it."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.base import Frozen, Message
from domain.invoice import NO_METHOD, RAILS, MethodRef
from domain.moments import Moment


class DeclineClass(StrEnum):
    """What has to happen before the same invoice may be charged again."""

    RETRY_NOW = "retry_now"
    RETRY_LATER = "retry_later"
    FIX_DATA = "fix_data"
    NEW_METHOD = "new_method"
    AUTHENTICATE = "authenticate"
    NEVER = "never"
    MERCHANT = "merchant"


RETRYABLE = frozenset({DeclineClass.RETRY_NOW, DeclineClass.RETRY_LATER})
# Nothing is charged until the customer changed the payment method or authenticated.
CUSTOMER_MUST_ACT = frozenset(
    {DeclineClass.FIX_DATA, DeclineClass.NEW_METHOD, DeclineClass.AUTHENTICATE, DeclineClass.NEVER}
)
# The customer can do nothing about it: an operator has to look.
OPERATOR_MUST_ACT = frozenset({DeclineClass.MERCHANT})


class Reason(StrEnum):
    """The cause in the customer's words. Masked causes (lost, stolen, fraud) have no word of their own."""

    DECLINED = "declined"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_CARD = "expired_card"
    WRONG_CARD_DATA = "wrong_card_data"
    AUTHENTICATION = "authentication"
    CARD_NOT_USABLE = "card_not_usable"
    BANK_UNAVAILABLE = "bank_unavailable"
    NO_PAYMENT_METHOD = "no_payment_method"
    ACCOUNT_VERIFICATION = "account_verification"


class RawDecline(Message):
    """The provider's answer as it came, kept on the attempt for ever. All fields are the provider's own codes."""

    decline_code: str | None = None
    error_code: str | None = None
    advice_code: str | None = None
    network_advice_code: str | None = None
    network_decline_code: str | None = None
    network: str | None = None  # card brand in lower case (visa, mastercard, amex …) or a `Rail`
    network_status: str | None = None
    method: MethodRef | None = None  # the one that was tried, and the only one that the answer is about

    @property
    def of_card(self) -> bool:
        """Whether a card's network answered: at once, where a bank debit's answer takes days."""
        return self.network is not None and self.network not in RAILS

    @property
    def return_code(self) -> str | None:
        """The most telling of the codes: the network's own, else the provider's word for it."""
        return self.network_decline_code or self.decline_code or self.error_code


class Decline(Message):
    """A classified decline: what it means, by which rule, and how often it may be tried again."""

    decline_class: DeclineClass
    code: str  # the code that decided, for operators: "insufficient_funds", "mastercard advice 03"
    reason: Reason
    rule: str  # id of the table row that decided
    max_tries: int | None = None  # further tries after which the code counts as `new_method`; None: the policy's limits
    not_before: Moment | None = None  # the network asks to wait until then
    reached_network: bool = True
    raw: RawDecline = RawDecline()

    def is_about(self, method: MethodRef | None) -> bool:
        """Whether it is the answer to this method, as far as both are known."""
        tried = self.raw.method
        return tried is None or method is None or method == NO_METHOD or tried.is_same(method)


class CodeRule(Frozen):
    """One row of the table."""

    decline_class: DeclineClass
    reason: Reason = Reason.DECLINED
    max_tries: int | None = None
    wait_hours: int | None = None


class DeclineTable(Frozen):
    """The dated table of codes (policies/rules/declines.yaml).

    `network_advice[brand][code]` and `network_decline[brand][code]` are read before `advice[code]`, then
    `codes[code]`, then `unknown`.
    """

    edition: date
    sources: tuple[str, ...]
    codes: dict[str, CodeRule]
    advice: dict[str, CodeRule]
    network_advice: dict[str, dict[str, CodeRule]]
    network_decline: dict[str, dict[str, CodeRule]]
    unknown: CodeRule


def classify(
    raw: RawDecline,
    table: DeclineTable,
    *,
    at: datetime,
    do_not_honor: DeclineClass = DeclineClass.RETRY_LATER,
) -> Decline:
    """Classifies a decline. Precedence: the network's own code, then `advice_code`, `decline_code`, error code.

    `at` is the moment of the decline: waits asked for by the network count from it. An unknown code is never an
    error: it falls to `table.unknown`, which allows few tries. `do_not_honor` is the policy's switch for the code
    on which peers disagree.
    """
    rule_id, code, rule = _find(raw, table)
    if code == "do_not_honor":
        rule = rule.model_copy(update={"decline_class": do_not_honor})
    return Decline(
        decline_class=rule.decline_class,
        code=code,
        reason=rule.reason,
        rule=f"{rule_id}@{table.edition.isoformat()}",
        max_tries=rule.max_tries,
        not_before=at + timedelta(hours=rule.wait_hours) if rule.wait_hours else None,
        reached_network=raw.network_status != "not_sent_to_network",
        raw=raw,
    )


def _find(raw: RawDecline, table: DeclineTable) -> tuple[str, str, CodeRule]:
    brand = raw.network or ""
    base = _by_code(raw, table)
    for kind, rows, code in (
        ("advice", table.network_advice.get(brand, {}), raw.network_advice_code),
        ("decline", table.network_decline.get(brand, {}), raw.network_decline_code),
    ):
        if code and (rule := rows.get(code)):
            # The reason in the customer's words stays with the more telling code.
            reason = base[2].reason if rule.reason is Reason.DECLINED else rule.reason
            return (
                f"{brand}-{kind}-{code}",
                f"{brand} {kind} {code}",
                rule.model_copy(update={"reason": reason}),
            )
    if raw.advice_code and (rule := table.advice.get(raw.advice_code)):
        reason = base[2].reason if rule.reason is Reason.DECLINED else rule.reason
        return f"advice-{raw.advice_code}", raw.advice_code, rule.model_copy(update={"reason": reason})
    return base


def _by_code(raw: RawDecline, table: DeclineTable) -> tuple[str, str, CodeRule]:
    for code in (raw.decline_code, raw.error_code):
        if code and (rule := table.codes.get(code)):
            return f"code-{code}", code, rule
    return "code-unknown", raw.decline_code or raw.error_code or "unknown", table.unknown
