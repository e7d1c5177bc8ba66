"""SMTP replies, each with its enhanced status code (RFC 3463), for every way an acceptance can end.

Guarantees: 2yz only for a receipt, which exists only once the submission is durable; an error that may pass is 4yz, so
that the sending server keeps the mail and tries again; the private cause of an error never reaches the client.
"""

from __future__ import annotations

from gateway.domain.errors import GatewayError, PermanentError, TooLarge, UnknownAddress
from gateway.domain.submission import Receipt

NOT_OURS = "550 5.1.1 This address does not belong to this office; mail is never relayed here"
TOO_LARGE = "552 5.3.4 The message is larger than this office accepts"
CANNOT_STORE = "451 4.3.0 The message could not be stored safely; please send it again later"
NO_ROOM = "452 4.3.1 There is no room for the message at the moment; please send it again later"
TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients; send the rest in another message"
TOO_MANY_CONNECTIONS = "421 4.3.2 Too many connections; please come back later"
TOO_MANY_FROM_CLIENT = "421 4.7.0 Too many connections from your address; please come back later"
CLOSING = "421 4.3.2 The service is closing; please come back later"
TIMED_OUT = "421 4.4.2 Nothing came for too long; closing the connection"
NO_AUTH = "502 5.5.1 There is nothing to log in to here"
NO_RECIPIENT = "503 5.5.1 Name a recipient first"
NO_ARGUMENT = "501 5.5.4 DATA takes no argument"
NO_NAME = "501 5.5.4 Say EHLO with your name"
CANNOT_VERIFY = "252 2.5.0 Send a message and see"
GO_AHEAD = "354 End the message with <CR><LF>.<CR><LF>"
SENDER_OK = "250 2.1.0 Sender accepted"
RECIPIENT_OK = "250 2.1.5 Recipient accepted"


def accepted(receipt: Receipt) -> str:
    """The answer to a mail that is durable; carries the receipt number (RFC 5321 §4.2.5: responsibility is taken)."""
    again = " (had been received before)" if receipt.repeated else ""
    return f"250 2.0.0 Received as {receipt.number}{again}"


def refused(error: Exception) -> str:
    """The answer to a mail that is not kept; anything unforeseen is answered as if it may pass."""
    if isinstance(error, TooLarge):
        return TOO_LARGE
    if isinstance(error, UnknownAddress):
        return NOT_OURS
    if isinstance(error, PermanentError):
        return f"554 5.6.0 {error.public_text}"
    if isinstance(error, GatewayError):
        return f"451 4.3.0 {error.public_text}"
    return CANNOT_STORE
