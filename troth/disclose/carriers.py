"""Who carries a message away? A mail server by SMTP, or a text provider by HTTP; each says whether it took the message.

Three answers, never two: taken, not taken (with when to try again, or never), and not known. A message of which it is not known is
not sent again: it may have arrived. A person who is made up by a proof is never handed to anybody.
Source: RFC 5321 section 4.2.1 (reply codes); Twilio documentation, "Messages resource" and "Rate limits"
"""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from urllib.parse import unquote, urlsplit

import httpx

from troth.base.errors import Fault
from troth.settings import Settings

# RFC 5322 allows 998. Folded at 78, a long link is written in coded words, which no mail program follows.
WHOLE = SMTP.clone(max_line_length=990)
_PATIENCE = 20.0
_LONGEST_WAIT = timedelta(hours=6)


class NotTaken(Exception):
    """The carrier has not taken it. `retry`: whether it may later; `after`: not sooner than that."""

    def __init__(self, retry: bool, after: timedelta = timedelta(0)) -> None:
        super().__init__("not taken")
        self.retry, self.after = retry, after


class NotKnown(Exception):
    """It was handed over, and no answer came."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text message."""

    to: str
    words: str


def hand_over(smtp_url: str, body: bytes) -> None:
    """Give a message to the mail server of `smtp://name:password@host:port` (`smtps` for TLS from the start). Raises NotTaken or NotKnown."""
    try:
        server = _greeted(smtp_url)
    except (OSError, smtplib.SMTPException):
        raise NotTaken(retry=True) from None
    try:
        with server:
            server.send_message(message_from_bytes(body, policy=WHOLE))
    except smtplib.SMTPRecipientsRefused as refused:
        raise NotTaken(retry=all(code < 500 for code, _ in refused.recipients.values())) from None
    except smtplib.SMTPResponseException as answered:
        raise NotTaken(retry=answered.smtp_code < 500) from None
    except (OSError, smtplib.SMTPException):
        raise NotKnown from None


def _greeted(smtp_url: str) -> smtplib.SMTP:
    url = urlsplit(smtp_url)
    client = smtplib.SMTP_SSL if url.scheme == "smtps" else smtplib.SMTP
    server = client(url.hostname or "localhost", url.port or 0, timeout=_PATIENCE)
    try:
        if url.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def hand_over_text(settings: Settings, text: Text) -> None:
    """Give a text to the provider of `https://account:token@host`, as Twilio takes it. Raises NotTaken or NotKnown."""
    url = urlsplit(settings.sms_url)
    account = unquote(url.username or "")
    host = f"{url.hostname}:{url.port}" if url.port else url.hostname
    to = f"{url.scheme}://{host}{url.path.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
    fields = {"From": settings.sms_from, "To": text.to, "Body": text.words}
    try:
        answer = httpx.post(to, data=fields, auth=(account, unquote(url.password or "")), timeout=_PATIENCE)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol):
        raise NotTaken(retry=True) from None
    except httpx.HTTPError:
        raise NotKnown from None
    if answer.status_code >= 300:
        raise NotTaken(retry=answer.status_code == 429 or answer.status_code >= 500, after=_wait(answer.headers.get("retry-after", "")))


def _wait(asked: str) -> timedelta:
    return min(timedelta(seconds=int(asked)), _LONGEST_WAIT) if asked.isascii() and asked.isdigit() and len(asked) < 9 else timedelta(0)


def check_settings(settings: Settings) -> None:
    """Raises `bad-setting` for a provider of texts that cannot be reached as it is written."""
    if not settings.sms_url:
        return
    url = urlsplit(settings.sms_url)
    if url.scheme not in ("http", "https") or not url.hostname or not url.username or not url.password or not settings.sms_from:
        help = "https://account:token@host, and the sender in TROTH_SMS_FROM; docs/settings.md"
        raise Fault("bad-setting", "`TROTH_SMS_URL` does not say account, token and host, or no sender is set", help=help)
