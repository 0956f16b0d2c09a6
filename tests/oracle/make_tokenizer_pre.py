#!/usr/bin/env python3
"""Make tests/golden/tokenizer/pre.json.xz: ids of the corpus for names of pre-tokenizers that a GGUF file can hold.

    tests/oracle/make_tokenizer_pre.py

Here are the names for which llama.cpp departs from the model's own tokenizer, or nearly does; for the others llama.cpp itself is the
second opinion (check_llamacpp.py --pre). The pre-tokenizers are put together in Hugging Face `tokenizers` as the published
tokenizer.json files of the named models have them (kimi-k2: the pattern in its tokenization_kimi.py), over the small vocabularies of
make_tokenizer_files.py. "file" is one of those; a test gives it the name as its tokenizer.ggml.pre.
"""

import json
import lzma

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers as n, pre_tokenizers as p

import make_tokenizer_cases as cases
import make_tokenizer_files as files

END = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
HEAD = r"[^\r\n\p{L}\p{N}]?"
TAIL = r"\s*[\r\n]+|\s+(?!\S)|\s+"
SLASHED = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|"


def cased(end, less=""):
    upper, lower = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}%s]" % less, r"[\p{Ll}\p{Lm}\p{Lo}\p{M}%s]" % less
    return "%s%s*%s+%s|%s%s+%s*%s|" % (HEAD, upper, lower, end, HEAD, upper, lower, end)


GPT4O = cased(END) + r"\p{N}{1,3}|" + SLASHED + TAIL
TEKKEN = cased("") + r"\p{N}|" + SLASHED + TAIL
QWEN35 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + TAIL)
KIMI = r"[\p{Han}]+|" + cased(END, r"&&[^\p{Han}]") + r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + TAIL
YOUTU = ("[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，\u3001-\u303f\ufe30-\ufe4f]+|[ㄅ-ㄯ]+|[一-龥\u3040-ゟ゠-ヿ]+",
         cased(END) + r"\p{N}|" + SLASHED + TAIL)
DEEPSEEK_LETTERS = (
    r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ"
    "\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ"
    "𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+")
DEEPSEEK_ASIAN = "[一-龥\u0800-一가-\ud7ff]+"


def cuts(*patterns):
    return [p.Split(Regex(x), "isolated") for x in patterns]


BYTES, WORDS = p.ByteLevel(add_prefix_space=False, use_regex=False), p.ByteLevel(add_prefix_space=False)

# name: normalizer, pre-tokenizers, whether whole words are looked up first
ROWS = {
    "qwen2": (n.NFC(), cuts(files.QWEN2) + [BYTES], False),
    "qwen35": (n.NFC(), cuts(QWEN35) + [BYTES], False),
    "gpt-4o": (None, cuts(GPT4O) + [BYTES], False),
    "granite-embed-multi-97m": (None, cuts(GPT4O) + [BYTES], True),
    "tekken": (None, cuts(TEKKEN) + [BYTES], True),
    "tiny_aya": (None, cuts(r"\d{1,3}(?=(?:\d{3})*\b)", GPT4O) + [BYTES], False),
    "youtu": (None, cuts(*YOUTU) + [BYTES], True),
    "kimi-k2": (None, cuts(KIMI) + [BYTES], True),
    "superbpe": (None, cuts(r"\p{N}+", r"(?=(\d{3})+(?!\d))") + [BYTES], False),
    "falcon": (None, [p.Punctuation("contiguous"), WORDS, p.Digits(False)] + cuts("[0-9][0-9][0-9]"), False),
    "deepseek-llm": (None, cuts(r"[\r\n]", DEEPSEEK_LETTERS, "\\s?[!-/:-~！-／：-～‘-‟\u3000-。]+", r"\s+$", DEEPSEEK_ASIAN)
                     + [p.Digits(False), BYTES], False),
    "deepseek-coder": (None, cuts(r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", DEEPSEEK_ASIAN) + [p.Digits(True), BYTES], False),
    "chameleon": (None, cuts("<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", r"([\t\n]|    |  )")
                  + [p.Digits(True), p.Punctuation("isolated"), WORDS], False),
}


def byte_level():
    vocab, merges = files.byte_level()
    for name, (normalizer, stages, whole_words) in ROWS.items():
        t = Tokenizer(models.BPE(vocab, merges, ignore_merges=whole_words))
        if normalizer:
            t.normalizer = normalizer
        t.pre_tokenizer = p.Sequence(stages)
        t.add_special_tokens([AddedToken("<|endoftext|>", normalized=False)])
        yield name, "gpt2.gguf", t


def main():
    rows = []
    for i, (name, file, t) in enumerate(byte_level()):
        chosen = cases.texts(200 + i, 50)
        rows.append({"pre": name, "file": file, "texts": chosen, "ids": [t.encode(s).ids for s in chosen],
                     "corpus": cases.corpus_sums(t)})
    text = json.dumps({"rows": rows}, ensure_ascii=False, separators=(",", ":"))
    (cases.GOLDEN / "pre.json.xz").write_bytes(lzma.compress(text.encode("utf-8"), preset=9 | lzma.PRESET_EXTREME))
    print(len(rows), "pre-tokenizers")


if __name__ == "__main__":
    main()
