"""Invented Korean pages, drawn with the Nanum fonts, and what scanners, faxes and phones make of them."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Gray = NDArray[np.uint8]
A4_300 = (2480, 3508)
FONTS = Path("/usr/share/fonts/truetype/nanum")
GOTHIC, BARUN, MYEONGJO = "NanumGothic.ttf", "NanumBarunGothic.ttf", "NanumMyeongjo.ttf"


@dataclass
class Sample:
    """A drawn page: its pixels at 300 dpi and its true text, a line each in reading order."""

    image: Image.Image
    truth: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The true text."""
        return "\n".join(self.truth)

    @property
    def gray(self) -> Gray:
        """The pixels."""
        return np.asarray(self.image.convert("L"))


class _Pen:
    def __init__(self, font: str) -> None:
        self.sample = Sample(Image.new("L", A4_300, 255))
        self.draw = ImageDraw.Draw(self.sample.image)
        self.font = font

    def write(self, x: int, y: int, text: str, points: float = 11) -> None:
        """Text with its top left corner at x, y."""
        face = ImageFont.truetype(str(FONTS / self.font), round(points * 300 / 72))
        self.draw.text((x, y), text, font=face, fill=0)
        self.sample.truth.append(text)

    def square(self, x: int, y: int, side: int = 38, *, ticked: bool = False) -> None:
        """A tick box."""
        self.draw.rectangle((x, y, x + side, y + side), outline=0, width=3)
        if ticked:
            self.draw.line(
                [(x + 7, y + side * 0.5), (x + side * 0.45, y + side - 8), (x + side - 5, y + 6)], fill=0, width=6
            )


FORM_FIELDS = {
    "name": "김하늘", "birth_date": "1985-03-14", "phone": "010-0000-4821", "fax": "063-290-7733",
    "email": "haneul.kim@mail.example", "address": "전북특별자치도 온누리군 새빛읍 들꽃로 27, 101동 502호",
    "postcode": "55999", "title": "들꽃로 가로등 고장 수리 요청", "return_channel": "post", "date": "2026-11-20",
}  # fmt: skip


def form(font: str = GOTHIC) -> Sample:
    """A petition form with a ruled table and tick boxes for the return channel."""
    pen = _Pen(font)
    pen.write(880, 220, "민 원 신 청 서", 22)
    rows = [
        [("성명", 300), ("김하늘", 720), ("생년월일", 1300), ("1985. 3. 14.", 1640)],
        [("휴대전화", 300), ("010-0000-4821", 720), ("팩스", 1300), ("063-290-7733", 1640)],
        [("전자우편", 300), ("haneul.kim@mail.example", 720)],
        [("주소", 300), ("(55999) 전북특별자치도 온누리군 새빛읍 들꽃로 27, 101동 502호", 720)],
        [("제목", 300), ("들꽃로 가로등 고장 수리 요청", 720)],
    ]
    top, height = 460, 120
    for number, row in enumerate(rows):
        y = top + number * height
        pen.draw.line([(250, y), (2230, y)], fill=0, width=3)
        for text, left in row:
            pen.write(left, y + 36, text)
        edges = [250, 670, 2230] + ([1250, 1600] if len(row) > 2 else [])
        for x in edges:
            pen.draw.line([(x, y), (x, y + height)], fill=0, width=3)
    y = top + len(rows) * height
    for line in (y, y + height):
        pen.draw.line([(250, line), (2230, line)], fill=0, width=3)
    for x in (250, 670, 2230):
        pen.draw.line([(x, y), (x, y + height)], fill=0, width=3)
    pen.write(300, y + 36, "회신방법")
    for left, option in ((720, "인터넷"), (1050, "팩스"), (1340, "우편"), (1630, "방문수령")):
        pen.square(left, y + 42, ticked=option == "우편")
        pen.write(left + 55, y + 36, option)
    y += 220
    for text in BODY:
        pen.write(280, y, text)
        y += 80
    pen.write(1000, y + 120, "2026년 11월 20일", 12)
    pen.write(1400, y + 240, "신청인 김하늘 (서명)", 12)
    pen.write(900, y + 420, "온누리군수 귀하", 16)
    pen.write(300, 3300, "온누리군청 민원실 전화 063-290-2114 팩스 063-290-2115", 9)
    return pen.sample


BODY = [
    "우리 마을 들꽃로 27 앞 가로등 세 개가 지난달부터 켜지지 않아",
    "밤에 다니는 주민과 학생들이 매우 위험합니다.",
    "특히 비가 오는 날에는 앞이 전혀 보이지 않아 넘어진 분도 있습니다.",
    "빠른 시일 안에 현장을 확인하고 고장 난 등을 교체하여 주시기 바랍니다.",
    "아울러 보도블록이 깨진 곳도 함께 살펴봐 주시면 감사하겠습니다.",
]


