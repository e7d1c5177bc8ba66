"""The child process in which mail is parsed (`gateway.sandbox` starts and limits it).

Request: `raw` (file with the mail), `folder` (where text and files go), `bounds` (`MailBounds` as an object).
Answer: what `mime.Mail` holds, with the names of the files written instead of their content. Fails by raising, which
the sandbox turns into `Unreadable` for the parent.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from channels.limits import MailBounds
from channels.mime import understand
from gateway.sandbox import serve


def unfold(request: dict[str, Any]) -> dict[str, Any]:
    """Understand one mail and lay its text and files into the folder."""
    folder = Path(request["folder"])
    mail = understand(Path(request["raw"]).read_bytes(), MailBounds(**request["bounds"]))
    text = ""
    if mail.text.strip():
        text = "text"
        (folder / text).write_bytes(mail.text.encode())
    files = []
    for number, file in enumerate(mail.files, start=1):
        name = f"file-{number:04d}"
        (folder / name).write_bytes(file.content)
        files.append(
            {
                "file": name,
                "name": file.name,
                "media_type": file.media_type,
                "kind": file.kind,
                "content_id": file.content_id,
            },
        )
    return {
        "sender": asdict(mail.sender),
        "reply_to": mail.reply_to,
        "subject": mail.subject,
        "message_id": mail.message_id,
        "text": text,
        "files": files,
        "machine": dict(mail.machine),
        "media_type": mail.media_type,
        "notes": list(mail.notes),
    }


if __name__ == "__main__":
    serve(unfold)
