"""Words that the audit log and lists of the settings show."""

from console.web.words import N_

VERBS = (
    N_("settings changed"),
    N_("sender added"),
    N_("sender changed"),
    N_("sender deleted"),
    N_("sender verified"),
    N_("code asked for"),
    N_("default sender chosen"),
    N_("API key made"),
    N_("API key revoked"),
    N_("webhook added"),
    N_("webhook changed"),
    N_("webhook secret changed"),
    N_("webhook stopped"),
    N_("webhook started"),
    N_("webhook tested"),
    N_("webhook removed"),
    N_("delivered again"),
)
KINDS = (N_("organization"), N_("sender"), N_("API key"), N_("webhook"))
DETAILS = (N_("scopes"), N_("url"), N_("kinds"), N_("delivery"))
VALUES = (N_("code"), N_("domain"))
# What becomes of a delivery.
DELIVERIES = (N_("owed"), N_("delivered"), N_("given up"))
