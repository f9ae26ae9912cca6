"""Headers as clerks write them, brought to one form for comparing. Holds words only: which field is meant is
``sosach.ingest.columns``.

``lenient_key`` ignores how a name is written; ``label_key`` also ignores the order of its words and replaces the
abbreviations of office use, so that "Bên nam: Họ và tên", "Họ tên chồng" and "Chồng_Họ, chữ đệm, tên" are one label.
"""

import re
import unicodedata
from functools import lru_cache

# Letters that look like Đ in fonts: Latin eth and the African D.
D_LIKE = str.maketrans({"đ": "d", "ð": "d", "ɖ": "d"})
BRACKETS = re.compile(r"[(\[{（][^()\[\]{}（）]*[)\]}）]?")
NUMBERING = re.compile(r"^\s*[(\[]?\d{1,2}[)\].:]+\s*(?=\D)")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

# Phrases without diacritics; the longest wins at each place. The right side is the wording of register.yaml.
PHRASES = (
    ("thong tin chung", ""),
    ("thong tin ve", ""),
    ("thong tin", ""),
    ("ho ten chu dem va ten", "ho ten"),
    ("ho va chu dem va ten", "ho ten"),
    ("ho chu dem va ten", "ho ten"),
    ("ho chu dem ten", "ho ten"),
    ("ho ten dem va ten", "ho ten"),
    ("ho ten khai sinh", "ho ten"),
    ("ho va ten khai sinh", "ho ten"),
    ("ho va ten", "ho ten"),
    ("ngay thang nam", "ngay"),
    ("ngay thang", "ngay"),
    ("nam sinh", "ngay sinh"),
    ("ben nam", "chong"),
    ("ben nu", "vo"),
    ("ben chong", "chong"),
    ("ben vo", "vo"),
    ("nguoi chong", "chong"),
    ("nguoi vo", "vo"),
    ("nguoi me", "me"),
    ("nguoi cha", "cha"),
    ("so dinh danh ca nhan cccd", "so dinh danh"),
    ("so dinh danh cccd", "so dinh danh"),
    ("so dinh danh ca nhan", "so dinh danh"),
    ("ma dinh danh ca nhan", "so dinh danh"),
    ("ma dinh danh", "so dinh danh"),
    ("ma so dinh danh", "so dinh danh"),
    ("so ddcn", "so dinh danh"),
    ("sddcn", "so dinh danh"),
    ("so dd ca nhan", "so dinh danh"),
    ("ddcn", "so dinh danh"),
    ("so gttt", "so giay to tuy than"),
    ("gttt", "giay to tuy than"),
    ("dvhc", "don vi hanh chinh"),
    ("gioi", "gioi tinh"),
    ("gioi tinh", "gioi tinh"),
    ("nam nu", "gioi tinh"),
    ("so sdt", "so dien thoai"),
    ("sdt", "so dien thoai"),
    ("dien thoai", "so dien thoai"),
    ("so dien thoai", "so dien thoai"),
    ("tthn", "tinh trang hon nhan"),
    ("dkkh", "dang ky ket hon"),
    ("dkks", "dang ky khai sinh"),
    ("dkkt", "dang ky khai tu"),
    ("hktt", "thuong tru"),
    ("qh", "quan he"),
)
_BY_PHRASE = dict(PHRASES)
_PHRASE = re.compile(rf"\b(?:{'|'.join(sorted(_BY_PHRASE, key=len, reverse=True))})\b")


def plain_words(text: str) -> list[str]:
    """The words of a header in lower case without diacritics and punctuation; ``chongHoTen`` has three."""
    spaced = CAMEL.sub(" ", unicodedata.normalize("NFC", text))
    bare = unicodedata.normalize("NFKD", spaced.casefold().translate(D_LIKE))
    letters = "".join(c for c in bare if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " for c in letters).split()


@lru_cache(maxsize=4096)
def lenient_key(text: str) -> str:
    """A header without case, diacritics, spaces and punctuation: ``Chồng_Họ tên`` → ``chonghoten``."""
    return "".join(plain_words(text))


@lru_cache(maxsize=4096)
def label_key(text: str) -> str:
    """The words of a label in office wording and in the order of the alphabet; empty where no word is left."""
    words = _PHRASE.sub(lambda found: _BY_PHRASE[found[0]], " ".join(plain_words(text)))
    return " ".join(sorted(set(words.split())))


@lru_cache(maxsize=4096)
def variants(text: str) -> tuple[str, ...]:
    """A header as written, then without what stands in brackets, then without its number: each once, none empty."""
    whole = text.strip("\ufeff \t\r\n")
    short = BRACKETS.sub(" ", whole).strip()
    forms = (whole, short, NUMBERING.sub("", whole), NUMBERING.sub("", short))
    return tuple(dict.fromkeys(form for form in forms if plain_words(form)))


def one_edit(left: str, right: str) -> bool:
    """Whether two keys differ by one letter put in, left out or replaced, or by two neighbours exchanged."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    a, b = left[start:], right[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
