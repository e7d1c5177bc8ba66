"""A petition as citizens write it in a Hangul word processor: a small, valid HWPX file.

Guarantees: a package by OWPML (KS X 6101) with one section: a centred title, a table of two columns, paragraphs and a
signature at the right; the same words give the same bytes. Fails with nothing: any text is escaped.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

_MADE = (2026, 11, 20, 9, 0, 0)
_NAMESPACE = "http://www.hancom.co.kr/hwpml/2011/"
_XMLNS = " ".join(
    f'xmlns:{prefix}="{_NAMESPACE}{part}"'
    for prefix, part in (("hp", "paragraph"), ("hs", "section"), ("hc", "core"), ("hh", "head"), ("ha", "app"))
)
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_PLAIN, _LARGE = 0, 1  # character shapes
_LEFT, _CENTRE, _RIGHT = 0, 1, 2  # paragraph shapes
_TEXT_WIDTH, _LABEL_WIDTH, _ROW_HEIGHT = 42_520, 9_000, 1_900  # in HWPUNIT, 1/7200 inch
_LANGUAGES = ("HANGUL", "LATIN", "HANJA", "JAPANESE", "OTHER", "SYMBOL", "USER")


def document(title: str, rows: Sequence[tuple[str, str]], paragraphs: Sequence[str], signature: Sequence[str]) -> bytes:
    """An HWPX file.

    Args:
        title: the first line, large and centred.
        rows: label and value of each row of the table.
        paragraphs: the body.
        signature: the last lines, at the right.
    """
    body = [_paragraph(title, _LARGE, _CENTRE, first=_section_settings()), _paragraph("")]
    body += [_table(rows), _paragraph("")]
    body += [_paragraph(text) for text in paragraphs]
    body += [_paragraph(""), *(_paragraph(text, _PLAIN, _RIGHT) for text in signature)]
    section = f"{_XML}<hs:sec {_XMLNS}>{''.join(body)}</hs:sec>"
    preview = "\r\n".join([title, *(f"<{a}><{b}>" for a, b in rows), *paragraphs, *signature])
    members = {
        "version.xml": f'{_XML}<hv:HCFVersion xmlns:hv="{_NAMESPACE}version" tagetApplication="WORDPROCESSOR" '
        'major="5" minor="1" micro="1" buildNumber="0" os="1" xmlVersion="1.5" application="Hancom Office Hangul"/>',
        "Contents/header.xml": _header(),
        "Contents/section0.xml": section,
        "Preview/PrvText.txt": preview,
        "settings.xml": f"{_XML}<ha:HWPApplicationSetting {_XMLNS}>"
        '<ha:CaretPosition listIDRef="0" paraIDRef="0" pos="0"/></ha:HWPApplicationSetting>',
        "Contents/content.hpf": _package(title),
        "META-INF/container.xml": f'{_XML}<ocf:container xmlns:ocf="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<ocf:rootfiles><ocf:rootfile full-path="Contents/content.hpf" media-type="application/hwpml-package+xml"/>'
        "</ocf:rootfiles></ocf:container>",
        "META-INF/manifest.xml": f"{_XML}<odf:manifest "
        'xmlns:odf="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
    }
    return _zipped(members)


def _zipped(members: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        # the first member names the kind and is not compressed, so that it can be read without unpacking
        package.writestr(zipfile.ZipInfo("mimetype", _MADE), "application/hwp+zip", zipfile.ZIP_STORED)
        for name, content in members.items():
            package.writestr(zipfile.ZipInfo(name, _MADE), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _paragraph(text: str, letters: int = _PLAIN, shape: int = _LEFT, first: str = "") -> str:
    words = f"<hp:t>{escape(text)}</hp:t>" if text else "<hp:t/>"
    return (
        f'<hp:p id="0" paraPrIDRef="{shape}" styleIDRef="0" pageBreak="0" columnBreak="0" merged="0">'
        f'{first}<hp:run charPrIDRef="{letters}">{words}</hp:run></hp:p>'
    )


def _table(rows: Sequence[tuple[str, str]]) -> str:
    widths = (_LABEL_WIDTH, _TEXT_WIDTH - _LABEL_WIDTH)
    lines = "".join(
        "<hp:tr>" + "".join(_cell(text, row, column, widths[column]) for column, text in enumerate(pair)) + "</hp:tr>"
        for row, pair in enumerate(rows)
    )
    return (
        '<hp:p id="0" paraPrIDRef="0" styleIDRef="0" pageBreak="0" columnBreak="0" merged="0">'
        f'<hp:run charPrIDRef="0"><hp:tbl id="1" zOrder="0" numberingType="TABLE" textWrap="TOP_AND_BOTTOM" '
        'textFlow="BOTH_SIDES" lock="0" dropcapstyle="None" pageBreak="CELL" repeatHeader="0" '
        f'rowCnt="{len(rows)}" colCnt="2" cellSpacing="0" borderFillIDRef="2" noAdjust="0">'
        f'<hp:sz width="{_TEXT_WIDTH}" widthRelTo="ABSOLUTE" height="{_ROW_HEIGHT * len(rows)}" '
        'heightRelTo="ABSOLUTE" protect="0"/>'
        '<hp:pos treatAsChar="1" affectLSpacing="0" flowWithText="1" allowOverlap="0" holdAnchorAndSO="0" '
        'vertRelTo="PARA" horzRelTo="PARA" vertAlign="TOP" horzAlign="LEFT" vertOffset="0" horzOffset="0"/>'
        '<hp:outMargin left="0" right="0" top="0" bottom="0"/><hp:inMargin left="510" right="510" top="141" '
        f'bottom="141"/>{lines}</hp:tbl><hp:t/></hp:run></hp:p>'
    )


def _cell(text: str, row: int, column: int, width: int) -> str:
    return (
        '<hp:tc name="" header="0" hasMargin="0" protect="0" editable="0" dirty="0" borderFillIDRef="2">'
        '<hp:subList id="" textDirection="HORIZONTAL" lineWrap="BREAK" vertAlign="CENTER" linkListIDRef="0" '
        f'linkListNextIDRef="0" textWidth="0" textHeight="0" hasTextRef="0" hasNumRef="0">{_paragraph(text)}'
        f'</hp:subList><hp:cellAddr colAddr="{column}" rowAddr="{row}"/><hp:cellSpan colSpan="1" rowSpan="1"/>'
        f'<hp:cellSz width="{width}" height="{_ROW_HEIGHT}"/>'
        '<hp:cellMargin left="510" right="510" top="141" bottom="141"/></hp:tc>'
    )


def _section_settings() -> str:
    return (
        '<hp:run charPrIDRef="0"><hp:secPr id="" textDirection="HORIZONTAL" spaceColumns="1134" tabStop="8000" '
        'outlineShapeIDRef="0" memoShapeIDRef="0" textVerticalWidthHead="0" masterPageCnt="0">'
        '<hp:pagePr landscape="WIDELY" width="59528" height="84186" gutterType="LEFT_ONLY">'
        '<hp:margin header="4252" footer="4252" gutter="0" left="8504" right="8504" top="5668" bottom="4252"/>'
        '</hp:pagePr></hp:secPr><hp:ctrl><hp:colPr id="" type="NEWSPAPER" layout="LEFT" colCount="1" sameSz="1" '
        'sameGap="0"/></hp:ctrl></hp:run>'
    )


def _package(title: str) -> str:
    return (
        f'{_XML}<opf:package xmlns:opf="http://www.idpf.org/2007/opf/" version="" unique-identifier="" id="">'
        f"<opf:metadata><opf:title>{escape(title)}</opf:title><opf:language>ko</opf:language></opf:metadata>"
        '<opf:manifest><opf:item id="header" href="Contents/header.xml" media-type="application/xml"/>'
        '<opf:item id="section0" href="Contents/section0.xml" media-type="application/xml"/>'
        '<opf:item id="settings" href="settings.xml" media-type="application/xml"/></opf:manifest>'
        '<opf:spine><opf:itemref idref="header" linear="yes"/><opf:itemref idref="section0" linear="yes"/>'
        "</opf:spine></opf:package>"
    )


def _header() -> str:
    """The tables that paragraphs refer to by number: fonts, borders, character and paragraph shapes, one style."""
    fonts = "".join(
        f'<hh:fontface lang="{language}" fontCnt="1"><hh:font id="0" face="함초롬바탕" type="TTF" isEmbedded="0"/>'
        "</hh:fontface>"
        for language in _LANGUAGES
    )
    return (
        f'{_XML}<hh:head {_XMLNS} version="1.5" secCnt="1">'
        '<hh:beginNum page="1" footnote="1" endnote="1" pic="1" tbl="1" equation="1"/><hh:refList>'
        f'<hh:fontfaces itemCnt="{len(_LANGUAGES)}">{fonts}</hh:fontfaces>'
        f'<hh:borderFills itemCnt="2">{_border(1, "NONE")}{_border(2, "SOLID")}</hh:borderFills>'
        f'<hh:charProperties itemCnt="2">{_letters(_PLAIN, 1100)}{_letters(_LARGE, 2000)}</hh:charProperties>'
        '<hh:tabProperties itemCnt="1"><hh:tabPr id="0" autoTabLeft="0" autoTabRight="0"/></hh:tabProperties>'
        f'<hh:paraProperties itemCnt="3">{_shape(_LEFT, "JUSTIFY")}{_shape(_CENTRE, "CENTER")}'
        f"{_shape(_RIGHT, 'RIGHT')}</hh:paraProperties>"
        '<hh:styles itemCnt="1"><hh:style id="0" type="PARA" name="바탕글" engName="Normal" paraPrIDRef="0" '
        'charPrIDRef="0" nextStyleIDRef="0" langID="1042" lockForm="0"/></hh:styles></hh:refList></hh:head>'
    )


def _border(number: int, kind: str) -> str:
    sides = "".join(
        f'<hh:{side}Border type="{kind}" width="0.12 mm" color="#000000"/>'
        for side in ("left", "right", "top", "bottom")
    )
    return (
        f'<hh:borderFill id="{number}" threeD="0" shadow="0" centerLine="NONE" breakCellSeparateLine="0">'
        f"{sides}</hh:borderFill>"
    )


def _letters(number: int, height: int) -> str:
    per_language = {
        name: " ".join(f'{language.lower()}="{value}"' for language in _LANGUAGES)
        for name, value in (("fontRef", 0), ("ratio", 100), ("spacing", 0), ("relSz", 100), ("offset", 0))
    }
    parts = "".join(f"<hh:{name} {values}/>" for name, values in per_language.items())
    return (
        f'<hh:charPr id="{number}" height="{height}" textColor="#000000" shadeColor="none" useFontSpace="0" '
        f'useKerning="0" symMark="NONE" borderFillIDRef="1">{parts}</hh:charPr>'
    )


def _shape(number: int, horizontal: str) -> str:
    return (
        f'<hh:paraPr id="{number}" tabPrIDRef="0" condense="0" fontLineHeight="0" snapToGrid="1" '
        f'suppressLineNumbers="0" checked="0"><hh:align horizontal="{horizontal}" vertical="BASELINE"/>'
        '<hh:heading type="NONE" idRef="0" level="0"/><hh:breakSetting breakLatinWord="KEEP_WORD" '
        'breakNonLatinWord="KEEP_WORD" widowOrphan="0" keepWithNext="0" keepLines="0" pageBreakBefore="0" '
        'lineWrap="BREAK"/><hh:margin><hc:intent value="0" unit="HWPUNIT"/><hc:left value="0" unit="HWPUNIT"/>'
        '<hc:right value="0" unit="HWPUNIT"/><hc:prev value="0" unit="HWPUNIT"/><hc:next value="0" unit="HWPUNIT"/>'
        '</hh:margin><hh:lineSpacing type="PERCENT" value="160" unit="HWPUNIT"/></hh:paraPr>'
    )
