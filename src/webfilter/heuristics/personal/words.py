"""Words for telephones, by language: what stands beside a number that is for calling somebody.

Written as in the language, in small letters; case, accents and marks that may be left out do not
count (`letters`). A word stands alone ("тел") or, with a hyphen, at the end of others ("-电话",
"-โทร": scripts without blanks, compounds); two words are one entry with "_" for the blank.
Words for "contact", and those that mean a phone in one language and something else in another, are
in `WITH_ZERO`: behind them a number must begin with a trunk zero.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["AFTER", "AFTER_WITH_ZERO", "BEFORE", "PASSED", "WITH_ZERO"]

BEFORE: Mapping[str, str] = {
    "English": (
        "tel tele phone telephone telephones fax facsimile mobile mob cell cellphone cellular "
        "whatsapp viber call calls ph dial hotline helpline infoline landline tollfree gsm sms "
        "pager voicemail"
    ),
    "German": (
        "fon telefon telefax handy handynummer mobil mobilnummer mobiltelefon mobilfunk "
        "rufnummer telefonnummer faxnummer telefonnr faxnr durchwahl ruf anrufen"
    ),
    "French": "portable telef téléphone téléphones télécopie télécopieur appelez",
    "Spanish, Galician, Catalan, Basque": (
        "teléfono teléfonos tfno telefax telf fono móvil móviles móbil celular celulares cel "
        "telèfon telèfons mòbil truqueu telefonoa mugikorra faxa llame llámenos llamar "
        "llamando llamarnos"
    ),
    "Portuguese": "telefone telefones fone telefonia telemóvel móvel",
    "Italian": "telefono telefoni cell cellulare cellulari telefonare chiama chiamare chiamate",
    "Dutch, Afrikaans": (
        "telefoon telefoonnummer telefoonnr faxnummer mobiel mobiele foon selfoon selnommer faks"
    ),
    "Swedish, Danish, Norwegian, Icelandic": (
        "tlf tfn telefonnr mobilnr mobiltlf telefaks faks fastnet växel växeln sími síma "
        "síminn símanúmer farsími gsm telefoni ring ringe"
    ),
    "Finnish, Estonian": (
        "puh puhelin puhelinnumero puhelimitse puhelinnro matkapuhelin kännykkä faksi "
        "puhelimen mobiil mobiiltelefon faks telefonil telefonid helista helistage"
    ),
    "Latvian, Lithuanian": (
        "tālr tālrunis tālruni tālruņa tālruņi mobilais fakss faksa telefonas telefonai "
        "telefonu telefono faksas mobilusis skambinkite zvaniet zvanīt"
    ),
    "Polish": (
        "telefonu telefony telefonem telefonicznie komórka komórkowy faks infolinia zadzwoń dzwoń"
    ),
    "Czech, Slovak": (
        "telefón telefonní mobilní mobilný mobilu telefónne infolinka volejte zavolejte "
        "volajte zavolajte telefonicky"
    ),
    "Hungarian": "telefonszám telefonszámon telefonon telefonszáma mobilszám hívja hívjon",
    "Romanian, Moldovan": "telefonul telefoane telefonic sunați apelați mobilul",
    "Croatian, Bosnian, Slovenian, Serbian": (
        "mobitel mobitela telefona telefaks faks gsm nazovite pokličite pokličete pozovite"
    ),
    "Albanian": "telefoni celulari celular cel",
    "Turkish, Azerbaijani, Uzbek, Turkmen, Kurdish": (
        "telefonu telefonumuz telefonları telefonlar faks belgegeçer arayın arayınız telefoni "
        "mobil mobiltelefon telefona"
    ),
    "Indonesian, Malay, Javanese": (
        "telepon telpon telp tlp tlpn telpn ponsel faksimile faksimili bimbit"
    ),
    "Vietnamese": "thoại đt sđt sdt đtdđ zalo di_động gọi lhệ máy_bàn hotline",
    "Filipino, Cebuano": "telepono telepon selpon cellphone tumawag tawagan tawag",
    "Swahili": "simu rununu faksi",
    "Hausa, Yoruba, Igbo": "fóònù ìbánisọ̀rọ̀ ekwentị fon",
    "Somali, Amharic, Tigrinya, Oromo": (
        "taleefan taleefon telefoon telefoonka taleefanka ስልክ ስልክ_ቁጥር ስ_ቁ ሞባይል ሞባይል_ቁጥር ፋክስ "
        "ቴሌፎን ይደውሉ bilbila"
    ),
    "Zulu, Xhosa, Shona, Malagasy, Kinyarwanda, Haitian": (
        "ucingo yocingo umakhalekhukhwini ifoni umnxeba ifowuni runhare finday telefaonina "
        "telefone telefòn"
    ),
    "Irish, Welsh": "fón teileafón guthán ffôn ffoniwch symudol ffacs",
    "Russian, Ukrainian, Belarusian, Bulgarian, Serbian, Macedonian": (
        "тел тлф телеф телефон телефона телефону телефоне телефоны телефонам телефонів "
        "телефони телефонов телефонот телефонен телефонный телефоном -телефон факс факсу моб "
        "мобильный мобильного мобила мобільний мобилен мобилни мобилни_телефон мобитель сот "
        "сотовый гсм смс звоните звонить звонок позвоните звоніть дзвоніть телефонуйте "
        "зателефонуйте обадете звъннете обаждайте вайбер ватсап вотсап вацап тэл тэлефон "
        "тэлефоны тэлефона позовите позвати горячей_линии горячая_линия фиксен мобиле"
    ),
    "Kazakh, Kyrgyz, Tatar, Tajik, Mongolian": (
        "телефоны телефоннары ұялы ұялы_тел уюлдук утас утсаар утасны факсы хабарласыңыз "
        "лавлах гар_утас"
    ),
    "Greek": (
        "τηλ τηλέφωνο τηλέφωνα τηλεφώνου τηλεφωνικά τηλεφωνήστε τηλέφ κιν κινητό κινητά "
        "κινητού φαξ φάξ τηλεομοιοτυπία καλέστε"
    ),
    "Armenian": (
        "հեռ հեռախոս հեռախոսը հեռախոսահամար հեռախոսահամարը հեռախոսահամարով բջջ բջջային ֆաքս "
        "զանգահարել զանգահարեք զանգահարեն մոբ"
    ),
    "Georgian": (
        "ტელ ტელეფონი ტელეფონის ტელეფონზე ტელეფონები მობ მობილური მობილურის ფაქსი ფაქს დარეკეთ "
        "ტელეფონით საკონტაქტო"
    ),
    "Hebrew, Yiddish": (
        "טל טלפון טלפונים בטלפון הטלפון לטלפון וטלפון טלפ נייד הנייד בנייד ונייד פלאפון "
        "בפלאפון סלולרי פקס הפקס ופקס בפקס חייגו התקשרו להתקשר וואטסאפ ווטסאפ וואצאפ טעלעפאן"
    ),
    "Arabic": (
        "هاتف الهاتف للهاتف بالهاتف وهاتف والهاتف هاتفيا هواتف الهواتف هاتفنا تلفون التلفون "
        "تليفون التليفون تيليفون موبايل الموبايل موبيل جوال الجوال للجوال بالجوال والجوال "
        "جوالي المحمول محمول نقال النقال خلوي الخلوي خليوي فاكس الفاكس وفاكس والفاكس واتساب "
        "الواتساب واتس_اب الواتس واتس وتساب اتصل للاتصال الاتصال اتصلوا تلفاكس"
    ),
    "Persian, Dari, Pashto, Kurdish": (
        "تلفن تلفنهای تلفنی تلفکس تلفنهمراه موبایل فکس فاکس نمابر دورنگار واتساپ واتسآپ تلفون "
        "تلیفون ټیلیفون ټلیفون مۆبایل مۆبایلی تەلەفۆن تەلەفۆنی"
    ),
    "Urdu, Sindhi": (
        "فون ٹیلیفون ٹیلی_فون موبائل موبايل فیکس کال واٹس_ایپ واٹسایپ وٹس_ایپ ٹیلیفون_نمبر "
        "فون_نمبر فيڪس تيليفون"
    ),
    "Hindi, Marathi, Nepali, Bhojpuri": (
        "फोन फ़ोन टेलीफोन टेलिफोन दूरभाष दुरध्वनी दूरध्वनी मोबाइल मोबाईल मोबाईलवर मो मोब मोबाइलनंबर फैक्स "
        "फॅक्स फ्याक्स व्हाट्सएप व्हाट्सऐप व्हाट्सअप व्हॉट्सॲप वाट्सएप कॉल भ्रमणध्वनी हेल्पलाइन हेल्पलाईन"
    ),
    "Bengali, Assamese": (
        "ফোন টেলিফোন মোবাইল মুঠোফোন মোবা ফ্যাক্স হোয়াটসঅ্যাপ হোয়াটসঅ্যাপে কল হটলাইন হেল্পলাইন মবাইল ফেক্স"
    ),
    "Punjabi": "ਫੋਨ ਫ਼ੋਨ ਟੈਲੀਫੋਨ ਮੋਬਾਈਲ ਮੋਬਾਇਲ ਮੋ ਫੈਕਸ ਵਟਸਐਪ ਵਟਸਅੱਪ ਕਾਲ",
    "Gujarati": "ફોન ટેલિફોન ટેલીફોન મોબાઇલ મોબાઈલ મો ફેક્સ વોટ્સએપ વોટ્સઅપ કોલ હેલ્પલાઇન",
    "Odia": "ଫୋନ ଫୋନ୍ ଟେଲିଫୋନ ଟେଲିଫୋନ୍ ମୋବାଇଲ ମୋବାଇଲ୍ ଫ୍ୟାକ୍ସ",
    "Tamil": (
        "தொலைபேசி கைபேசி அலைபேசி செல்பேசி போன் ஃபோன் மொபைல் செல்போன் செல் தொலைநகல் பேக்ஸ் வாட்ஸ்அப் வாட்சப் "
        "அழைக்கவும் அழைக்க தொ_பே"
    ),
    "Telugu": "ఫోన్ ఫోను టెలిఫోన్ మొబైల్ సెల్ సెల్ఫోన్ ఫ్యాక్స్ వాట్సాప్ కాల్ హెల్ప్లైన్",
    "Kannada": "ಫೋನ್ ದೂರವಾಣಿ ಟೆಲಿಫೋನ್ ಮೊಬೈಲ್ ಮೊ ದೂ ಫ್ಯಾಕ್ಸ್ ವಾಟ್ಸಾಪ್ ವಾಟ್ಸಪ್ ಕರೆ",
    "Malayalam": (
        "ഫോൺ ഫോണ്‍ ഫോണ് ടെലിഫോൺ ടെലിഫോണ്‍ ടെലഫോൺ മൊബൈൽ മൊബൈല്‍ മൊബൈല് ഫാക്സ് വാട്സാപ്പ് വാട്ട്സ്ആപ്പ് വിളിക്കുക ഫോ"
    ),
    "Sinhala": "දුරකථන දුරකථනය දුරකතන දු_ක ජංගම ජංගම_දුරකථන ෆැක්ස් ෆෝන් අමතන්න ඇමතුම් වට්ස්ඇප්",
    "Thai": "-โทร -โทรศัพท์ -เบอร์ -มือถือ -แฟกซ์ -แฟ็กซ์ -โทรสาร -สายด่วน -โทรมา -โทรหา -ที่เบอร์",
    "Lao": "-ໂທ -ໂທລະສັບ -ໂທລະສັບມືຖື -ມືຖື -ເບີ -ເບີໂທ -ແຟັກ -ແຟກ -ໂທຫາ",
    "Khmer": "-ទូរស័ព្ទ -ទូរសព្ទ -ទូរស័ព្ទលេខ -ទូរសារ -ហ្វាក់",
    "Burmese": "-ဖုန်း -ဖက်စ် -တယ်လီဖုန်း -မိုဘိုင်း",
    "Chinese": (
        "-电话 -電話 -手机 -手機 -传真 -傳真 传_真 傳_真 手_机 手_機 -热线 -熱線 -专线 -專線 "
        "-座机 -致电 -致電 -拨打 -撥打 -来电 -來電 -微信 -联系方式 -聯絡方式 -聯繫方式 -客服 "
        "-小灵通 -短信"
    ),
    "Japanese": (
        "-電話 -携帯 -ケータイ -ファックス -ファクス -ファクシミリ -テレホン -フリーダイヤル "
        "-スマホ -直通 -ダイヤル -ﾌｧｯｸｽ"
    ),
    "Korean": (
        "-전화 -휴대폰 -핸드폰 -휴대전화 -팩스 -연락처 -콜센터 -모바일 -고객센터 -전화는 "
        "-전화로 -연락처는"
    ),
}
"""Behind these words any 7 to 15 digits are a number; by language."""

WITH_ZERO = (
    "hp wa cp dt kira waya namba nambari lamba bel bellen soita kontakt kontak contact text "
    "tekst contacto contato contatti kontakty kontaktai kontakti cep santral liên_hệ lhe lh "
    "контакт контакты контакти връзка επικοινωνία ت همراه خط_ساخن ליצירת_קשר ligue piga "
    "للتواصل التواصل تواصل للاستفسار للحجز संपर्क सम्पर्क যোগাযোগ -ติดต่อ ਸੰਪਰਕ સંપર્ક ଯୋଗାଯୋଗ தொடர்பு "
    "தொடர்புக்கு தொடர்புகொள்ள సంప్రదించండి ಸಂಪರ್ಕ ಸಂಪರ್ಕಿಸಿ ബന്ധപ്പെടുക رابطہ تماس -ဆက်သွယ်ရန် -ទាក់ទង -ទំនាក់ទំនង "
    "əlaqə байланыс -連絡先 -문의 -상담 -연락 hubungi לפרטים"
)
"""Behind these words only numbers with a trunk zero, or as India writes those of mobile phones."""

PASSED: Mapping[str, str] = {
    "Latin letters": (
        "number numbers num nummer número no nr nos nro nrs is at on us me our my the toll "
        "free now al le au la nomor nombor bilangan nomer nombre numer numeru numara numarası "
        "numaramız numarali číslo čísle čísla szám száma broj brojem broju numărul pod på sur "
        "numri numrin raqam raqami nömrə nömrəsi numeroon numbril số ngay inombolo yakho akara "
        "di ke sa op unter für nous ons oss os kami saya ya wa ni yake yangu yako nambari "
        "namba kom il"
    ),
    "Cyrillic, Greek, Armenian, Georgian": (
        "номер номера номеру номером номерам номерът номери нөмірі нөмері дугаар на по за и "
        "или для нам нас связи справок заказа раб дом домашний рабочий αριθμός αριθμό αρ στο "
        "στα թիվ համար համարը համարով ნომერი ნომერზე ნომრები връзка"
    ),
    "Hebrew, Arabic": (
        "מספר מס ב ל رقم الرقم أرقام برقم رقمنا على عبر شماره شماره_های ی با به همراه نمبر "
        "نمبرز پر ژمارە"
    ),
    "India, Sri Lanka": (
        "नंबर नम्बर नं न नो क्रमांक संख्या क्र पर নম্বর নাম্বার নং নম্বরে নাম্বারে ਨੰਬਰ ਨੰ ਤੇ નંબર નં પર ନମ୍ବର "
        "ନଂ எண் எண்கள் எண்ணில் எண்ணிற்கு நம்பர் నంబర్ నెంబర్ నెంబరు నంబరు నం ನಂಬರ್ ಸಂಖ್ಯೆ ನಂ നമ്പർ നമ്പര് നം අංකය "
        "අංක අංකයට අංකයෙන්"
    ),
    "East Asia": (
        "-หมายเลข -เลขที่ -ได้ที่ -ที่ -เลข -คือ -ໝາຍເລກ -ເລກ -លេខ -តាម -နံပါတ် -번호 -번 -는 -은 -로 "
        "-号码 -號碼 -号 -號 -番号 -番號 -は -まで -是 -为 -為 -へ -に -ພວກເຮົາ"
    ),
    "Ethiopic": "ቁጥር",
}
"""Words that are passed over: "number", "is", "our"; by script."""

AFTER: Mapping[str, str] = {
    "Hindi, Marathi, Nepali": (
        "पर_कॉल- पर_फोन- पर_फ़ोन- पर_संपर्क- पर_सम्पर्क- पर_व्हाट्सएप- पर_भी_संपर्क- पर_मिस्ड_कॉल- "
        "वर_संपर्क- वर_फोन- मा_फोन- मा_सम्पर्क-"
    ),
    "Bengali": "এ_যোগাযোগ- এ_কল-",
    "Punjabi, Gujarati": "ਤੇ_ਸੰਪਰਕ- ਤੇ_ਕਾਲ- ਤੇ_ਫੋਨ- પર_સંપર્ક- પર_કોલ- પર_ફોન-",
    "Tamil, Telugu, Kannada, Malayalam": (
        "ஐ_அழை- என்ற_தொலைபேசி- కు_కాల్- కు_ఫోన్- కి_ఫోన్- ಗೆ_ಕರೆ- ಅನ್ನು_ಸಂಪರ್ಕಿಸಿ-"
    ),
    "Sinhala": "අමතන්න-",
    "Urdu, Persian": "پر_کال- پر_رابطہ- پر_فون- پر_واٹس- تماس_بگیرید- تماس_حاصل- پیامک-",
    "Turkish, Azerbaijani, Uzbek": (
        "numaralı_telefon- i_arayın- ı_arayın- u_arayın- ü_arayın- yi_arayın- yı_arayın- "
        "numarasını_ara- numaralı_cep- nömrəli_telefon- nömrəsinə_zəng-"
    ),
    "Korean": (
        "로_전화- 로_연락- 로_문의- 으로_전화- 으로_연락- 으로_문의- 로_문자- 에_전화- 번에_전화-"
    ),
    "Japanese": "まで電話- までお電話- へお電話- へ電話- にお電話- に電話- までご連絡- に携帯-",
    "Mongolian, Kazakh": "дугаарын_утас- дугаар_утас- утсаар- утсанд- телефонына-",
    "Hungarian, Finnish, Estonian": "telefonszámon- as_telefonszám- es_telefonszám-",
}
"""What stands behind a number where the verb comes last ("call on" it), the beginning of it."""

AFTER_WITH_ZERO = (
    "नंबर_पर- नम्बर_पर- नंबरवर- क्रमांकावर- নম্বরে- নাম্বারে- এই_নম্বরে- ਨੰਬਰ_ਤੇ- નંબર_પર- என்ற_எண்- "
    "எண்ணில்- எண்ணிற்கு- నంబర్కు- నెంబర్కు- నంబరుకు- ಸಂಖ್ಯೆಗೆ- ನಂಬರ್ಗೆ- എന്ന_നമ്പറ- എന്ന_നമ്പരി- നമ്പറില- "
    "අංකයට- අංකයෙන්- نمبر_پر- numaralı_hat- 번으로- нөміріне- номеріне-"
)
"""The same, where only numbers as for `WITH_ZERO` are meant: "on number"."""
