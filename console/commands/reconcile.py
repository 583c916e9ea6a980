"""`duewell reconcile`: what comparing the ledger with the running processes found, last night or now."""


def reconcile(*, now: bool = False, json: bool = False) -> int:
    """Show what the last comparison of the ledger with the running processes found and mended.

    It is made each night at the setting reconcile_time.

    Parameters
    ----------
    now
        Compare now, and wait for it.
    json
        Print one JSON document.
    """
    import asyncio

    from console.connections.ledger import open_ledger
    from console.failure import NOT_DONE, Failure
    from console.orders.reconciling import compare_now
    from console.terminal.printing import out, say, say_json
    from console.terminal.reconcile_page import print_report, report_data
    from db.engine import transaction
    from db.queries.reconciling import newest_reconciliations, reconciliation
    from intake.reconcile_words import is_well

    with open_ledger() as ledger:
        job_id = asyncio.run(compare_now()) if now else None
        with transaction(ledger.engine) as session:
            found = newest_reconciliations(session, 1) if job_id is None else [reconciliation(session, job_id)]
        if not found:
            raise Failure("ledger and processes were not compared yet; a worker does it each night, --now at once")
        report = found[0]
    if json:
        say_json(report_data(report))
    else:
        print_report(out(), report, ledger.organization.time_zone)
        if report.ended_at is None:
            say(out(), "It is under way; duewell reconcile shows what it finds.")
    return 0 if report.ended_at is None or is_well(report) else NOT_DONE
