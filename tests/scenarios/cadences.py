"""Cadences that tests publish beside the standard one."""

from dunning.cadence import Anchor, Cadence, Channel, Execution, Step

BY_PHONE = Cadence(
    "By phone",
    (
        Step("call", Anchor.DUE_DATE, 1, Channel.CALL, Execution.MANUAL, "call"),
        Step("reminder", Anchor.DUE_DATE, 20, Channel.EMAIL, Execution.AUTOMATIC, "reminder"),
    ),
)
