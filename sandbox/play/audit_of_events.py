"""The audit of events out: what the merchant's endpoint was told, beside what the stand-ins saw happen.

An event may be delivered twice under one id. Under two ids it was told twice, and what happened without one was lost.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sandbox.play.evidence import Evidence, Subject, entry_about, is_ours
from sandbox.providers.journal import CHANNELS, CHARGES, MESSAGES, Json, LogEntry

EVENTS: Mapping[str, str] = {
    "events_lost": "the merchant's endpoint is told all that happens to a case",
    "events_twice": "what happens is told under one id only",
    "events_out_of_order": "what happens to a case is told in its order",
}

_CHARGED = {"charge.succeeded", "charge.declined", "charge.processing"}
_SERVICE = {"service.restricted", "service.restored"}


def of_events(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Promise and sentence of whatever was lost, told twice or out of order; nothing where no endpoint listened."""
    if evidence.told is None:
        return
    told: dict[str, list[Json]] = {subject.invoice: [] for subject in evidence.subjects}
    seen: set[str] = set()
    for one in evidence.told:
        if one.message_id not in seen:
            told.get(one.event["data"]["case"]["invoice"], []).append(one.event)
        seen.add(one.message_id)
    for subject in evidence.subjects:
        if subject.invoice in evidence.histories:
            for promise, sentence in _broken(evidence, subject, told[subject.invoice]):
                yield promise, f"{subject.invoice}: {sentence}"


def _broken(evidence: Evidence, subject: Subject, events: Sequence[Json]) -> Iterator[tuple[str, str]]:
    journal = [entry for entry in evidence.journal if entry_about(entry) == subject.invoice]
    for sentence in _lost(evidence, subject, journal, events):
        yield "events_lost", sentence
    for what, times in Counter(_what(event) for event in events if _once(event)).items():
        if times > 1:
            yield "events_twice", f"{' '.join(what)} was told {times} times"
    ends = evidence.histories[subject.invoice].ends
    for outcome in (Counter(_told_ends(events)) - Counter(ends)).elements():
        yield "events_twice", f"the end as {outcome} was told more often than it came"
    if _told_ends(events) != ends and Counter(_told_ends(events)) == Counter(ends):
        yield "events_out_of_order", f"the case ended as {', then '.join(ends)}, and was told otherwise"
    for sentence in _disorder(events):
        yield "events_out_of_order", sentence


def _told_ends(events: Sequence[Json]) -> list[str]:
    return [event["data"]["outcome"] for event in events if event["type"] == "case.closed"]


def _lost(evidence: Evidence, subject: Subject, journal: Sequence[LogEntry], events: Sequence[Json]) -> Iterator[str]:
    types = Counter(event["type"] for event in events)
    if not types["case.opened"]:
        yield "nobody was told that the case was opened"
    history = evidence.histories[subject.invoice]
    for outcome in (Counter(history.ends) - Counter(_told_ends(events))).elements():
        yield f"nobody was told that the case ended as {outcome}"
    if "recovered" in history.ends and not types["case.recovered"]:
        yield "nobody was told that the debt was paid"
    charged = {str(event["data"]["attempt"]) for event in events if event["type"] in _CHARGED}
    said = {(event["data"]["source"], event["data"]["channel"]) for event in events if event["type"] == "contact.sent"}
    for entry in filter(is_ours, journal):
        step = f"{entry.key}::".split(":")[2]
        if entry.kind in CHARGES and (entry.key or "").rpartition(":")[2] not in charged:
            yield f"nobody was told of {entry.kind} {entry.key}"
        if entry.kind in MESSAGES and (step, CHANNELS[entry.kind]) not in said:
            yield f"nobody was told of {entry.kind} {entry.key}"
    handed_off = len({entry.key for entry in journal if entry.kind == "handoff.accepted"})
    if types["case.handed_off"] < handed_off:
        yield f"handoff.accepted happened {handed_off} times, and was told {types['case.handed_off']} times"
    yield from _access_untold(journal, events)


def _access_untold(journal: Sequence[LogEntry], events: Sequence[Json]) -> Iterator[str]:
    """Each step that touched the access is told of as what it does, with what is in force by all cases together; one
    whose answer was lost may be told of as skipped, when something came in between."""
    skipped = {event["data"]["source"] for event in events if event["type"] == "step.skipped"}
    by_step = {f"{entry.key}::".split(":")[2]: entry for entry in filter(is_ours, journal) if entry.kind in _SERVICE}
    for step, entry in by_step.items():
        in_force = "full" if entry.kind == "service.restored" else str(entry.data["level"])
        told = [event for event in events if event["type"] in _SERVICE and event["data"]["source"] == step]
        if not told and step not in skipped:
            yield f"nobody was told of {entry.kind} {entry.key}"
        elif told and told[-1]["data"]["in_force"] != in_force:
            yield f"{step} was told to leave {told[-1]['data']['in_force']} access, and left {in_force}"
        elif told and entry.kind == "service.restored" and told[-1]["type"] != entry.kind:
            yield f"{entry.kind} {entry.key} was told as {told[-1]['type']}"


def _once(event: Json) -> bool:
    """Whether a case has such a thing once for each step or attempt."""
    return event["type"] in {"case.opened", "case.recovered", "contact.sent", *_CHARGED}


def _certain(event: Json) -> bool:
    return bool(event["data"]["certain"])


def _what(event: Json) -> tuple[str, ...]:
    """The thing that an event tells of."""
    type_, data = event["type"], event["data"]
    if type_ == "contact.sent":
        return type_, data["source"], data["channel"]
    return (type_, str(data["attempt"])) if type_ in _CHARGED else (type_,)


def _disorder(events: Sequence[Json]) -> Iterator[str]:
    types = [event["type"] for event in events]
    if "case.opened" in types[1:]:
        yield f"{types[0]} was told before case.opened"
    if "case.closed" in types:
        end = types.index("case.closed")
        # What became of a debit that was on its way is news of the bank's, and comes when it comes.
        begun = {event["data"]["attempt"] for event in events[:end] if event["type"] == "charge.processing"}
        charged = (event for event in events[end:] if event["type"] in _CHARGED)
        if "contact.sent" in types[end:] or any(event["data"]["attempt"] not in begun for event in charged):
            yield "an effect was told after case.closed"
        last = len(types) - types[::-1].index("case.closed")
        if any(event["type"] == "case.recovered" and not event["data"]["late"] for event in events[last:]):
            yield "case.recovered was told after case.closed"
    # Of one that is not certain it is told when nobody asks any more: a report may have come before.
    certain = ((place, one) for place, one in enumerate(events) if one["type"] == "contact.sent" and _certain(one))
    sent = {_what(event)[1:]: place for place, event in certain}
    for place, event in enumerate(events):
        if event["type"] in ("contact.delivered", "contact.bounced"):
            step, channel = event["data"]["source"], event["data"]["channel"]
            if sent.get((step, channel), -1) > place:
                yield f"{event['type']} of {step} was told before contact.sent"
    attempts = [event["data"]["attempt"] for event in events if event["type"] in _CHARGED]
    firsts = list(dict.fromkeys(attempts))
    if firsts != sorted(firsts):
        yield f"charges were told in the order {firsts}"
