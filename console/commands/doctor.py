"""`duewell doctor`: what runs where, in which version, what is missing and what mends it."""


def doctor(*, json: bool = False) -> int:
    """Look at everything that Duewell needs, and say what is missing and what mends it.

    Parameters
    ----------
    json
        Print one JSON document.
    """
    import asyncio
    from dataclasses import asdict

    from console.connections.environment import environment
    from console.doctor.examination import examine_all, print_checks
    from console.failure import NOT_DONE
    from console.terminal.printing import out, say_json

    checks = asyncio.run(examine_all(environment()))
    is_well = all(check.state != "missing" for check in checks)
    if json:
        say_json({"ok": is_well, "checks": [asdict(check) for check in checks]})
    else:
        print_checks(out(), checks)
    return 0 if is_well else NOT_DONE
