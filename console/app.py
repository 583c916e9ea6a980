"""The commands of `duewell`, by name."""

from importlib.metadata import version

from cyclopts import App, Parameter

from console import collections, doctor, importing, migrate, orders, simulate, status

app = App(
    name="duewell",
    help="Follow up unpaid invoices: import them, see what happens next and why, and step in.",
    help_epilogue="The servers are found by environment variables, see docs/settings.md. Exit codes: 0 done, "
    "1 could not be done or met problems, 2 asked wrongly.",
    version=lambda: f"duewell {version('duewell')}",
    # A flag that is off unless it is given needs no second spelling for off, and no word on its default.
    default_parameter=Parameter(negative=(), show_default=lambda value: None if value is False else str(value)),
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
app.command(importing.import_file, name="import", sort_key=1)
app.command(status.status, sort_key=2)
app.command(collections.collections, sort_key=3)
app.command(orders.pause, sort_key=4)
app.command(orders.resume, sort_key=5)
app.command(orders.reassign, sort_key=6)
app.command(orders.pay, sort_key=7)
app.command(orders.complete, sort_key=8)
app.command(simulate.simulate, sort_key=9)
app.command(migrate.migrate, sort_key=10)
app.command(doctor.doctor, sort_key=11)
