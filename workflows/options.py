"""Named activity options, each with the reason for its numbers."""

from datetime import timedelta

from temporalio.common import RetryPolicy

from activities.errors import MISUSE

# Longer than an activity's provider calls together (10 s each, runtime/settings.py), so that a retry never runs beside
# the first try; short enough that a worker's death costs the case half a minute.
ONE_TRY = timedelta(seconds=45)

# Within this time a provider's trouble is the activity's own business. After it the case looks again at the clock,
# the contact hours and the invoice, and postpones the step: an hour-old decision is not carried out blindly.
ONE_EFFECT = timedelta(hours=1)

PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=5),
    non_retryable_error_types=[MISUSE],
)

# A decision runs inside its workflow task, which has ten seconds: two short tries, whose waits make no timers.
LOCALLY = timedelta(seconds=7)
ONE_LOCAL_TRY = timedelta(seconds=4)
TWICE = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=2)

# Then the ledger is away for longer: the same decision as an ordinary activity, which the server retries for as long
# as it takes, without a further event.
ONE_DECISION = timedelta(seconds=15)
UNTIL_ANSWERED = RetryPolicy(
    initial_interval=timedelta(seconds=2), backoff_coefficient=2, maximum_interval=timedelta(minutes=5)
)

# To act is right at its moment only. Where the decision took longer to get it is taken anew: it may be night by now.
FRESH = timedelta(minutes=1)

# A page of a sweep: a hundred records, four at a time, each with a request or two. A retry never runs beside the first
# try for long, and harmlessly: what was taken in is known.
ONE_PAGE = timedelta(minutes=10)

# After this a run of the sweep gives up: the next one, by its schedule, goes on at the same page.
ONE_SWEEP = timedelta(hours=3)
