"""Words for telephones in the languages of the web, before and behind numbers in one piece."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.document import Document
from webfilter.heuristics.personal import find
from webfilter.heuristics.personal.words import AFTER, AFTER_WITH_ZERO, BEFORE, PASSED, WITH_ZERO
from webfilter.heuristics.pii import Pii

# language: what announces a number, and the same number without it, which is something else
TEXTS = {
    "English": ("Call us at 7946095812", "The parish has 7946095812 entries"),
    "German": ("Rufnummer: 3012345678", "Kundennummer: 3012345678"),
    "French": ("Téléphone : 145678901", "Code 145678901"),
    "Spanish": ("Teléfono móvil: 612345678", "Población: 612345678"),
    "Catalan": ("Truqueu al 872345678", "Any 872345678"),
    "Portuguese": ("Telemóvel: 912345678", "Preço 912345678"),
    "Italian": ("Cellulare: 3123456789", "Codice 3123456789"),
    "Dutch": ("Bel 0201234567", "Bel 2012345678"),
    "Swedish": ("Ring 86123456", "Pris 86123456 kr"),
    "Danish": ("Tlf. 32123456", "Ordre 32123456"),
    "Norwegian": ("Mobilnr: 41234567", "Pris 41234567"),
    "Icelandic": ("Sími: 4101234", "Verð 4101234"),
    "Finnish": ("Soita 0401234567", "Soita 4012345678"),
    "Estonian": ("Mobiil: 51234567", "Hind 51234567"),
    "Latvian": ("Tālrunis: 21234567", "Cena 21234567"),
    "Lithuanian": ("Telefonas: 861234567", "Kaina 861234567"),
    "Polish": ("Zadzwoń pod numer 512345678", "Zamówienie numer 512345678"),
    "Czech": ("Volejte 601123456", "Rok 601123456"),
    "Slovak": ("Telefón: 912123456", "Rok 912123456"),
    "Hungarian": ("Telefonszám: 201234567", "Rendelésszám: 201234567"),
    "Romanian": ("Sunați la 712034567", "Comanda 712034567"),
    "Croatian": ("Mobitel: 921234567", "Cijena 921234567"),
    "Slovenian": ("Pokličite 31234567", "Cena 31234567"),
    "Albanian": ("Telefoni: 672123456", "Viti 672123456"),
    "Turkish": ("Telefon numarası: 5012345678", "Sipariş numarası: 5012345678"),
    "Azerbaijani": ("Əlaqə: 0401234567", "Əlaqə: 4012345"),
    "Indonesian": ("No. HP: 081234567890", "HP 492583-001"),
    "Malay": ("Sila hubungi 0123456789", "Sila hubungi 1234567"),
    "Vietnamese": ("Điện thoại di động: 912345678", "Bài số 912345678"),
    "Filipino": ("Telepono: 9051234567", "Presyo 9051234567"),
    "Swahili": ("Simu: 0712345678", "Bei 0712345678"),
    "Hausa": ("Lambar waya: 08021234567", "Shekara 08021234567"),
    "Yoruba": ("Fóònù: 8021234567", "Owó 8021234567"),
    "Igbo": ("Ekwentị: 8021234567", "Ego 8021234567"),
    "Somali": ("Taleefan: 71123456", "Qiimo 71123456"),
    "Zulu": ("Ucingo: 711234567", "Unyaka 711234567"),
    "Welsh": ("Ffôn: 7400123456", "Pris 7400123456"),
    "Russian": ("Тел. 84951234567", "Заказ № 84951234567"),
    "Ukrainian": ("Дзвоніть: 501234567", "Ціна 501234567"),
    "Belarusian": ("Тэл. 294911911", "Год 294911911"),
    "Bulgarian": ("Обадете се на тел. 48123456", "Цена 48123456"),
    "Serbian": ("Моб: 601234567", "Цена 601234567"),
    "Macedonian": ("Телефон: 72345678", "Цена 72345678"),
    "Kazakh": ("Байланыс телефоны: 87710009998", "Бағасы 87710009998"),
    "Mongolian": ("Утас: 88123456", "Үнэ 88123456"),
    "Greek": ("ΤΗΛ. 2101234567", "ISBN 2101234567"),
    "Armenian": ("Հեռ. 77123456", "Գինը 77123456"),
    "Georgian": ("ტელ: 555123456", "ფასი 555123456"),
    "Hebrew": ("טל' 0502345678", "תל אביב 0502345678"),
    "Arabic": ("رقم الهاتف: ٠٥٠١٢٣٤٥٦٧", "رقم الطلب: ٠٥٠١٢٣٤٥٦٧"),
    "Persian": ("تلفن‌ همراه: ۰۹۱۲۳۴۵۶۷۸۹", "به همراه ۱۰۰۰۰۰۰۰ تومان"),
    "Urdu": ("موبائل نمبر: 03012345678", "آرڈر نمبر: 03012345678"),
    "Pashto": ("ټیلیفون: 701234567", "بیه 701234567"),
    "Sorani": ("ژمارە تەلەفۆن : 07912345678", "نرخ 07912345678"),
    "Hindi": ("फ़ोन नं. ८१२३४५६७८९", "आदेश नं. ८१२३४५६७८९"),
    "Marathi": ("मो. 8123456789", "किंमत 8123456789"),
    "Nepali": ("सम्पर्क: 9841234567", "मूल्य 9841234567"),
    "Bengali": ("মোবাইলঃ ০১৮১২৩৪৫৬৭৮", "মূল্যঃ ০১৮১২৩৪৫৬৭৮"),
    "Punjabi": ("ਫ਼ੋਨ: 8123456789", "ਕੀਮਤ 8123456789"),
    "Gujarati": ("મોબાઇલ ૮૧૨૩૪૫૬૭૮૯", "કિંમત ૮૧૨૩૪૫૬૭૮૯"),
    "Odia": ("ମୋବାଇଲ: 8123456789", "ମୂଲ୍ୟ 8123456789"),
    "Tamil": ("தொலைபேசி எண்: 8123456789", "ஆர்டர் எண்: 8123456789"),
    "Telugu": ("ఫోన్ నంబర్: 8123456789", "ఆర్డర్ నంబర్: 8123456789"),
    "Kannada": ("ಮೊಬೈಲ್: 8123456789", "ಬೆಲೆ 8123456789"),
    "Malayalam": ("ഫോണ്‍: 8123456789", "വില 8123456789"),
    "Sinhala": ("දුරකථන අංකය: 712345678", "ඇණවුම් අංකය: 712345678"),
    "Thai": ("เบอร์โทรศัพท์ 812345678", "ราคา 812345678"),
    "Lao": ("ໂທ: 2023123456", "ລາຄາ 2023123456"),
    "Khmer": ("ទូរស័ព្ទលេខ ៩១២៣៤៥៦៧", "តម្លៃ ៩១២៣៤៥៦៧"),
    "Burmese": ("ဖုန်းနံပါတ် ၉၂၁၂၃၄၅၆", "ဈေး ၉၂၁၂၃၄၅၆"),
    "Amharic": ("ስልክ ቁጥር: 911234567", "ዋጋ 911234567"),
    "Chinese": ("手机号码是13123456789", "订单号13123456789"),
    "Japanese": ("携帯09012345678", "注文番号09012345678"),
    "Korean": ("휴대폰 번호는 01020000000", "쿠폰 번호는 01020000000"),
}


def phones(text):
    return [text[start:end] for start, end in zip(*find(text, ["phone"])["phone"], strict=True)]


def numbers(text):
    """Return the numbers in one piece of `text`."""
    return "".join(c if c.isdecimal() else " " for c in text).split()


@pytest.mark.parametrize("language", TEXTS)
def test_a_word_for_telephones_announces_a_number(language):
    text, other = TEXTS[language]
    assert phones(text) == numbers(text)
    assert phones(other) == []
    for number in (
        "1998-2005",
        "12.11.2026",
        "1 234,50",
        "2026",
        "1,234.5",
        "$1234567",
        "12345678901234567",
    ):
        head = text[: text.index(numbers(text)[-1])]
        assert phones(head + number) == [], number


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_case_and_composed_letters_do_not_count(language, form):
    text = TEXTS[language][0]
    for changed in (text.upper(), text.lower()):
        assert len(phones(unicodedata.normalize(form, changed))) == len(phones(text))


@pytest.mark.parametrize(
    "text",
    [
        "9876543210 पर कॉल करें",
        "9876543210 नंबर पर मिलें",
        "০১৭১২৩৪৫৬৭৮ নম্বরে জানান",
        "01020000000로 전화 주세요",
        "09012345678までお電話ください",
        "05321234567'yi arayın",
        "05321234567 numaralı telefon",
        "03012345678 پر رابطہ کریں",
        "7946095812 (cell)",
        "7946095812 (Tel.)",
        "84951234567 (тел.)",
        "13123456789（手机）",
    ],
)
def test_what_stands_behind_a_number_announces_it_too(text):
    assert phones(text) == numbers(text)


@pytest.mark.parametrize(
    "text",
    [
        "12345678 (тел. 84951234567)",  # a label of the next number
        "주문 1234567890 전화 02-123-4567",
        "7946095812 (entries)",
        "9876543210 पर किताबें",
        "12345678 नंबर पर मिलें",  # "at number", but no number of India
        "12345678 numaralı hat",
    ],
)
def test_what_belongs_to_something_else_does_not(text):
    assert numbers(text)[0] not in phones(text)


def test_words_in_two_pieces():
    for text in (
        "傳 真：37823456",
        "手 机 13123456789",
        "di động 912345678",
        "واٹس ایپ: 3012345678",
    ):
        assert phones(text) == numbers(text)
    assert phones("động 912345678") == []


def test_a_word_is_whole_unless_its_script_has_no_blanks():
    assert phones("Отель 12345678") == phones("скотел 12345678") == []
    assert phones("ความโทร 12345678") == phones("รายการโทร12345678") == ["12345678"]
    assert phones("радиотелефон 12345678") == ["12345678"]


def test_seven_letters_do_not_tell_compounds_apart():
    for word in ("Kundennummer", "Artikelnummer", "Modellnummer", "Seriennummer"):
        assert phones(f"{word}: 1023029000") == []
    assert phones("comfortable 10230290") == []
    for word in ("portable", "Telefonnummer", "Kontakttelefonnummer", "Mobilnummer", "Faxnummer"):
        assert phones(f"{word}: 1023029000") == ["1023029000"]


def test_words_of_two_languages_need_a_trunk_zero():
    assert phones("HP 081234567890, HP 81234567890, HP 0957-2119") == ["081234567890"]
    assert phones("Ligue 1 2019-2020") == phones("Contact 2012345678") == []
    assert phones("Contact: 9876543210") == ["9876543210"]


def test_decimals_behind_a_word_for_contact_are_left():
    assert phones("للتواصل 0.123 0.456 0.789") == []
    assert phones("للتواصل 0501234567") == ["0501234567"]


@pytest.mark.parametrize(
    "text",
    [
        "تليفون 2101234567",
        "خلیوی 2101234567",  # the yeh of Persian
        "هاتف، 2101234567",  # a comma of the script
        "ስልክ፡ 2101234567",
        "тел. \U0001f3e0 2101234567",
        "тел\ufe0f 2101234567",  # a selector that is not seen
        "“тел.” 2101234567",
        "тел. – 2101234567",
    ],
)
def test_marks_and_letters_that_look_alike(text):
    assert phones(text) == ["2101234567"]


def test_words_do_not_reach_over_lines_and_documents():
    texts = ["Di", "động: 912345678", "тел.", "84951234567"]
    docs = [Document(str(n), text) for n, text in enumerate(texts)]
    assert [doc.text for doc in Pii().process(docs)] == texts
    assert phones("Di\nđộng: 912345678") == phones("тел.\n84951234567") == []
    assert phones("84951234567\n(тел.)") == []


PIECES = st.sampled_from(
    [
        "тел",
        "Di",
        " ",
        "động",
        "电话",
        "номер ",
        " पर कॉल",
        "(",
        ")",
        ".",
        "для",
        "ٰ",
        "\u200c",
        "\n",
        "84951234567",
        "5551234",
        "هاتف: ",
        "は",
        "番号",
        "(cell)",
        "é",
        "😀",
        "0",
        "\ud800",
        "ং",
        "Tel",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=12).map("".join), max_size=6))
def test_a_batch_is_read_like_its_documents(texts):
    docs = [Document(str(n), text) for n, text in enumerate(texts)]
    assert Pii().process(docs) == [Pii().process([doc])[0] for doc in docs]


def test_a_number_after_a_far_word_is_left():
    assert phones("Телефон" + "." * 5 + " 84951234567") == ["84951234567"]
    assert phones("Телефон" + "." * 6 + " 84951234567") == []


@pytest.mark.parametrize("sign", ["(ät)", "(Ät)", " [ät] "])
def test_the_sign_of_addresses_in_other_words(sign):
    text = f"info{sign}firma.de"
    spans = find(text, ["email"])["email"]
    assert [text[start:end] for start, end in zip(*spans, strict=True)] == [text]
    assert not len(find(text, ["email"], spelled=False)["email"][0])


def test_the_lists_hold_no_word_twice():
    for table in (BEFORE, PASSED, AFTER):
        for language, words in table.items():
            assert len(set(words.split())) == len(words.split()), language
    for words in (WITH_ZERO, AFTER_WITH_ZERO):
        assert len(set(words.split())) == len(words.split())
    strong = {word for words in BEFORE.values() for word in words.split()}
    assert not strong & set(WITH_ZERO.split())
