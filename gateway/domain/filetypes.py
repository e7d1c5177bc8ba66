"""What a file is, decided from its bytes and never from what the sender claimed.

Guarantees: `sniff` and `sniff_file` look at signatures and bounded stretches of bytes only, unpack nothing, allocate
little and never fail on damaged content: what is not recognised is `UNKNOWN`, an empty file is `EMPTY`. The file's name
only settles between kinds that share a signature (plain text against CSV, say). Signatures: PDF 32000-1 §7.5.2,
TIFF 6.0 §2, ISO/IEC 14496-12 `ftyp`, [MS-CFB] §2.2, APPNOTE.TXT §4.3.7, OWPML (KS X 6101) for HWPX.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

PDF = "application/pdf"
TIFF = "image/tiff"
JPEG = "image/jpeg"
PNG = "image/png"
HEIC = "image/heic"
GIF = "image/gif"
BMP = "image/bmp"
WEBP = "image/webp"
HWP = "application/x-hwp"
HWPX = "application/hwp+zip"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
PPT = "application/vnd.ms-powerpoint"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
LOCKED_OFFICE = "application/x-ole-encrypted"
OLE = "application/x-ole-storage"
ZIP = "application/zip"
RTF = "application/rtf"
EML = "message/rfc822"
TNEF = "application/ms-tnef"
HTML = "text/html"
TEXT = "text/plain"
EMPTY = "inode/x-empty"
UNKNOWN = "application/octet-stream"

IMAGES = frozenset({TIFF, JPEG, PNG, HEIC, GIF, BMP, WEBP})
OFFICE = frozenset({DOC, XLS, PPT, DOCX, XLSX, PPTX, ODT, ODS, ODP, RTF})
HANGUL_OFFICE = frozenset({HWP, HWPX})

HEAD_BYTES = 8192
_TAIL_BYTES = 262_144
_PDF_SEARCH = 1024  # readers accept `%PDF-` anywhere in the first kilobyte
_MOSTLY = 0.98
_FIXED = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"{\\rtf", RTF),
    (b"\x78\x9f\x3e\x22", TNEF),
    (b"HWP Document File V", HWP),  # version 3 and the XML form's forerunner
)
_BMP_HEADERS = frozenset({12, 40, 52, 56, 108, 124})  # the sizes its second header can have
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_MAGIC = b"PK\x03\x04"
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif"})
_ZIP_MIMETYPES = (
    (b"application/hwp+zip", HWPX),
    (b"application/vnd.oasis.opendocument.text", ODT),
    (b"application/vnd.oasis.opendocument.spreadsheet", ODS),
    (b"application/vnd.oasis.opendocument.presentation", ODP),
)
_ZIP_MEMBERS = (
    (b"Contents/content.hpf", HWPX),
    (b"word/document.xml", DOCX),
    (b"xl/workbook.xml", XLSX),
    (b"xl/workbook.bin", XLSX),
    (b"ppt/presentation.xml", PPTX),
)
_OLE_STREAMS = (
    ("EncryptedPackage", LOCKED_OFFICE),
    ("HwpSummaryInformation", HWP),
    ("BodyText", HWP),
    ("WordDocument", DOC),
    ("Workbook", XLS),
    ("PowerPoint Document", PPT),
)
_HEADER_LINE = re.compile(
    rb"(?im)^(?:from|to|subject|date|received|mime-version|message-id|return-path|content-type):[ \t]",
)
_HTML_START = re.compile(rb"(?is)\A\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|meta)\b")
_HEADERS_NEEDED = 2


def sniff(head: bytes, *, name: str = "") -> str:
    """The media type of a file from its first bytes.

    Args:
        head: the file's first bytes, `HEAD_BYTES` or more; shorter only when the file is.
        name: the file's name, asked only when the bytes leave several kinds open.

    Returns:
        One of this module's media types; a zip or OLE file whose head does not tell more is `ZIP` or `OLE`.
    """
    if not head:
        return EMPTY
    kind = next((kind for magic, kind in _FIXED if head.startswith(magic)), "") or _by_container(head)
    if not kind and b"%PDF-" in head[:_PDF_SEARCH]:
        kind = PDF
    return kind or _text_kind(head, name)


def sniff_file(path: Path, *, name: str = "") -> str:
    """The media type of a file, looking further in where zip and OLE files keep their names.

    Args:
        path: the file.
        name: its name as the sender gave it.

    Returns:
        As `sniff`.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        kind = sniff(head, name=name)
        if kind == ZIP:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            return _by_zip(file.read(_TAIL_BYTES)) or ZIP
        if kind == OLE:
            file.seek(_directory_offset(head))
            return _by_ole(file.read(HEAD_BYTES)) or OLE
    return kind


def _by_container(head: bytes) -> str:
    """The kind of a file whose signature is spread over several places."""
    if head.startswith(_OLE_MAGIC):
        return _by_ole(head) or OLE
    if head.startswith((_ZIP_MAGIC, b"PK\x05\x06")):
        return _by_zip(head) or ZIP
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return HEIC
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return BMP
    return ""


def _by_zip(stretch: bytes) -> str:
    """A zip's kind from its first (uncompressed) member or from its directory's names."""
    for media_type, kind in _ZIP_MIMETYPES:
        if media_type in stretch[:256]:
            return kind
    return next((kind for member, kind in _ZIP_MEMBERS if member in stretch), "")


def _by_ole(stretch: bytes) -> str:
    return next((kind for stream, kind in _OLE_STREAMS if stream.encode("utf-16-le") in stretch), "")


def _directory_offset(head: bytes) -> int:
    """Where an OLE file's directory begins ([MS-CFB] §2.2: sector shift at 30, first directory sector at 48)."""
    if len(head) < 52:  # noqa: PLR2004 - shorter than the two header fields
        return 0
    shift = min(struct.unpack_from("<H", head, 30)[0], 12)
    sector = struct.unpack_from("<I", head, 48)[0]
    return int((sector + 1) << shift)


def _text_kind(head: bytes, name: str) -> str:
    if not _is_text(head):
        return UNKNOWN
    if _HTML_START.match(head):
        return HTML
    top = head.split(b"\r\n\r\n", 1)[0].split(b"\n\n", 1)[0]
    if len(_HEADER_LINE.findall(top)) >= _HEADERS_NEEDED:
        return EML
    if name.lower().endswith((".htm", ".html")) and re.search(rb"<[a-zA-Z]+[ >/]", head):
        return HTML
    return TEXT


def _is_text(head: bytes) -> bool:
    """Whether the bytes are text in UTF-8, UTF-16 with a mark, or CP949 (the legacy Korean encoding)."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b\x1a" for byte in head)  # noqa: PLR2004 - below space
    if controls:
        return False
    for encoding in ("utf-8", "cp949"):
        try:
            # a multi-byte character may be cut at the end of the stretch
            decoded = head.decode(encoding, "ignore" if len(head) >= HEAD_BYTES else "strict")
        except UnicodeDecodeError:
            continue
        if len(decoded.encode(encoding)) >= _MOSTLY * len(head):
            return True
    return False
