"""The commands of `duewell`, by name."""

from importlib.metadata import version

from cyclopts import App, Parameter

from console import serve
from console.commands import (
    address,
    api_key,
    attach,
    bulk,
    cadence,
    collections,
    credit_note,
    doctor,
    field,
    forecast,
    group,
    hold_orders,
    importing,
    inbox,
    invoice_orders,
    job,
    message,
    migrate,
    organization,
    payment,
    preview,
    profile,
    reconcile,
    rule,
    sender,
    simulate,
    status,
    step_orders,
    template,
    todo,
    todo_lists,
    user,
    webhook,
)


def _default_shown(value: object) -> str | None:
    return None if value is False or value is None or value == () else str(value)


app = App(
    name="duewell",
    help="Follow up unpaid invoices: import them, see what happens next and why, and step in.",
    help_epilogue="The servers are found by environment variables, see docs/settings.md. Exit codes: 0 done, "
    "1 could not be done or met problems, 2 asked wrongly.",
    version=lambda: f"duewell {version('duewell')}",
    # A flag that is off unless given needs no second spelling for off, and a default that says nothing no word.
    default_parameter=Parameter(negative=(), show_default=_default_shown),
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
app.command(importing.import_file, name="import", sort_key=1)
app.command(status.status, sort_key=2)
app.command(collections.collections, sort_key=3)
app.command(preview.preview, sort_key=3)
app.command(forecast.forecast, sort_key=3)
app.command(hold_orders.pause, sort_key=4)
app.command(hold_orders.resume, sort_key=4)
app.command(hold_orders.dispute, sort_key=4)
app.command(hold_orders.resolve, sort_key=4)
app.command(hold_orders.promise, sort_key=4)
app.command(hold_orders.payment_in_flight, sort_key=4)
app.command(step_orders.reassign, sort_key=5)
app.command(step_orders.release_to_rules, sort_key=5)
app.command(step_orders.restart, sort_key=5)
app.command(step_orders.complete, sort_key=6)
app.command(step_orders.snooze, sort_key=6)
app.command(step_orders.contact, sort_key=6)
app.command(message.message, sort_key=6)
app.command(todo.todo)
app.command(todo_lists.actions, sort_key=3)
app.command(invoice_orders.pay, sort_key=7)
app.command(invoice_orders.reverse, sort_key=7)
app.command(payment.payment)
app.command(credit_note.credit_note)
app.command(invoice_orders.due_date, sort_key=8)
app.command(invoice_orders.hide, sort_key=8)
app.command(invoice_orders.show, sort_key=8)
app.command(invoice_orders.write_off, sort_key=8)
app.command(invoice_orders.void, sort_key=8)
app.command(invoice_orders.reinstate, sort_key=8)
app.command(attach.attach, sort_key=8)
app.command(cadence.cadence)
app.command(rule.rule)
app.command(bulk.bulk)
app.command(job.job)
app.command(inbox.inbox)
app.command(address.address)
app.command(field.field)
app.command(user.user)
app.command(group.group)
app.command(sender.sender)
app.command(webhook.webhook)
app.command(template.template)
app.command(profile.profile)
app.command(simulate.simulate, sort_key=9)
app.command(organization.organization, sort_key=10)
app.command(api_key.api_key)
app.command(serve.serve, sort_key=10)
app.command(migrate.migrate, sort_key=10)
app.command(reconcile.reconcile, sort_key=11)
app.command(doctor.doctor, sort_key=11)
