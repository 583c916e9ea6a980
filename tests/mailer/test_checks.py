"""What is found in a text before it is saved (rule 8.7)."""

import time

import pytest

from dunning.cadence import Anchor, Channel
from mailer.checks import check
from mailer.step_checks import StepUse
from mailer.texts import Text
from tests.mailer.test_hostile_texts import HARMLESS, REFUSED

PAY = '\n\n{{ invoice.pay_link | default: "https://pay.example/" | button: "Pay now" }}\n'
FIELDS = {"invoice": frozenset({"plan"}), "customer": frozenset[str]()}
EARLY = StepUse("step upcoming", Anchor.DUE_DATE, -3, Channel.EMAIL)
LATE = StepUse("step reminder", Anchor.DUE_DATE, 3, Channel.EMAIL)
FROM_ISSUE = StepUse("step hello", Anchor.ISSUE_DATE, 35, Channel.EMAIL)
CALL = StepUse("step call", Anchor.DUE_DATE, 18, Channel.CALL)


def found(body: str, *uses: StepUse, subject: str = "x") -> list[tuple[str, str]]:
    """Return what is found, as severity and sentence."""
    return [(one.severity, str(one)) for one in check(Text(subject, body + PAY), uses, FIELDS)]


ERRORS = {
    "{{ invoice.nummer }}": "line 1: there is no tag invoice.nummer; did you mean invoice.number?",
    "a\n\n{{ custmer.name }}": "line 3: there is no tag custmer.name; did you mean customer.name?",
    "{{ nobody }}": "line 1: there is no tag nobody",
    "{{ now }}": "line 1: there is no tag now",
    "{{ locale_ }}": "line 1: there is no tag locale_",
    "{{ invoice }}": "line 1: invoice is a group of tags",
    "{{ invoice.number.size.size }}": "line 1: there is no tag invoice.number.size.size",
    "{{ invoice[customer.name] }}": "a tag is written by its name",
    "{{ today.year }}": "line 1: there is no tag today.year",
    "{{ invoice.custom }}": "invoice.custom needs the name of one field behind it",
    '{{ invoice.custom.plam | default: "x" }}': "the organization has no field invoice.custom.plam; "
    "did you mean invoice.custom.plan?",
    "{% for one in invoices %}{{ one.days_overdue }}{% endfor %}": "an invoice of a list has no tag days_overdue",
    "{% for one in invoices %}{{ one.nummer }}{% endfor %}": "has no tag nummer; did you mean number?",
    "{{ invoice.number | upcas }}": "line 1: there is no filter upcas; did you mean upcase?",
    "{% iff today %}x{% endif %}": "line 1: there is no {% iff %}; did you mean if?",
    '{% include "x" %}': "line 1: there is no {% include %}",
    "a\n\n{% if today %}\n\nb": "line 3: ",
    "a\n{{ invoice.number | }}": "line 2: ",
    "a\n{{ invoice.number ": "line 2: ",
    "a\n\n{% endif %}": "line 3: ",
    "{{ invoice.po_number }}": "line 1: invoice.po_number can be without a value; write "
    '{{ invoice.po_number | default: "…" }}',
    "{{ invoice.custom.plan }}": "invoice.custom.plan can be without a value",
    "{{ contact.first_name | upcase }}": "contact.first_name can be without a value",
    "{{ customer.name | append: sender.phone }}": "sender.phone can be without a value",
    "{% if invoice.po_number %}a{% else %}{{ invoice.po_number }}{% endif %}": "can be without a value",
    "{% assign a = step.name %}{{ a }}": "step.name can be without a value",
    "{{ invoice.number | plus_days: 3 }}": "plus_days goes with a tag that is a day",
    "**a {% if today %}b** c{% endif %}": "line 1: {% if %} stands in another paragraph",
    "![x](https://a.example/x.png)": "images are not sent with messages",
    "x" * 30_000: "the body has more than 20,000 characters",
    "{{ today }}" * 500: "there are more than 400 tags",
}


