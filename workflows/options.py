"""Named activity options, each with the reason for its numbers."""

from datetime import timedelta

from temporalio.common import RetryPolicy

from activities.errors import MISUSE

# Longer than an activity's provider calls together (10 s each, runtime/settings.py), so that a retry never runs beside
# the first try; short enough that a worker's death costs the case half a minute.
ONE_TRY = timedelta(seconds=45)

# Within this time a provider's trouble is the activity's own business. After it the case looks again at the clock,
# the contact hours and the invoice, and postpones the step: an hour-old decision is not carried out blindly.
ONE_DECISION = timedelta(hours=1)

# A contact has less time: what it says, and the hour it says it in, hold for minutes.
ONE_CONTACT = timedelta(minutes=20)

# The ledger's own end-of-case row has no provider behind it that could lose patience.
UNTIL_DONE: timedelta | None = None

PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=5),
    non_retryable_error_types=[MISUSE],
)
