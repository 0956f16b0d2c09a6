"""The tokenizers' corpus: thousands of lines that meet what text can hold, from a seeded generator. No text is quoted.

Lines end at LF only; a line may hold CR, NUL, U+0085, U+2028. Characters are those of Unicode 14 (what Python 3.11 and
PCRE2 10.42 know), as categories of later ones differ between libraries.
"""

import random
import sys
import unicodedata

if unicodedata.unidata_version != "14.0.0":
    sys.exit("corpus.py wants Unicode 14 (Python 3.11), found %s" % unicodedata.unidata_version)

WORDS = {
    "en": "the river carries warm water past our old mill where nobody measures weather except one patient clockmaker "
          "whose daughter studies topology internationalization unbelievably reproducibility".split(),
    "de": "der größte Vogel überquert täglich die Straße während Käufer Äpfel prüfen Donaudampfschifffahrt und Übermut "
          "weiß ß Maßstäbe".split(),
    "fr": "l'été où nous étions déjà près du château naïf cœur garçon aujourd'hui qu'elle français œuvre Noël ça".split(),
    "es": "¿dónde mañana niño corazón pingüino árbol ¡qué también había señal canción último".split(),
    "pt": "não coração amanhã pão avó avô irmã ação três você água órfão".split(),
    "pl": "źródło żółw gęś łąka ćma święto chrząszcz późno mądry niósł".split(),
    "cs": "příliš žluťoučký kůň úpěl ďábelské ódy řeka čtvrtek něco šťáva".split(),
    "tr": "İstanbul ığdır şehir çiçek gözlük öğretmen ılık İYİ kış güneş".split(),
    "vi": "tiếng việt được những người đường phố nước ngoài khoẻ mạnh trường đại học ướt".split(),
    "fi": "yö hyvää päivää jäätelö lumivyöry epäjärjestelmällisyys työ".split(),
    "is": "þórður ævintýri ðögun næstu höfuðborgarsvæðið".split(),
    "el": "θάλασσα ουρανός άνθρωπος ΐδιος ψυχή ΩΡΑ λόγος γεωμετρία ᾠδή ῥόδον σοφός".split(),
    "ru": "вода течёт медленно объём ёжик подъезд геометрия ЩИТ мысль язык пространство".split(),
    "uk": "їжак ґанок вітер сонце об'єкт п'ять щастя європа".split(),
    "sr": "љубав његова ћирилица џеп ђак".split(),
    "he": "שלום עולם מים יַלְדָּה סֵפֶר גאומטריה בֹּקֶר".split(),
    "ar": "السلام عليكم كِتَابٌ مدرسة هندسة قَلْب ﷺ لا ـــ شمس".split(),
    "fa": "می‌خواهم کتاب‌ها خانه آب گرم پنجره دوستی‌ها".split(),
    "ur": "پانی کتاب ہندسہ دوستی گھر".split(),
    "hi": "नमस्ते दुनिया ज्यामिति क्षत्रिय पानी विद्यार्थी हिन्दी ज़रूर".split(),
    "bn": "বাংলা জ্যামিতি নদী বিশ্ববিদ্যালয় ক্ষমা".split(),
    "ta": "தமிழ் வணக்கம் வடிவியல் நீர் க்ஷேத்திரம்".split(),
    "te": "తెలుగు జ్యామితి నీరు స్నేహం".split(),
    "kn": "ಕನ್ನಡ ನೀರು ಸ್ನೇಹ".split(),
    "ml": "മലയാളം ജ്യാമിതി വെള്ളം ൽ".split(),
    "si": "සිංහල ජලය ක්‍රමය ශ්‍රී".split(),
    "th": "สวัสดีชาวโลก เรขาคณิต น้ำ ภาษาไทยไม่เว้นวรรค เก้าอี้".split(),
    "lo": "ພາສາລາວ ນ້ຳ ເລຂາຄະນິດ".split(),
    "km": "ភាសាខ្មែរ ទឹក ធរណីមាត្រ".split(),
    "my": "မြန်မာဘာသာ ရေ ဂျီဩမေတြီ".split(),
    "bo": "བོད་སྐད་ ཆུ་ དཀར་པོ།".split(),
    "ka": "საქართველო წყალი გეომეტრია ᲐᲑᲒ".split(),
    "hy": "Հայաստան ջուր երկրաչափություն և".split(),
    "am": "አማርኛ ውሃ ጂኦሜትሪ ሰላም፡ዓለም።".split(),
    "zh": "几何学 研究 空间 中的 形状 与 距离，今天 天气 很好。 水 流过 老桥 龍 龜 繁體字 測量 語言".split(),
    "ja": "水が 流れる 幾何学 カタカナ ﾊﾝｶｸ がぎぐげご ー 々 「鉤括弧」 言語モデル を 測る。 ヷ".split(),
    "ko": "물이 흐른다 기하학 안녕하세요 세계 뷁 값없는 언어 모델을 측정한다".split(),
    "mn": "ᠮᠣᠩᠭᠣᠯ ᠤᠰᠤ\u180eᠤ монгол ус өвөл".split(),
    "chr": "ᏣᎳᎩ ꭰꮼ".split(),
    "yi": "ייִדיש וואַסער".split(),
    "haw": "ʻōlelo Hawaiʻi wai".split(),
}
SPACES = [" ", "  ", "   ", "\t", "\t\t", "\r", "\r\r", "\u00a0", "\u1680", "\u2000", "\u2002", "\u2003", "\u2009", "\u200a",
          "\u202f", "\u205f", "\u3000", "\u3000\u3000", "\u180e", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u0085",
          "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", " \t ", " \u00a0 ", "\r ", " \r", "\t\r\t"]