@pytest.mark.parametrize("body", ERRORS)
def test_a_wrong_text_is_an_error_with_its_line(body: str) -> None:
    errors = [sentence for severity, sentence in found(body, LATE) if severity == "error"]

    assert len(errors) == 1, errors
    assert ERRORS[body] in errors[0]


@pytest.mark.parametrize(
    "body",
    [
        "{% if invoice.po_number %}{{ invoice.po_number }}{% endif %}",
        "{% if step.name and contact.last_name %}{{ step.name }} {{ contact.last_name }}{% endif %}",
        '{{ invoice.po_number | default: "none" | upcase }}',
        "{% unless step.name %}x{% else %}{{ step.name }}{% endunless %}",
        "{% if invoice.custom.plan == 'VIP' %}{{ invoice.custom.plan }}{% endif %}",
        "{% for one in invoices %}{{ one.number }} {{ forloop.index }}{% endfor %}{{ invoices.size }}",
        "{% for one in totals %}{{ one }}{% endfor %}{{ invoices[0].number }}{{ invoices.first.number }}",
        '{% assign who = contact.first_name | default: "you" %}{{ who }}',
        "{% comment %}{{ nobody }}{% include %}{% endcomment %}",
        "{{ invoice.days_overdue }}",
    ],
)
def test_nothing_is_found_in_a_good_text(body: str) -> None:
    assert found(body, LATE) == []


def test_the_subject_is_checked_too() -> None:
    assert found("x", subject="{{ invoice.nummer }}")[0] == (
        "error",
        "subject: there is no tag invoice.nummer; did you mean invoice.number?",
    )
    assert found("x", subject="y" * 600)[0][0] == "error"
    assert found("x", subject=" ")[0] == ("error", "the subject is empty")


@pytest.mark.parametrize(
    "tag", ["invoice.days_overdue", 'customer.overdue | default: "0"', "customer.overdue_count"]
)
def test_an_overdue_tag_is_wrong_where_a_step_can_run_before_that(tag: str) -> None:
    """Rule 8.7."""
    body = f"{{{{ {tag} }}}}"

    assert [severity for severity, sentence in found(body, EARLY) if "overdue" in sentence] == (
        [] if "default" in tag else ["error"]
    )
    assert [severity for severity, _ in found(body, LATE)] == []


def test_a_step_after_the_issue_date_may_be_early_and_is_warned_of() -> None:
    ((severity, sentence),) = found("{{ invoice.days_overdue }}", FROM_ISSUE)

    assert severity == "warning"
    assert "step hello can run before that" in sentence


def test_an_overdue_tag_under_its_own_condition_is_meant() -> None:
    body = "{% if invoice.days_overdue > 0 %}{{ invoice.days_overdue }}{% endif %}"

    assert found(body, EARLY) == []


def test_a_missing_pay_link_is_a_warning_but_not_for_a_call() -> None:
    text = Text("x", "{{ invoice.number }}\n")

    assert [one.severity for one in check(text, [LATE])] == ["warning"]
    assert check(text, [CALL]) == ()


def test_a_list_of_other_invoices_is_a_warning_in_a_text_about_one() -> None:
    ((severity, sentence),) = found("{% if customer.overdue_table %}{{ customer.overdue_table }}{% endif %}", LATE)

    assert severity == "warning"
    assert "lists other invoices too" in sentence


@pytest.mark.parametrize("attack", REFUSED)
def test_a_hostile_text_is_refused_in_time(attack: str) -> None:
    text = Text("x", REFUSED[attack] + "\n")
    check(Text("x", "y\n"))
    before = time.thread_time()

    errors = [one for one in check(text) if one.severity == "error"]

    seconds = time.thread_time() - before
    assert errors
    if seconds >= 0.2:
        # A text is compiled once only: on a busy machine the second look tells what the checks themselves take.
        before = time.thread_time()
        check(text)
        seconds = time.thread_time() - before
    assert seconds < 0.2


@pytest.mark.parametrize("odd", HARMLESS)
def test_odd_markdown_is_checked_in_time(odd: str) -> None:
    check(Text("x", HARMLESS[odd] + "\n"))
    before = time.thread_time()

    check(Text("x", HARMLESS[odd] + "\n"))

    assert time.thread_time() - before < 0.4
