"""Bytes of unknown or misdeclared charset into text, with Korean mail first in mind.

Guarantees: never raises; what comes out can be stored (no lone surrogates, no NUL). A declared charset is believed
unless the bytes contradict it; undeclared 8-bit text is UTF-8 if it is valid UTF-8, else EUC-KR/CP949 if it reads as
Hangul, else Windows-1252. `ks_c_5601-1987` means CP949 here, as in every mail program of Korea.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

_ALIASES = {
    **dict.fromkeys(
        (
            "ks_c_5601-1987", "ks_c_5601-1989", "ks_c_5601", "ksc_5601", "ksc5601", "ks_c-5601-1987", "ksc5601-1987",
            "ks-c-5601-1987", "ksc5601_1987", "ks_c_5601_1987", "euc-kr", "euckr", "euc_kr", "x-euc-kr", "korean",
            "iso-ir-149", "cseuckr", "csksc56011987", "windows-949", "x-windows-949", "ms949", "x-ms949", "cp949",
            "uhc", "x-uhc", "5601",
        ),
        "cp949",
    ),
    **dict.fromkeys(("iso-2022-kr", "csiso2022kr", "iso_2022-kr", "iso2022-kr"), "iso-2022-kr"),
    **dict.fromkeys(("gb2312", "gb_2312-80", "gbk", "x-gbk", "cn-gb"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji"), "cp932"),
    **dict.fromkeys(
        ("iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "l1", "windows1252", "cp-1252", "ansi"),
        "cp1252",
    ),
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e"), "iso-8859-8"),
    **dict.fromkeys(("utf8", "utf-8", "utf_8", "unicode-1-1-utf-8", "utf8mb4", "utf-8-sig"), "utf-8"),
    **dict.fromkeys(("unicode-1-1-utf-7", "utf-7", "utf7"), "utf-7"),
    **dict.fromkeys(("windows-31j", "cp932"), "cp932"),
    **dict.fromkeys(("x-mac-korean",), "cp949"),
}  # fmt: skip
_SAYS_NOTHING = frozenset(
    {"", "us-ascii", "ascii", "ansi_x3.4-1968", "7bit", "8bit", "unknown", "unknown-8bit", "x-unknown", "default"}
)
_NO_TEXT_CODECS = frozenset({"base64", "bz2", "hex", "quopri", "rot13", "uu", "zlib", "punycode", "idna", "undefined"})
_MEANT_8BIT = ("cp1252", "cp1250", "iso8859-15", "iso8859-2")

_SHIFTED = re.compile(rb"\x0e([^\x0f\r\n]*)\x0f?")
_DESIGNATES_KR = b"\x1b$)C"
_ISO_2022_JP = re.compile(rb"\x1b\$[@B]|\x1b\(J")
_HIGH_PAIR = re.compile(rb"[\xa1-\xfe][\xa1-\xfe]")
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_ENOUGH_HANGUL = 0.5
_ENOUGH_PAIRS = 0.6
_SAMPLE = 100_000

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    """Windows-1252 leaves five bytes undefined; mail has them all the same."""
    if isinstance(error, UnicodeDecodeError):
        return error.object[error.start : error.end].decode("latin-1"), error.end
    raise error


codecs.register_error("mail-latin1", _as_latin1)


def decode(raw: bytes, declared: str = "") -> str:
    """Text from bytes whose charset was declared as `declared` (may be empty or wrong)."""
    label = _normal(declared)
    if _DESIGNATES_KR in raw or label == "iso-2022-kr":
        return storable(_iso_2022_kr(raw))
    if raw.startswith(codecs.BOM_UTF8):
        return storable(raw[len(codecs.BOM_UTF8) :].decode("utf-8", "replace"))
    if label in _SAYS_NOTHING:
        return guess(raw)
    if label in _MEANT_8BIT and (reads_as_utf8(raw) or reads_as_korean(raw)):
        return guess(raw)  # declared by a program that did not look
    text = _strictly(raw, label)
    if text is None:
        text = _second_try(raw, label)
    return storable(text)


def guess(raw: bytes) -> str:
    """Text from bytes without a declared charset."""
    if _HIGH_BYTE.search(raw):
        charset, errors = _eight_bit(raw)
        return storable(raw.decode(charset, errors))
    if _DESIGNATES_KR in raw:
        return storable(_iso_2022_kr(raw))
    charset = "iso2022_jp_ext" if _ISO_2022_JP.search(raw) else "ascii"
    return storable(raw.decode(charset, "replace"))


def _eight_bit(raw: bytes) -> tuple[str, str]:
    """The likeliest charset of undeclared 8-bit text, and what to do with what does not fit it."""
    charset = next((charset for bom, charset in _BOMS if raw.startswith(bom)), "")
    if charset:
        return charset, "replace"
    if reads_as_utf8(raw):
        return "utf-8", "strict"
    if reads_as_korean(raw):
        return "cp949", "replace"
    return ("utf-8", "replace") if _mostly_utf8(raw) else ("cp1252", "mail-latin1")


def reads_as_utf8(raw: bytes) -> bool:
    """Whether `raw` has 8-bit characters and all of them are valid UTF-8."""
    if not _HIGH_BYTE.search(raw):
        return False
    return _strictly(raw, "utf-8") is not None


def reads_as_korean(raw: bytes) -> bool:
    """Whether 8-bit `raw` looks like EUC-KR or CP949: mostly pairs of high bytes, which give mostly Hangul."""
    sample = raw[:_SAMPLE]
    high = len(_HIGH_BYTE.findall(sample))
    if not high or 2 * len(_HIGH_PAIR.findall(sample)) < _ENOUGH_PAIRS * high:
        return False
    text = sample.decode("cp949", "replace")
    strange = [c for c in text if ord(c) > 0x7F]  # noqa: PLR2004  # beyond ASCII
    hangul = sum("가" <= c <= "힣" for c in strange)
    return hangul >= _ENOUGH_HANGUL * len(strange)


def storable(text: str) -> str:
    """`text` without what a database or a JSON reader refuses: lone surrogates, NUL and other control characters."""
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape" if _escaped(text) else "replace").decode("utf-8", "replace")
    return _CONTROL.sub("", text)


def one_line(text: str, longest: int = 0) -> str:
    """`text` in NFC on one line, without invisible direction marks; cut to `longest` characters unless that is 0."""
    text = unicodedata.normalize("NFC", storable(text))
    text = "".join(c if unicodedata.category(c) != "Cf" or c in "\u200c\u200d" else "" for c in text)
    text = " ".join(text.split())
    return text[:longest].rstrip() if longest else text


def _normal(declared: str) -> str:
    label = declared.strip().strip("\"'<>").strip().lower().split("*")[0].replace(" ", "")
    if label in _SAYS_NOTHING:
        return ""
    label = _ALIASES.get(label, label)
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):  # ValueError: a NUL or a non-ASCII letter in the label
        return "iso-2022-kr" if label == "iso-2022-kr" else ""
    return "iso-2022-kr" if name == "iso2022_kr" else "" if name.split("_")[0] in _NO_TEXT_CODECS else name


def _strictly(raw: bytes, label: str) -> str | None:
    try:
        return raw.decode(label)
    except (UnicodeError, ValueError):
        return None


def _second_try(raw: bytes, label: str) -> str:
    """The bytes contradict the label: another reading if it fits well, else the label with marks for what is broken."""
    if reads_as_utf8(raw):
        return raw.decode("utf-8")
    if label not in ("cp949", "euc_kr", "utf-16", "utf-32") and reads_as_korean(raw):
        return raw.decode("cp949", "replace")
    if label in _MEANT_8BIT:
        return raw.decode(label, "mail-latin1")
    return raw.decode(label, "replace")


def _mostly_utf8(raw: bytes) -> bool:
    """Whether `raw` is UTF-8 with few broken places, as when it was cut at a byte."""
    text = raw[:_SAMPLE].decode("utf-8", "replace")
    strange = [c for c in text if ord(c) > 0x7F]  # noqa: PLR2004  # beyond ASCII
    return bool(strange) and strange.count("\ufffd") * 4 <= len(strange)


def _iso_2022_kr(raw: bytes) -> str:
    """ISO-2022-KR (RFC 1557) without its fragility: a missing header line, a missing shift back are forgiven."""
    raw = raw.replace(_DESIGNATES_KR, b"")
    raw = _SHIFTED.sub(lambda m: bytes(b | 0x80 if b > 0x20 else b for b in m[1]), raw)  # noqa: PLR2004  # graphic bytes
    return raw.decode("cp949", "replace")


def _escaped(text: str) -> bool:
    return all("\udc80" <= c <= "\udcff" for c in text if "\ud800" <= c <= "\udfff")
