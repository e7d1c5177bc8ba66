"""What can be wrong with a file, in words for the clerk.

Guarantees: every text is a full Korean sentence that says what is wrong and what to do, and holds nothing of the file.
"""

from __future__ import annotations

EMPTY = "빈 파일(0바이트)입니다. 민원인에게 다시 보내 달라고 안내해 주십시오."
ENCRYPTED = "암호가 걸린 파일이라 열 수 없습니다. 민원인에게 암호를 풀어 다시 보내 달라고 안내해 주십시오."
DAMAGED = "파일이 손상되어 내용을 읽을 수 없습니다. 원본을 확인해 주십시오."
PARTLY_DAMAGED = "파일이 손상되어 읽을 수 있는 데까지만 변환했습니다. 빠진 쪽이나 줄이 없는지 원본을 확인해 주십시오."
BAD_FAX_LINES = "팩스 수신 중 오류가 난 줄이 있습니다. 깨진 부분이 없는지 확인해 주십시오."
UNKNOWN = "알 수 없는 형식의 파일이라 변환하지 못했습니다. 원본을 확인해 주십시오."
ARCHIVE = "압축 파일은 자동으로 풀지 않습니다. 원본을 내려받아 안전한지 확인한 뒤 열어 주십시오."
NO_OFFICE = "이 서버에는 오피스 문서를 변환하는 프로그램이 없습니다. 원본을 내려받아 확인해 주십시오."
NOT_CONVERTED = "문서를 변환하지 못했습니다. 원본을 내려받아 확인해 주십시오."
TEXT_ONLY = "서식을 그대로 옮기지 못해 글자만 변환했습니다. 표와 그림은 원본에서 확인해 주십시오."
TOO_SLOW = "읽는 데 시간이 너무 오래 걸려 중단했습니다. 원본을 확인해 주십시오."
TOO_BIG = "풀면 지나치게 커지는 파일이라 중단했습니다. 원본을 확인해 주십시오."
CRASHED = "읽는 프로그램이 이 파일에서 멈추었습니다. 원본을 확인해 주십시오."
SOME_PAGES = "일부 쪽을 읽지 못했습니다. 해당 쪽은 그림을 보고 확인해 주십시오."


def too_many_pages(pages: int, read: int) -> str:
    """A file with more pages than are read."""
    return f"모두 {pages}쪽 가운데 앞의 {read}쪽만 읽었습니다. 나머지는 그림을 보고 확인해 주십시오."
