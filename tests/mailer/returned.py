"""Messages as they come back from mail servers and people, written after their forms."""

OURS = "<cae2384ec96557c04bf4f40c.7.1@duewell.example>"
TOKEN = "k7f3qz5w2mabcdefgh23"


def lines(text: str) -> bytes:
    """Return the text as it travels."""
    return text.replace("\n", "\r\n").encode()


def report(
    status: str, *, text: str = "It could not be delivered.", returned: str | None = None, head: str = ""
) -> bytes:
    """Return a delivery status (RFC 3464) whose machine part is `status`, with the message it returns."""
    original = (
        returned
        if returned is not None
        else f"From: ar@duewell.example\nMessage-ID: {OURS}\nSubject: INV-7\n\nText\n"
    )
    return lines(
        f"""Return-Path: <>
From: MAILER-DAEMON@mx.helios.example (Mail Delivery System)
To: ar@duewell.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
{head}MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="BOUND"

This is a MIME-encapsulated message.

--BOUND
Content-Type: text/plain; charset=us-ascii

{text}

--BOUND
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.helios.example

{status}
--BOUND
Content-Type: message/rfc822

{original}
--BOUND--
"""
    )


POSTFIX = report(
    """Final-Recipient: rfc822; ana@helios.example
Original-Recipient: rfc822;ana@helios.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.helios.example
Diagnostic-Code: smtp; 550 5.1.1 <ana@helios.example>: Recipient address
    rejected: User unknown in virtual mailbox table
""",
    text="<ana@helios.example>: host mx.helios.example[192.0.2.7] said: 550 5.1.1 User unknown",
)
POSTFIX_DELAY = report(
    """Final-Recipient: rfc822; ana@helios.example
Action: delayed
Status: 4.4.1
Diagnostic-Code: X-Postfix; connect to mx.helios.example[192.0.2.7]:25: Connection timed out
Will-Retry-Until: Tue, 9 Jun 2026 08:30:00 +0200
"""
)
POSTFIX_EXPIRED = report(
    """Final-Recipient: rfc822; ana@helios.example
Action: failed
Status: 4.4.1
Diagnostic-Code: X-Postfix; connect to mx.helios.example[192.0.2.7]:25: Connection timed out
"""
)
FULL = report(
    """Final-Recipient: rfc822; ana@helios.example
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552-5.2.2 The email account that you tried to reach is over quota
"""
)
POLICY = report(
    """Final-Recipient: rfc822; ana@helios.example
Action: failed
Status: 5.7.26
Diagnostic-Code: smtp; 550-5.7.26 This mail is unauthenticated, the sender must authenticate with SPF or DKIM
"""
)
# Exchange keeps the reason in words for people, and sends back headers alone.
EXCHANGE = lines(
    f"""From: Microsoft Outlook <postmaster@atlas.example>
To: ar@duewell.example
Subject: Undeliverable: Invoice INV-7 is overdue
In-Reply-To: {OURS}
References: {OURS}
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="_000_atlas_"
MIME-Version: 1.0

--_000_atlas_
Content-Type: multipart/alternative; boundary="_001_"

--_001_
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: base64

WW91ciBtZXNzYWdlIHRvIGJvQGF0bGFzLmV4YW1wbGUgY291bGRuJ3QgYmUgZGVsaXZlcmVkLg==

--_001_
Content-Type: text/html; charset="utf-8"

<html><head><style>p {{ color: red }}</style></head><body><p>Your message couldn't be delivered.</p></body></html>

--_001_--

--_000_atlas_
Content-Type: message/delivery-status

Reporting-MTA: dns;AM0PR01MB1234.eurprd01.prod.exchangelabs.example

Final-Recipient: rfc822;bo@atlas.example
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
X-Display-Name: Bo

--_000_atlas_
Content-Type: text/rfc822-headers

From: Duewell <ar@duewell.example>
Message-ID: {OURS}
Subject: Invoice INV-7 is overdue

--_000_atlas_--
"""
)
GMAIL = lines(
    f"""Delivered-To: ar+{TOKEN}@duewell.example
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>
To: ar@duewell.example
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: {OURS}
In-Reply-To: {OURS}
X-Failed-Recipients: ana@helios.example
Content-Type: multipart/report; boundary="00000000000012345605"; report-type=delivery-status

--00000000000012345605
Content-Type: multipart/related; boundary="00000000000012346706"

--00000000000012346706
Content-Type: text/plain; charset="UTF-8"

** Address not found **

Your message wasn't delivered to ana@helios.example because the address couldn't be found.

--00000000000012346706--
--00000000000012345605
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.example
Arrival-Date: Thu, 04 Jun 2026 00:30:01 -0700 (PDT)

Final-Recipient: rfc822; ana@helios.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.
Last-Attempt-Date: Thu, 04 Jun 2026 00:30:02 -0700 (PDT)

--00000000000012345605--
"""
)
QMAIL = lines(
    f"""Return-Path: <>
From: MAILER-DAEMON@mail.helios.example
To: ar@duewell.example
Subject: failure notice

Hi. This is the qmail-send program at mail.helios.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ana@helios.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <ar@duewell.example>
Received: (qmail 12345 invoked from network); 4 Jun 2026 06:30:01 -0000
From: Duewell <ar@duewell.example>
To: ana@helios.example
Message-ID: {OURS}
Subject: Invoice INV-7 is overdue

Dear Ana,
"""
)
EXIM = lines(
    f"""Return-path: <>
X-Failed-Recipients: ana@helios.example
From: Mail Delivery System <Mailer-Daemon@mail.helios.example>
To: ar@duewell.example
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ana@helios.example
    Unrouteable address

------ This is a copy of the message, including all the headers. ------

From: Duewell <ar@duewell.example>
Message-ID: {OURS}
"""
)
TWO_RECIPIENTS = report(
    """Final-Recipient: rfc822; ana@helios.example
Action: failed
Status: 5.1.1

Final-Recipient: rfc822; bo@helios.example
Action: delayed
Status: 4.2.2
"""
)
DELIVERED = report(
    """Final-Recipient: rfc822; ana@helios.example
Action: delivered
Status: 2.0.0
"""
)


def feedback(original: bytes, complainant: str) -> bytes:
    """Return the report of a mailbox provider (RFC 5965) that its user called the message unwanted."""
    return lines(
        f"""From: <abuse@mailbox.example>
To: <fbl@duewell.example>
Subject: FW: Invoice INV-7
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Rcpt-To: <{complainant}>

--part
Content-Type: message/rfc822

{original.decode().replace(chr(13), "")}
--part--
"""
    )


_UNWANTED = f"""From: <ar@duewell.example>
To: <ana@helios.example>
Subject: Invoice INV-7
Message-ID: {OURS}

Text
"""
COMPLAINT = feedback(_UNWANTED.encode(), "ana@helios.example")


def reply(
    body: str,
    *,
    head: str = "",
    subject: str = "Re: Invoice INV-7 is overdue",
    kind: str = "text/plain; charset=utf-8",
) -> bytes:
    """Return a reply to ours."""
    return lines(
        f"From: Ana Müller <ana@helios.example>\nTo: ar+{TOKEN}@duewell.example\nSubject: {subject}\n"
        f"In-Reply-To: {OURS}\nReferences: {OURS}\n{head}MIME-Version: 1.0\nContent-Type: {kind}\n\n{body}\n"
    )
