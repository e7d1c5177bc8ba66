"""Mails as Korean mail programs write them: plain, in EUC-KR by an old program, or with a file name from macOS.

Guarantees: ready to be sent by SMTP (CRLF, RFC 5322), with a Message-ID that stays the same for the same petition.
"""

from __future__ import annotations

import base64
import email.policy
import unicodedata
from email.message import EmailMessage

from gateway.domain.filetypes import PDF
from gateway.runtime.demo.petitions import WAYS_KO, Petition

INTAKE = "minwon@onnuri.example"
_DATE = "Fri, 20 Nov 2026 14:20:00 +0900"
_LINE = 76


def plain(told: Petition, *, recipient: str) -> bytes:
    """A UTF-8 text mail; the petition and the sender's particulars are its text."""
    message = _headed(told, recipient)
    message.set_content("\n\n".join([*told.paragraphs, _particulars(told)]) + "\n")
    return message.as_bytes(policy=email.policy.SMTP)


def modern(told: Petition, *, recipient: str, attachment: tuple[str, str, bytes], decomposed: bool = False) -> bytes:
    """A UTF-8 mail with a file.

    Args:
        told: the petition; its note is the mail's text.
        recipient: the office's address.
        attachment: file name, media type, content.
        decomposed: spell the file name in separate letters (NFD), as macOS does.
    """
    name, media_type, content = attachment
    message = _headed(told, recipient)
    message.set_content(f"{told.note}\n\n{_particulars(told)}\n")
    main, _, sub = media_type.partition("/")
    filename = unicodedata.normalize("NFD", name) if decomposed else name
    message.add_attachment(content, maintype=main, subtype=sub, filename=filename)
    return message.as_bytes(policy=email.policy.SMTP)


def legacy(told: Petition, *, recipient: str, attachment: tuple[str, bytes]) -> bytes:
    """A mail as old Korean programs write it: EUC-KR everywhere, the subject in raw 8-bit bytes.

    Args:
        told: the petition; its note is the mail's text.
        recipient: the office's address.
        attachment: file name and PDF.
    """
    name, content = attachment
    boundary = "----=_NextPart_000_0019_01DD5A2B.7C4E1F30"
    sender = base64.b64encode(told.name.encode("cp949")).decode("ascii")
    quoted = base64.b64encode(name.encode("cp949")).decode("ascii")
    text = f"{told.note}\r\n\r\n{_particulars(told)}\r\n".replace("\r\n", "\n").replace("\n", "\r\n")
    return b"\r\n".join(
        [
            f'From: "=?ks_c_5601-1987?B?{sender}?=" <{told.email}>'.encode("ascii"),
            f"To: <{recipient}>".encode("ascii"),
            b"Subject: " + told.title.encode("cp949"),  # without any encoding, as such programs do
            f"Date: {_DATE}".encode("ascii"),
            f"Message-ID: {_message_id(told)}".encode("ascii"),
            b"MIME-Version: 1.0",
            f'Content-Type: multipart/mixed; boundary="{boundary}"'.encode("ascii"),
            b"X-Mailer: Hanmaru Mail Express 6.0",
            b"",
            f"--{boundary}".encode("ascii"),
            b'Content-Type: text/plain; charset="euc-kr"',
            b"Content-Transfer-Encoding: 8bit",
            b"",
            text.encode("cp949"),
            f"--{boundary}".encode("ascii"),
            f'Content-Type: {PDF}; name="=?ks_c_5601-1987?B?{quoted}?="'.encode("ascii"),
            b"Content-Transfer-Encoding: base64",
            f'Content-Disposition: attachment; filename="=?ks_c_5601-1987?B?{quoted}?="'.encode("ascii"),
            b"",
            *_base64_lines(content),
            f"--{boundary}--".encode("ascii"),
            b"",
        ]
    )


def _headed(told: Petition, recipient: str) -> EmailMessage:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = f"{told.name} <{told.email}>"
    message["To"] = recipient
    message["Subject"] = told.title
    message["Date"] = _DATE
    message["Message-ID"] = _message_id(told)
    return message


def _message_id(told: Petition) -> str:
    return f"<{told.kind_code}.20261120@{told.email.partition('@')[2]}>"


def _particulars(told: Petition) -> str:
    return f"성명: {told.name}\n전화번호: {told.phone}\n주소: {told.full_address}\n회신 방법: {WAYS_KO[told.returns]}"


def _base64_lines(content: bytes) -> list[bytes]:
    encoded = base64.b64encode(content)
    return [encoded[start : start + _LINE] for start in range(0, len(encoded), _LINE)]