SPECIALS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>",
            "<|start_header_id|>", "<|end_header_id|>", "<|reserved_special_token_7|>", "<s>", "</s>", "<unk>", "<think>",
            "</think>", "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|vision_start|>", "<|box_end|>", "<repo_name>",
            "<file_sep>", "<gh_stars>", "<filename>", "<jupyter_code>", "<empty_output>", "<|python_tag|>", "<pad>",
            "<bos>", "[CLS]", "[SEP]", "[MASK]", "<0x41>", "<0x0A>", "<0xE2>", "\u2581", "\u2581the", "\u0120the", "\u010a"]
NEARLY = ["<s >", "< s>", "<S>", "</S>", "<|im_start>", "<im_start|>", "<|IM_START|>", "<|im_start|", "|im_start|>",
          "<|begin_of_text|", "<|eot_id |>", "<unk", "unk>", "<\u200bs>", "<s\u0301>", "\uff1cs\uff1e", "<|im_start\u200d|>",
          "<0x4>", "<0xGG>", "<0x041>", "<|reserved_special_token_251|>", "<<s>>", "<|<|im_end|>|>", "</s</s>>"]
CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'RE", "'Ve", "'M", "'LL", "'lL", "'D", "\u2019s",
                "\u2019T", "'\u017f", "'\u017fo", "'st", "'reb", "'dd", "''s", "'", "''", "' s", "'r", "'v", "'l", "n't",
                "N'T", "`s", "\u02bcs", "'0", "'s's", "'\u0130", "'\u212a"]
EMOJI = ["\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f44d\U0001f3fd",
         "\U0001f1e9\U0001f1ea", "\U0001f1ef\U0001f1f5", "\u2764\ufe0f", "\u2764", "\u2764\ufe0f\u200d\U0001f525",
         "\U0001f3f3\ufe0f\u200d\U0001f308", "1\ufe0f\u20e3", "#\ufe0f\u20e3", "\U0001f9d1\U0001f3ff\u200d\U0001f4bb",
         "\U0001f469\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468", "\U0001f3f4\U000e0067\U000e0062\U000e0073"
         "\U000e0063\U000e0074\U000e007f", "\U0001fae0", "\U0001f408\u200d\u2b1b", "\u263a\ufe0e", "\U0001f937\u200d\u2640\ufe0f",
         "\u00a9\ufe0f", "\U0001f1e6", "\U0001f3fb", "\u200d", "\ufe0f", "\U0001f6d1", "\u231a", "\U0001f4a9"]
