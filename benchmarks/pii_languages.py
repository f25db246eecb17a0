"""Does `Pii` know the words for telephones of the languages of the web?

    python benchmarks/pii_languages.py                      # planted numbers, by language
    python benchmarks/pii_languages.py texts.jsonl.xz ...   # and numbers of real texts
    python benchmarks/pii_languages.py --misses

Planted: numbers of each language's countries, fixed and mobile, drawn around the examples of
phonenumbers (``pip install phonenumbers``) until they are valid, in national format, as digits in
one piece and, where the language has them, in its own digits; beside the words with which people of
these languages announce a number. Found: all digits are covered, and nothing more than brackets.
Near misses: the digits in one piece beside words for an order, a price and a year.

Real texts (xz, JSONL with `text` and with `lang` as in "hin_Deva" or "hi"): numbers that
phonenumbers' matcher calls valid in a country of the language, but for those that read as dates,
and how many of them are covered.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import phonenumbers as library

from webfilter.heuristics.personal import KINDS, find

# language: its codes, countries, what announces a number, what does not, and its own digits
LANGUAGES = {
    "English": ("eng en", "US GB IN", "Phone: {}|call us at {}|{} (cell)", "Order no. {}", ""),
    "German": ("deu de", "DE AT CH", "Tel.: {}|Handy {}|Rufnummer: {}", "Bestellung {}", ""),
    "French": ("fra fr", "FR BE", "Tél. : {}|Téléphone {}|Appelez le {}", "Commande {}", ""),
    "Spanish": ("spa es", "ES MX AR CO", "Teléfono: {}|Móvil {}|Llámenos al {}", "Pedido {}", ""),
    "Catalan": ("cat ca", "ES", "Telèfon: {}|Truqueu al {}|Mòbil {}", "Comanda {}", ""),
    "Portuguese": ("por pt", "BR PT", "Telefone: {}|Telemóvel {}|Celular: {}", "Pedido {}", ""),
    "Italian": ("ita it", "IT", "Telefono: {}|Cellulare {}|Chiama il {}", "Ordine {}", ""),
    "Dutch": ("nld nl", "NL BE", "Telefoon: {}|Mobiel {}|Bel {}", "Bestelling {}", ""),
    "Swedish": ("swe sv", "SE", "Tel: {}|Mobilnr {}|Ring {}", "Ordernr {}", ""),
    "Danish": ("dan da", "DK", "Tlf. {}|Mobil: {}|Ring på {}", "Pris {}", ""),
    "Norwegian": ("nob nb", "NO", "Telefon {}|Mob. {}|Ring oss på {}", "Pris {}", ""),
    "Icelandic": ("isl is", "IS", "Sími: {}|í síma {}|GSM {}", "Verð {}", ""),
    "Finnish": ("fin fi", "FI", "Puh. {}|Puhelin: {}|Soita {}", "Tilaus {}", ""),
    "Estonian": ("est et", "EE", "Tel {}|Telefon: {}|Helista numbril {}", "Hind {}", ""),
    "Latvian": ("lvs lv", "LV", "Tālr. {}|pa tālruni {}|Mob. {}", "Cena {}", ""),
    "Lithuanian": ("lit lt", "LT", "Tel. {}|Telefonas {}|Skambinkite {}", "Kaina {}", ""),
    "Polish": ("pol pl", "PL", "Tel. {}|tel. kom. {}|Zadzwoń pod {}", "Zamówienie {}", ""),
    "Czech": ("ces cs", "CZ", "Telefon: {}|Mobil {}|Volejte {}", "Objednávka {}", ""),
    "Slovak": ("slk sk", "SK", "Telefón: {}|Mobil: {}|Volajte {}", "Objednávka {}", ""),
    "Hungarian": ("hun hu", "HU", "Telefon: {}|Telefonszám: {}|Mobil: {}", "Rendelés {}", ""),
    "Romanian": ("ron ro", "RO MD", "Telefon: {}|Sunați la {}|Mobil {}", "Comanda {}", ""),
    "Croatian": ("hrv hr", "HR", "Telefon: {}|Mobitel {}|Nazovite {}", "Narudžba {}", ""),
    "Slovenian": ("slv sl", "SI", "Telefon: {}|GSM {}|Pokličite {}", "Naročilo {}", ""),
    "Albanian": ("als sq", "AL XK", "Tel: {}|Telefoni: {}|Cel: {}", "Porosia {}", ""),
    "Turkish": ("tur tr", "TR", "Telefon: {}|Cep tel: {}|Telefon numarası {}", "Sipariş {}", ""),
    "Azerbaijani": ("azj az", "AZ", "Telefon: {}|Mob. {}|Əlaqə: {}", "Sifariş {}", ""),
    "Uzbek": ("uzn uz", "UZ", "Telefon: {}|Tel. {}|Telefon raqami: {}", "Narxi {}", ""),
    "Indonesian": ("ind id", "ID", "Telepon: {}|Hubungi {}|Telp. {}", "Harga {}", ""),
    "Malay": ("zsm ms", "MY", "Telefon: {}|No. Tel: {}|Hubungi kami di {}", "Harga {}", ""),
    "Vietnamese": ("vie vi", "VN", "Điện thoại: {}|SĐT {}|Di động: {}", "Giá {}", ""),
    "Filipino": ("tgl tl", "PH", "Telepono: {}|Tumawag sa {}|Cellphone no. {}", "Presyo {}", ""),
    "Swahili": ("swh sw", "KE TZ", "Simu: {}|Piga simu {}|Namba ya simu: {}", "Bei {}", ""),
    "Hausa": ("hau ha", "NG", "Lambar waya: {}|Waya: {}|Tel: {}", "Farashi {}", ""),
    "Yoruba": ("yor yo", "NG", "Fóònù: {}|Foonu: {}|Tel: {}", "Iye {}", ""),
    "Igbo": ("ibo ig", "NG", "Ekwentị: {}|Fon: {}|Tel: {}", "Ego {}", ""),
    "Somali": ("som so", "SO", "Taleefan: {}|Telefoon: {}|Mobile {}", "Qiimo {}", ""),
    "Amharic": ("amh am", "ET", "ስልክ፡ {}|ስልክ ቁጥር {}|ሞባይል {}", "ዋጋ {}", ""),
    "Russian": ("rus ru", "RU KZ", "Тел. {}|Телефон: {}|звоните {}", "Заказ {}", ""),
    "Ukrainian": ("ukr uk", "UA", "Тел. {}|Телефон: {}|Дзвоніть: {}", "Замовлення {}", ""),
    "Belarusian": ("bel be", "BY", "Тэл. {}|Тэлефон: {}|Факс {}", "Заказ {}", ""),
    "Bulgarian": ("bul bg", "BG", "Тел. {}|Телефон за връзка: {}|GSM {}", "Поръчка {}", ""),
    "Serbian": ("srp sr", "RS", "Тел. {}|Телефон: {}|Моб. {}", "Цена {}", ""),
    "Macedonian": ("mkd mk", "MK", "Тел. {}|Телефон: {}|моб. {}", "Цена {}", ""),
    "Kazakh": ("kaz kk", "KZ", "Тел.: {}|Байланыс телефоны: {}|Ұялы {}", "Бағасы {}", ""),
    "Mongolian": ("khk mn", "MN", "Утас: {}|Утасны дугаар {}|Факс {}", "Үнэ {}", ""),
    "Greek": ("ell el", "GR CY", "Τηλ. {}|Τηλέφωνο: {}|Κιν.: {}", "Παραγγελία {}", ""),
    "Armenian": ("hye hy", "AM", "Հեռ. {}|Հեռախոս՝ {}|Բջջ. {}", "Գինը {}", ""),
    "Georgian": ("kat ka", "GE", "ტელ: {}|ტელეფონი {}|მობ. {}", "ფასი {}", ""),
    "Hebrew": ("heb he", "IL", "טל' {}|טלפון: {}|נייד {}", "הזמנה {}", ""),
    "Arabic": ("ara ar", "EG SA AE MA", "هاتف: {}|رقم الجوال {}|اتصل على {}", "الطلب {}", "٠"),
    "Persian": ("pes fa", "IR", "تلفن: {}|شماره تماس: {}|موبایل {}", "سفارش {}", "۰"),
    "Urdu": ("urd ur", "PK", "فون: {}|موبائل نمبر {}|رابطہ: {}", "آرڈر {}", "۰"),
    "Pashto": ("pbt ps", "AF", "ټیلیفون: {}|تلیفون: {}|موبایل {}", "بیه {}", "۰"),
    "Sorani": ("ckb", "IQ", "تەلەفۆن: {}|ژمارەی مۆبایل: {}|مۆبایل {}", "نرخ {}", "٠"),
    "Hindi": ("hin hi", "IN", "फोन: {}|मोबाइल नंबर {}|{} पर कॉल करें", "ऑर्डर {}", "०"),
    "Marathi": ("mar mr", "IN", "फोन: {}|मो. {}|दूरध्वनी क्र. {}", "किंमत {}", "०"),
    "Nepali": ("npi ne", "NP", "फोन: {}|मोबाइल नं. {}|सम्पर्क: {}", "मूल्य {}", "०"),
    "Bengali": ("ben bn", "BD", "ফোন: {}|মোবাইলঃ {}|{} নম্বরে কল করুন", "মূল্য {}", "০"),
    "Punjabi": ("pan pa", "IN", "ਫ਼ੋਨ: {}|ਮੋਬਾਈਲ ਨੰਬਰ {}|ਸੰਪਰਕ: {}", "ਕੀਮਤ {}", "੦"),
    "Gujarati": ("guj gu", "IN", "ફોન: {}|મોબાઇલ નંબર {}|સંપર્ક: {}", "કિંમત {}", "૦"),
    "Odia": ("ory", "IN", "ଫୋନ: {}|ମୋବାଇଲ: {}|ଫୋନ ନମ୍ବର {}", "ମୂଲ୍ୟ {}", "୦"),
    "Tamil": ("tam ta", "IN LK", "தொலைபேசி: {}|அலைபேசி எண் {}|தொடர்புக்கு: {}", "விலை {}", "௦"),
    "Telugu": ("tel te", "IN", "ఫోన్: {}|మొబైల్ నంబర్ {}|సెల్: {}", "ధర {}", "౦"),
    "Kannada": ("kan kn", "IN", "ಫೋನ್: {}|ದೂರವಾಣಿ ಸಂಖ್ಯೆ {}|ಮೊಬೈಲ್: {}", "ಬೆಲೆ {}", "೦"),
    "Malayalam": ("mal ml", "IN", "ഫോൺ: {}|മൊബൈൽ നമ്പർ {}|ഫോണ്‍ {}", "വില {}", "൦"),
    "Sinhala": ("sin", "LK", "දුරකථන: {}|දුරකථන අංකය {}|ජංගම {}", "මිල {}", ""),
    "Thai": ("tha th", "TH", "โทร {}|เบอร์โทรศัพท์ {}|มือถือ: {}", "ราคา {}", "๐"),
    "Lao": ("lao lo", "LA", "ໂທ: {}|ໂທລະສັບ {}|ເບີໂທ {}", "ລາຄາ {}", "໐"),
    "Khmer": ("khm km", "KH", "ទូរស័ព្ទ: {}|លេខទូរស័ព្ទ {}|ទំនាក់ទំនង: {}", "តម្លៃ {}", "០"),
    "Burmese": ("mya my", "MM", "ဖုန်း {}|ဖုန်းနံပါတ်: {}|ဆက်သွယ်ရန် {}", "ဈေး {}", "၀"),
    "Chinese": ("zho zh", "CN TW HK", "电话：{}|手机号码{}|傳真: {}", "订单{}", ""),
    "Japanese": ("jpn ja", "JP", "電話番号：{}|携帯{}|{}までお電話ください", "注文{}", ""),
    "Korean": ("kor ko", "KR", "전화 {}|휴대폰: {}|{}로 연락 주세요", "주문 {}", ""),
}
_CODES = {code: name for name, (codes, *_) in LANGUAGES.items() for code in codes.split()}
_DATE = re.compile(r"(19|20)\d\d\W\d\d?\W\d\d?|\d\d?\W\d\d?\W(19|20)\d\d|(19|20)\d\d\W+(19|20)\d\d")


def numbers(region: str, rng: random.Random) -> Iterator[library.PhoneNumber]:
    """Yield a fixed and a mobile number of `region`."""
    for kind in (library.PhoneNumberType.FIXED_LINE, library.PhoneNumberType.MOBILE):
        number = library.example_number_for_type(region, kind)
        if number is None:
            continue
        text = str(number.national_number)
        for _ in range(50):
            keep = rng.randint(2, 4)
            digits = text[:keep] + "".join(rng.choice("0123456789") for _ in text[keep:])
            other = library.PhoneNumber(number.country_code, int(digits))
            if len(str(int(digits))) == len(text) and library.is_valid_number(other):
                number = other
                break
        yield number


def written(number: library.PhoneNumber, zero: str) -> Iterator[tuple[str, str]]:
    """Yield (form, number) as it is written in its country."""
    shown = library.format_number(number, library.PhoneNumberFormat.NATIONAL)
    digits = "".join(filter(str.isdecimal, shown))
    yield "national", shown
    yield "one piece", digits
    if zero:
        yield "own digits", "".join(chr(ord(zero) + int(digit)) for digit in digits)


def covered(text: str, start: int, end: int) -> bool:
    """Return whether what is found in `text` covers the digits from `start` to `end`, no others."""
    found = [False] * len(text)
    for kind, (starts, ends) in find(text, KINDS).items():
        for first, last in zip(starts, ends, strict=True):
            found[first:last] = [kind == "phone"] * int(last - first)
    inside = all(found[place] for place in range(start, end) if text[place].isdecimal())
    return inside and not any(found[:start] + found[end:])


def report_planted(each: int, show: bool) -> None:
    """Print the share of numbers found and of near misses masked, by language and form."""
    rng = random.Random(0)
    hits: dict[str, list[bool]] = defaultdict(list)
    forms: dict[str, list[bool]] = defaultdict(list)
    alarms: dict[str, list[bool]] = defaultdict(list)
    for language, (_, regions, frames, other, zero) in LANGUAGES.items():
        for region in regions.split() * each:
            for number in numbers(region, rng):
                for form, shown in written(number, zero):
                    for frame in frames.split("|"):
                        at = frame.index("{}")
                        text = frame.replace("{}", shown)
                        good = covered(text, at, at + len(shown))
                        hits[language].append(good)
                        forms[form].append(good)
                        if show and not good:
                            print("MISSED", language, repr(text))
                    if form != "national":
                        for frame in (other, "{}", "2026 {} 7", "ISBN {}"):
                            text = frame.replace("{}", shown)
                            alarm = any(len(s) for s, _ in find(text, KINDS).values())
                            alarms[language].append(alarm)
                            if show and alarm:
                                print("ALARM", language, repr(text))
    print("| language | found | of | near misses masked | of |\n| --- | --- | --- | --- | --- |")
    for name, each_ in [*hits.items(), *((f"*{form}*", got) for form, got in forms.items())]:
        wrong = alarms.get(name, [])
        print(f"| {name} | {sum(each_) / len(each_):.3f} | {len(each_)} ", end="")
        print(f"| {sum(wrong)} | {len(wrong)} |" if wrong else "| | |")
    got, wrong = [*chain(*hits.values())], [*chain(*alarms.values())]
    mean = sum(sum(each_) / len(each_) for each_ in hits.values()) / len(hits)
    print(f"| all | {sum(got) / len(got):.3f} | {len(got)} | {sum(wrong)} | {len(wrong)} |")
    print(f"\nMean of the {len(hits)} languages: {mean:.3f}\n")


def report_texts(path: Path, show: bool) -> None:
    """Print the share of numbers in real texts that are covered."""
    seen: dict[str, list[bool]] = defaultdict(list)
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            language = _CODES.get(record["lang"].partition("_")[0])
            text = record["text"]
            if language is None or not any(map(str.isdecimal, text)):
                continue
            spans = find(text, KINDS).values()
            masked = [(int(s), int(e)) for span in spans for s, e in zip(*span, strict=True)]
            places = set()
            for region in LANGUAGES[language][1].split():
                matches = library.PhoneNumberMatcher(text, region, library.Leniency.VALID)
                for match in matches:
                    if match.start in places or _DATE.search(match.raw_string):
                        continue
                    places.add(match.start)
                    good = any(s < match.end and match.start < e for s, e in masked)
                    seen[language].append(good)
                    if show and not good:
                        around = text[max(0, match.start - 40) : match.end + 20]
                        print("LEFT", language, repr(around))
    rest = [good for language, each in seen.items() if language != "English" for good in each]
    print(
        f"{path.name}: valid in a country of the language: {sum(map(len, seen.values()))} numbers "
        f"in {len(seen)} languages, covered {sum(map(sum, seen.values()))}; without English "
        f"{sum(rest)} of {len(rest)}"
    )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("texts", nargs="*", type=Path)
    parser.add_argument("--each", type=int, default=5, help="numbers of each kind of each country")
    parser.add_argument("--misses", action="store_true", help="print what is missed or false")
    given = parser.parse_args()
    report_planted(given.each, given.misses)
    for path in given.texts:
        report_texts(path, given.misses)


if __name__ == "__main__":
    main()