def letter(font: str = BARUN) -> Sample:
    """A letter with a sign-off."""
    pen = _Pen(font)
    pen.write(300, 320, "제목: 마을회관 앞 배수로 정비 건의", 13)
    y = 520
    for line in (
        "안녕하십니까. 저는 온누리군 새빛읍에 사는 박서준입니다.",
        "마을회관 앞 배수로가 막혀 비만 오면 길에 물이 넘칩니다.",
        "지난 9월 12일과 10월 3일에도 차량이 지나지 못하였습니다.",
        "배수로 약 120미터 구간의 흙을 치우고 덮개를 새로 놓아 주십시오.",
        "처리 결과는 팩스로 알려 주시기 바랍니다.",
    ):
        pen.write(300, y, line, 12)
        y += 110
    for line in ("연락처: 063-290-5512", "팩스: 063-290-5513", "주소: 전북특별자치도 온누리군 새빛읍 솔밭길 8"):
        pen.write(300, y + 120, line, 12)
        y += 110
    pen.write(1500, y + 240, "2026. 11. 18.", 12)
    pen.write(1500, y + 360, "박서준 올림", 12)
    return pen.sample


def columns(font: str = MYEONGJO) -> Sample:
    """Two columns of text under one heading."""
    pen = _Pen(font)
    pen.write(820, 240, "온누리군 소식 제12호", 18)
    left = [f"왼쪽 단 {n}번째 줄은 마을 소식을 차례로 전합니다" for n in range(1, 15)]
    right = [f"오른쪽 단 {n}번째 줄은 행정 안내를 이어 갑니다" for n in range(1, 15)]
    for x, lines in ((250, left), (1320, right)):
        for number, line in enumerate(lines):
            pen.write(x, 520 + number * 90, line)
    return pen.sample


def skewed(sample: Sample, degrees: float = 1.7, seed: int = 5) -> Gray:
    """As a flat-bed scanner sees it: turned, a little soft, noisy, through JPEG."""
    gray = sample.gray
    height, width = gray.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    turned = cv2.warpAffine(gray, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=(255,))
    noise = np.random.default_rng(seed).normal(0, 9, turned.shape)
    dirty = np.clip(cv2.GaussianBlur(turned, (0, 0), 0.8).astype(np.float32) * 0.92 + 10 + noise, 0, 255)
    coded = io.BytesIO()
    Image.fromarray(dirty.astype(np.uint8)).save(coded, "JPEG", quality=70)
    return np.asarray(Image.open(coded))


def fax(sample: Sample, *, fine: bool, seed: int = 7) -> Image.Image:
    """As a fax machine sends it: 204x196 or 204x98 dots an inch, bilevel, a few specks."""
    size = (1728, 2292 if fine else 1146)
    small = np.asarray(sample.image.resize(size, Image.Resampling.BOX)).copy()
    chance = np.random.default_rng(seed).random(small.shape)
    bilevel = small > 150
    bilevel[chance < 0.0004] = False
    return Image.fromarray(bilevel)


def fax_tiff(path: Path, pages: list[Image.Image], *, fine: bool) -> Path:
    """A G4 TIFF as HylaFAX lays it down."""
    first, *rest = pages
    dpi = (204, 196 if fine else 98)
    one_strip = 1 << 24  # a page is one strip, as fax machines send it
    first.save(path, "TIFF", compression="group4", dpi=dpi, save_all=True, append_images=rest, strip_size=one_strip)
    return path


def photo(sample: Sample, seed: int = 3) -> Image.Image:
    """As a phone sees it: in colour, unevenly lit, slightly turned, on a dark desk."""
    gray = skewed(sample, degrees=-1.2, seed=seed)
    small = cv2.resize(gray, (2100, 2970), interpolation=cv2.INTER_AREA)
    light = np.linspace(1.0, 0.62, small.shape[1])[None, :] * np.linspace(0.98, 0.8, small.shape[0])[:, None]
    page = np.clip(small * light, 0, 255).astype(np.uint8)
    desk = np.full((3300, 2400), 70, np.uint8)
    desk[160 : 160 + 2970, 150 : 150 + 2100] = page
    tint = np.stack([desk, desk * 0.97, desk * 0.9], axis=-1).astype(np.uint8)
    return Image.fromarray(tint)


def character_error(truth: str, read: str) -> float:
    """Edit distance over the length of the truth, spaces ignored, 0-1 or more."""
    a, b = "".join(truth.split()), "".join(read.split())
    row = np.arange(len(b) + 1)
    codes = np.array([ord(c) for c in b])
    for letter_ in a:
        changed = np.concatenate(([row[0] + 1], np.minimum(row[1:] + 1, row[:-1] + (codes != ord(letter_)))))
        offset = np.arange(len(b) + 1)
        row = np.minimum.accumulate(changed - offset) + offset
    return float(row[-1]) / max(1, len(a))