MARKS = ["\u0301", "\u0300", "\u0308", "\u0327", "\u0323", "\u0304", "\u0302", "\u030a", "\u0338", "\u20d7", "\u0345", "\u0653",
         "\u05b4", "\u093c", "\u0e49", "\u3099", "\u309a", "\u0315", "\u1ab0", "\u0489", "\u0334"]
OPERATORS = ["+", "-", "*", "/", "==", "!=", "<=", ">=", "&&", "||", "->", "=>", "::", "...", "<<", ">>", "**", "//", "?.", "|>",
             ":=", "<-", "@", "~", "^", "%", "===", "<=>", "+=", "!"]
DIGITS = ["0", "1", "7", "12", "123", "1234", "12345", "1234567890", "3.14159", "1,000,000", "0x1F4A9", "1e-05", "-42", "+49 30",
          "007", "192.168.0.1", "2024-02-29", "12:34:56", "\u0661\u0662\u0663\u0664", "\u0967\u0968\u0969\u096a",
          "\uff11\uff12\uff13\uff14", "\u00b2\u00b3\u00b9", "\u00bd", "\u2167", "\u2460", "\u4e00\u4e8c\u4e09", "\U0001d7d8\U0001d7d9",
          "1\u202f000", "1_000", "\u0be7\u0be8", "50%", "$9.99", "\u20ac12", "1st", "2nd", "3x3", "v1.2.3-rc.4", "\u3289", "\u5341"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.assigned = [chr(c) for c in range(0x110000)
                         if c != 10 and unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
        self.small = [c for c in self.assigned if ord(c) < 0x3000]

    def pick(self, options):
        return self.r.choice(options)

    def some(self, options, low, high, joint=""):
        return joint.join(self.pick(options) for _ in range(self.r.randint(low, high)))

    def word(self):
        w = self.pick(WORDS[self.pick(list(WORDS))])
        return self.pick([w, w, w, w.upper(), w.capitalize(), w.lower()])

    def sentence(self):
        words = WORDS[self.pick(list(WORDS))]
        text = " ".join(self.pick(words) for _ in range(self.r.randint(2, 14)))
        if self.r.random() < 0.3:
            text = text.replace(" ", self.pick([", ", "; ", " - ", "\u2014", "\u3001", " (", ") ", "/", "_", "."]), 2)
        return text + self.pick(["", ".", "!", "?", "...", "\u2026", "\u3002", "\u061f", "\u0964", " ", "  ", "\"", "\u00bb", ")."])

    def mixed(self):
        return self.some([self.word() for _ in range(6)], 2, 8, self.pick([" ", "", "\u3000", "-", "\u200b"]))

    def name(self):
        parts = [self.pick(WORDS["en"]) for _ in range(self.r.randint(1, 3))]
        return self.pick(["_".join(parts), "".join(p.title() for p in parts), parts[0] + "".join(p.title() for p in parts[1:]),
                          "_".join(parts).upper(), "__" + parts[0] + "__", "-".join(parts), "$" + parts[0]])

    def code(self):
        n, m, k = self.name(), self.name(), self.name()
        pad = self.pick(["", "  ", "    ", "        ", "\t", "\t\t", " ", "                "])
        num = self.pick(DIGITS)
        op = self.pick(OPERATORS)
        return pad + self.pick([
            "def %s(%s, *, %s=None):  # %s" % (n, m, k, num), "for (size_t i = 0; i < %s; ++i) { %s[i] %s= %s; }" % (n, m, op, num),
            "if (%s %s %s) {return %s;}" % (n, op, m, num), "const %s = async (%s) => { await %s(); };" % (n, m, k),
            "<div class=\"%s\" id='%s'>&nbsp;%s</div>" % (n, m, k), "SELECT %s, COUNT(*) FROM %s WHERE %s >= %s;" % (n, m, k, num),
            "{\"%s\": [%s, null, true], \"%s\": \"\\u00e9\\n\"}" % (n, num, m), "grep -rn '%s' . | sed 's/%s/%s/g' > /dev/null 2>&1" % (n, m, k),
            "#include <%s.h>" % n, "#define %s(x) ((x) %s %s)" % (n.upper(), op, num), "%s%s%s%s%s" % (n, op, m, op, k),
            "\\frac{%s}{%s} \\leq \\sum_{i=1}^{%s} x_i^2" % (n, m, num), "https://example.org/%s/%s?%s=%s#top" % (n, m, k, num),
            "/* %s */ %s::%s<%s> &&%s;" % (n, m, k, n, m), "fn %s<'a>(%s: &'a mut Vec<u8>) -> Result<(), %s> {" % (n, m, k),
            "| %s | %s |---|:---:|" % (n, m), "%s@%s.example" % (n, m), "```%s" % n, "}}});%s" % (" " * self.r.randint(0, 9)),
        ])

    def emoji(self):
        return self.some(EMOJI + [self.word(), " "], 1, 9, self.pick(["", "", " ", "\u200d"]))

    def spaces(self):
        parts = []
        for _ in range(self.r.randint(1, 7)):
            parts.append(self.pick(SPACES) * self.pick([1, 1, 1, 2, 3, 5, 17]))
            parts.append(self.pick(["", "", self.word(), self.pick(DIGITS), self.pick(OPERATORS), "."]))
        return "".join(parts)

    def marks(self):
        text = self.some([self.word() for _ in range(5)], 1, 5, " ")
        form = self.r.randrange(5)
        if form < 3:
            text = unicodedata.normalize(["NFD", "NFKD", "NFC"][form], text)
        out = []
        for c in text:
            out.append(c)
            if self.r.random() < (0.25 if form >= 3 else 0.03):
                out.append(self.some(MARKS, 1, 4))
        return "".join(out)

    def jamo(self):
        lead = [chr(c) for c in range(0x1100, 0x1113)]
        vowel = [chr(c) for c in range(0x1161, 0x1176)]
        tail = [chr(c) for c in range(0x11A8, 0x11C3)] + [""]
        units = [self.pick(lead) + self.pick(vowel) + self.pick(tail) for _ in range(self.r.randint(1, 8))]
        odd = [self.pick(lead), self.pick(vowel), "\u3131", "\u314f", "\ua960", "\ud7b0", "\uac00\u11a8", "\uac01\u11a8", " ", "\u115f"]
        return "".join(u if self.r.random() < 0.8 else self.pick(odd) for u in units)

    def repeat(self):
        unit = self.pick(["a", "A", " ", "  ", "\t", "!", "ab", "abc ", "0", "1 ", "=", "-", "\u3042", "\u4e2d", "\U0001f600", "\u0301",
                          "\u00e9", "e\u0301", "'s", "<s>", "\u00a0", "\r", "...", "ha", "\u0e01", "\u200d", "_", "xyz", "\u2581", "\u3000",
                          ". ", "\u180e", "th", "\u05d0", "\u1100\u1161", "Z" * 7 + " ", "\u0130", "\u00df", "\x00", "\\", "()", "  a"])
        text = unit * self.pick([3, 9, 16, 17, 33, 64, 100, 255])
        return self.pick(["", "", self.word(), " "]) + text + self.pick(["", "", self.word(), " ", "."])

    def digits(self):
        return self.some(DIGITS + [str(self.r.randrange(10 ** self.r.randint(1, 30)))], 1, 7, self.pick(["", " ", ",", "/", "  ", "\u00a0"]))

    def specials(self):
        bag = [self.pick(SPECIALS), self.pick(SPECIALS), self.pick(NEARLY), self.word(), " ", "  ", "x", self.pick(SPACES), self.pick(DIGITS)]
        return self.some(bag, 1, 7)

    def contraction(self):
        glue = self.pick(["", "", " "])
        return glue.join(self.word() + self.pick(CONTRACTIONS) + self.pick(["", " ", "s", self.pick(OPERATORS)])
                         for _ in range(self.r.randint(1, 5)))

    def bidi(self):
        words = WORDS[self.pick(["he", "ar", "fa", "ur", "yi"])] + ["abc", "123", "(", ")", ".", "%"]
        controls = ["\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202e", "\u2066", "\u2067", "\u2069", "\u061c", " ", " ", ""]
        return "".join(self.pick(words) + self.pick(controls) for _ in range(self.r.randint(1, 9)))

    def scattered(self):
        pool = self.pick([self.assigned, self.small])
        return "".join(self.pick(pool) + self.pick(["", "", " "]) for _ in range(self.r.randint(1, 24)))

    def neighbours(self):
        start = self.r.randrange(len(self.assigned) - 16)
        return self.pick(["", " "]).join(self.assigned[start:start + self.r.randint(2, 16)])

    def controls(self):
        codes = [chr(c) for c in list(range(10)) + list(range(11, 32)) + list(range(127, 160))]
        return self.some(codes + [self.word(), " "], 1, 8)

    def spliced(self):
        kinds = [self.sentence, self.code, self.emoji, self.spaces, self.marks, self.digits, self.specials, self.contraction, self.bidi]
        return "".join(self.pick(kinds)() for _ in range(self.r.randint(2, 4)))


def fixed_lines():
    """What must be there whatever the dice say."""
    yield ""
    yield from (" " * n for n in (1, 2, 3, 4, 7, 8, 15, 16, 31, 64, 81, 4000))
    yield from ("\t" * n for n in (1, 2, 3, 8, 40))
    yield from ("a" * 3000, "A" * 1500, "\u00e9" * 1000, "\u4e2d" * 1000, "ab" * 1500, "0" * 3000, "!" * 2000, "\U0001f600" * 300,
                "word " * 800, "\u0301" * 500, "<s>" * 200, "\u3000" * 800, "\r" * 500, "=" * 4000, "\u200d" * 300, "aA" * 700)
    yield from (" " * 2500 + "end", "start" + " " * 2500, "a" + " " * 1200 + "b" + "\t" * 300 + "c")
    yield from ("\u00a0", "\u3000", "\u180e", "a\u180eb", " \u180e ", "\u180e\u180e x", "x \u180e", "\r", "\r\r", "a\rb", "a \r b", "a\r\r\rb")
    yield from ("\x00", "a\x00b", "\ufeff", "\ufeffa", "\ufffd", "\ufffe", "\uffff", "\U0010ffff", "\ue000", "\U000f0000")
    for s in SPECIALS + NEARLY + CONTRACTIONS + EMOJI + SPACES + DIGITS:
        yield from (s, " " + s, s + " ", "x" + s + "y", s + s)
    yield "<|begin_of_text|>x"
    yield "<|im_start|>user\rhello<|im_end|>"


def lines(seed=20260):
    m = Maker(seed)
    plan = [(m.sentence, 900), (m.mixed, 350), (m.code, 550), (m.emoji, 200), (m.spaces, 400), (m.marks, 350), (m.jamo, 100),
            (m.repeat, 130), (m.digits, 250), (m.specials, 400), (m.contraction, 300), (m.bidi, 150), (m.scattered, 450),
            (m.neighbours, 450), (m.controls, 80), (m.spliced, 250)]
    out = list(fixed_lines())
    for make, count in plan:
        out += [make() for _ in range(count)]
    assert not any("\n" in line for line in out)
    return out
