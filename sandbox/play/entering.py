"""How the scripted customers come into the stand-in world: their accounts, and the payment that fails."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox.play.customers import Actor
from sandbox.play.script import Action, Customer
from sandbox.providers.faults import Mode
from sandbox.providers.twilio_voice import Answers
from sandbox.providers.world import ProviderWorld


def enter_all(customers: Sequence[Customer], world: ProviderWorld, starts_on: datetime) -> list[Actor]:
    """All of them who are there from the beginning: what is billed anew later is not."""
    actors: dict[str, Actor] = {}
    for script in customers:
        if not script.again_of:
            actors[script.key] = enter(script, world, starts_on, actors.get(script.other_of or ""))
    return list(actors.values())


def enter(script: Customer, world: ProviderWorld, starts_on: datetime, first: Actor | None = None) -> Actor:
    """Creates the customer in the stand-ins and lets the first payment of the invoice fail; with `first`, a further
    invoice of that one's subscription."""
    stripe = world.stripe
    customer = first.customer if first else _account(script, world)
    method = first.method if first else _method(script, world, customer)
    if script.pre_basil:
        stripe.webhooks.older_shape.add(customer)
    if first:
        subscription = stripe.get(first.invoice)["parent"]["subscription_details"]["subscription"]
        invoice = stripe.fail_first_payment(customer, amount=script.money.amount, subscription=subscription)
    else:
        invoice = _failed_invoice(script, world, customer, starts_on)
    actor = Actor(script, world, customer, method, invoice, starts_on)
    plan_days(actor)
    for fault in script.faults:
        world.faults.add(fault.provider, fault.match.format(invoice=invoice), fault.mode, times=fault.times)
    if script.stripe_breaks:
        stripe.break_calls(f"POST /v1/invoices/{invoice}/pay")
    if script.pays_while_we_charge:
        charge = world.faults.add("stripe", f"POST /v1/invoices/{invoice}/pay", Mode.HOLD_BEFORE)
        threading.Thread(target=actor.pays_during, args=[charge], daemon=True).start()
    if script.new_card_while_we_charge:
        charge = world.faults.add("stripe", f"POST /v1/invoices/{invoice}/pay", Mode.RATE_LIMITED)
        threading.Thread(target=actor.changes_card_during, args=[charge], daemon=True).start()
    for deed in script.before:
        actor.do(Action(do=deed, day=0))
    return actor


def billed_anew(script: Customer, first: Actor, invoice: str, now: datetime) -> Actor:
    """Who owes again what was taken back from `first`: day 0 is now."""
    actor = Actor(script, first.world, first.customer, first.method, invoice, now)
    plan_days(actor)
    return actor


def plan_days(actor: Actor) -> None:
    """Puts what happens on a day of its own into the actor's agenda."""
    midnight = actor.opened_at.astimezone(actor.zone).date()
    for action in actor.script.does:
        if action.day is not None:
            day = midnight + timedelta(days=action.day)
            actor.agenda.append((datetime.combine(day, action.at, tzinfo=actor.zone), action))
    actor.agenda.sort(key=lambda plan: plan[0])


def due_at(script: Customer, starts_on: datetime) -> datetime | None:
    """When an invoice that is sent has to be paid; None: Stripe charges it by itself."""
    return starts_on + timedelta(days=script.due_day) if script.comes_from == "sent" else None


def _account(script: Customer, world: ProviderWorld) -> str:
    fields = script.fields
    if script.mail_bounces and fields.email:
        world.sendgrid.bounce(fields.email)
    if script.texts_refused and script.phone:
        world.twilio.refuse(script.phone, script.texts_refused)
    if script.on_the_phone and script.phone:
        world.twilio.voice.people[script.phone] = Answers(script.on_the_phone.by, script.on_the_phone.keys)
    return world.stripe.add_customer(
        script.name,
        email=fields.email,
        phone=script.phone,
        country=fields.country,
        address=script.address | ({"state": script.region} if script.region else {}),
        locales=[script.language, *([script.else_language] if script.else_language else [])],
        metadata={
            **({"time_zone": fields.time_zone} if fields.time_zone else {}),
            **({"segment": script.segment} if script.segment else {}),
            **({"line_user_id": world.line.new_user()} if script.line else {}),
        },
    )


def _failed_invoice(script: Customer, world: ProviderWorld, customer: str, starts_on: datetime) -> str:
    stripe = world.stripe
    amount, currency = script.money.amount, script.currency.lower()
    match script.comes_from:
        case "sign_up":
            signed_up = stripe.sign_up(customer, amount=amount, currency=currency)
            return str(stripe.get(signed_up)["latest_invoice"])
        case "trial":
            trial = stripe.start_trial(customer, amount=amount, currency=currency)
            return str(stripe.end_trial(trial))
        case "one_off":
            invoice = stripe.add_invoice(customer, amount=amount, currency=currency)
            stripe.retry(invoice)
        case "sent":
            due, method = due_at(script, starts_on), "send_invoice"
            invoice = stripe.add_invoice(
                customer, amount=amount, currency=currency, collection_method=method, due_date=due
            )
            stripe.customer_tries(invoice)
        case _:
            invoice = stripe.fail_first_payment(customer, amount=amount, currency=currency)
    return invoice


def _method(script: Customer, world: ProviderWorld, customer: str) -> str | None:
    pays_with = script.pays_with
    if pays_with.kind == "none":
        return None
    answers = [answer.outcome for answer in pays_with.answers]
    if pays_with.kind == "card":
        return world.stripe.add_card(customer, behaviour=answers, brand=pays_with.brand, country=pays_with.country)
    return world.stripe.add_bank_debit(customer, behaviour=answers, kind=pays_with.kind, country=script.country)
