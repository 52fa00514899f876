"""The registry of kinds: what a case can do, and what a policy can say. A new kind is one file and its lines here."""

from domain.case import Case, StepRecord, Unfinished
from domain.forms import FORMS, Form, read_form
from domain.kinds.access import AccessStep, RestrictForm
from domain.kinds.call import CallForm, CallStep
from domain.kinds.cancellation import CancelForm, CancelStep
from domain.kinds.charge import ChargeForm, ChargeStep
from domain.kinds.escalation import EscalateForm
from domain.kinds.handoff import HandoffStep
from domain.kinds.message import MessageStep, RemindForm
from domain.kinds.outside_payment import OutsidePaymentStep
from domain.kinds.recall import RecallStep
from domain.kinds.write_off import WriteOffStep
from domain.steps import KINDS, Step

__all__ = ["FORMS", "KINDS", "read_form", "register"]


def register(kind: type[Step] | None = None, form: type[Form] | None = None) -> None:
    """Adds a kind of step, a policy's word for one, or both. Raises ValueError for a name that is taken."""
    if kind is not None and KINDS.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"there are two kinds called {kind.name!r}")
    if form is not None and FORMS.setdefault(form.word, form) is not form:
        raise ValueError(f"a policy has two words {form.word!r}")


register(ChargeStep, ChargeForm)
register(MessageStep, RemindForm)
register(CallStep, CallForm)
register(AccessStep, RestrictForm)
register(CancelStep, CancelForm)
register(HandoffStep)
register(WriteOffStep)
register(form=EscalateForm)
register(RecallStep)
register(OutsidePaymentStep)

# What has a step of any kind in it can be read from now on.
for message in (StepRecord, Unfinished, Case):
    message.model_rebuild()
