"""Whether a machine may answer a mail, and why not (RFC 3834, RFC 5230 §4.6 and what mail programs do besides).

Guarantees: pure; says no whenever a machine, a list, a bounce or ourselves may stand behind the mail, because an answer
not given costs a citizen one notice, an answer to a machine can loop for ever. A person still handles the mail.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_NOT_PEOPLE = re.compile(
    r"^(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|noanswer|mailer[-_.]?daemon|postmaster|bounces?|hostmaster|daemon|"
    r"listserv|majordomo|mdaemon|autoreply|auto[-_.]?confirm|nobody|root|system|www-data|webmaster-noreply)(?:[-+_.=].*)?$"
    r"|(?:^|[-+_.])(?:request|bounces?|no[-_.]?reply|owner)$|^owner-",
    re.IGNORECASE,
)
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_SUPPRESSED = frozenset({"all", "autoreply", "oof", "dr", "rn", "nrn"})
_MARKS = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-failed-recipients", "x-loop", "x-gateway-loop")
_MASS = ("mailing-list", "feedback-id")
_REPORTS = frozenset({"multipart/report", "message/delivery-status", "message/disposition-notification"})


def why_not(*, mail_from: str, sender: str, machine: Mapping[str, str], media_type: str, own: Collection[str]) -> str:
    """The reason why no machine may answer; empty when it may.

    Args:
        mail_from: envelope sender, empty for the null reverse-path.
        sender: address in the From field.
        machine: headers by lower-case name, see `mime.Mail.machine`.
        media_type: of the whole mail.
        own: the office's own addresses.
    """
    if mail_from in ("", "<>"):
        return "the envelope sender is empty: a bounce or another machine (RFC 3834 §2)"
    if media_type in _REPORTS:
        return "it is a report of a mail system (RFC 6522)"
    return _machine_sign(machine) or _why_not_to(mail_from, own) or _why_not_to(sender, own)


def _machine_sign(machine: Mapping[str, str]) -> str:
    automatic = machine.get("auto-submitted", "no").split(";")[0].strip().lower()
    if automatic not in ("no", ""):
        return f"Auto-Submitted: {automatic} (RFC 3834 §2)"
    precedence = machine.get("precedence", "").strip().lower()
    if precedence in _BULK:
        return f"Precedence: {precedence}"
    mass = next((name for name in machine if name.startswith("list-") or name in _MASS), "")
    if mass:
        return f"it came from a list or a mass mailing ({mass})"
    if {word.strip().lower() for word in machine.get("x-auto-response-suppress", "").split(",")} & _SUPPRESSED:
        return "the sender asks for no automatic answers (X-Auto-Response-Suppress)"
    mark = next((name for name in _MARKS if name in machine), "")
    return f"it carries {mark}" if mark else ""


def _why_not_to(address: str, own: Collection[str]) -> str:
    local, at, domain = address.rpartition("@")
    if not at:
        return "there is no address to answer to" if not address else f"'{address}' is not a full address"
    if address.casefold() in {one.casefold() for one in own}:
        return "it comes from the office itself"
    if _NOT_PEOPLE.search(local):
        return f"'{local}@{domain}' is not read by a person"
    return ""


def related(one: str, other: str) -> bool:
    """Whether two addresses belong together closely enough that what one asks may be answered to the other."""
    first, second = (address.rpartition("@")[2].casefold() for address in (one, other))
    return bool(first) and (first == second or first.endswith("." + second) or second.endswith("." + first))
