#!/usr/bin/env python3
"""Make tests/golden/tokenizer/cases.json.xz: small tokenizers, one for each part that a tokenizer.json may have, with
texts and the ids that Hugging Face `tokenizers` gives them.

    tests/oracle/make_tokenizer_cases.py

Parts that change or cut a text are seen through a probe: a model whose tokens are the 256 bytes and which adds the bytes
of "</w>" to the end of every piece, so that its ids spell the changed text and every cut. Models are trained here on
the corpus of make_tokenizer_golden.py (seeded, small). The character map is SentencePiece's nmt_nfkc.
"""

import io
import json
import lzma
import pathlib
import random
import zlib

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers as n, pre_tokenizers as p, processors, trainers

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "tokenizer"
CORPUS = lzma.open(GOLDEN / "corpus.txt.xz", "rt", encoding="utf-8", newline="\n").read().split("\n")[:-1]

TRICKY = [
    "", " ", "  ", "a", " a", "a ", "  a  b  ", "Hello, World!", "don't you'LL we'RE", "x=1;y=22;z=333,4444", "\t\n\r\n a\u00a0b\u2003c",
    "caf\u00e9 cafe\u0301 \u1e69 s\u0323\u0307 s\u0307\u0323", "\ufb01nd \u2168 \u33a5 \ufdfa \u212b \u2126", "\u0130stanbul \u00df \u01c5 \u03a3\u03c3\u03c2",
    "\uac00\u1100\u1161\u11a8", "\u4e2d\u6587 and \u65e5\u672c\u8a9e\u30ab\u30bf\u30ab\u30ca", "\u0e01\u0e33\u0e19\u0e49\u0e33", "\u0915\u094d\u0937\u093f \u0928\u093f", "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd", "\u0645\u064e\u0631\u0652\u062d\u064e\u0628\u064b\u0627",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea 1\ufe0f\u20e3", "\u200b\u200d\ufeff\u2028\u2029\u0085\u180e", "\u0000\u0001\u001f\u007f\u009f", "\u2581\u2581a\u2581b \u2581", "a_b-c.d/e\\f|g",
    "$5+3<4>2^1`~", "\u00a1hola\u00bf \u00abx\u00bb \u2018y\u2019 \u201cz\u201d", "\u0661\u0662\u0663 \u0967\u0968 \u00b2\u00bd \u2460", "\ufffd \ufffe", "ABCdefGHI", "'s 's's don''t", "\u017f\u212a '\u017f",
    "<s>a</s>", "a<s> b </s>c", "  [MASK]  x", "word[MASK]word", "the<new>end", "<new>", "new <new> <new>x x<new> -<new>-", "<new", "<<new>>", "<s><s>", "<s><new></s>", "tok", "TOK tok Tok", "token tok.", "tok_tok tok2",
    "aaaaaaaaaaaaaaaaaaaaaaaaa", "abababababababab", "    ", "\n\n\n\n", "==========", "hahahahahahahaha", "x" * 120, "\u00e9" * 40, "\u4e2d" * 40, "a\u0301" * 20,
    "\u0ec8\u0eba \u09cd\u09fe", "\u0338\u0327\u0323\u0301\u0345", "\u3099\u309a\u304b\u3099", "\r\n\r \n", "e\u0301\r\n", "\u1100\u1161", "\u0958 \u0929", "\u2260 \u226e",
    "\ub8b0\u11a7 \u1107\u116c\u11a7\u11a8", "=" * 18, "\x1a-x",
    "a\U00031350_x\U0002ebf0's \u1c89\u1c8a\u0cf3 \U000116d0\U000116d17 \U00011bc0\U00011be1\U0001cc00!",
]


def texts(seed, count):
    rng = random.Random(seed)
    return TRICKY + [line for line in rng.sample(CORPUS, count) if len(line) < 400]


def probe():
    vocab = {"<0x%02X>" % b: b for b in range(256)}
    vocab["<unk>"] = 256
    return Tokenizer(models.BPE(vocab, [], unk_token="<unk>", byte_fallback=True, end_of_word_suffix="</w>"))


def charsmap():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS[:2000]), model_writer=model, vocab_size=1500, normalization_rule_name="nmt_nfkc",
        character_coverage=0.98, hard_vocab_limit=False, num_threads=1, minloglevel=2)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return proto


NORMALIZERS = {
    "nfc": n.NFC(), "nfd": n.NFD(), "nfkc": n.NFKC(), "nfkd": n.NFKD(), "lowercase": n.Lowercase(), "strip": n.Strip(),
    "strip-left": n.Strip(left=True, right=False), "strip-right": n.Strip(left=False, right=True),
    "strip-accents": n.Sequence([n.NFD(), n.StripAccents()]), "nmt": n.Nmt(), "prepend": n.Prepend("\u2581"),
    "replace-text": n.Replace(" ", "\u2581"), "replace-regex": n.Replace(Regex("\\s+|[aeiou]{2,}"), "<>"),
    "replace-empty-match": n.Replace(Regex("x*"), "-"), "replace-nothing": n.Replace("", "-"), "byte-level": n.ByteLevel(),
    "bert": n.BertNormalizer(), "bert-cased": n.BertNormalizer(lowercase=False), "bert-plain": n.BertNormalizer(
        clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False),
    "sequence": n.Sequence([n.Prepend("\u2581"), n.Replace(" ", "\u2581"), n.Sequence([n.NFKC(), n.Lowercase()])]),
    "spaces": n.Replace(Regex(" {2,}"), " "),
}

BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]

PATTERNS = {
    "gpt2": "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "llama3": "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "o200k": "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "kimi": "[\\p{Han}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "possessive": "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
    "digits-from-right": "\\d{1,3}(?=(?:\\d{3})*\\b)",
    "superbpe": "(?=(\\d{3})+(?!\\d))",
    "bloom": " ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+",
    "cjk": "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    "deepseek": "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "word-boundary": "\\b\\w{2}|\\B.",
    "word": "\\w+|[^\\w\\s]+",
    "not-word-class": "[^\\W\\d_]+|[\\W]",
    "posix": "[[:alpha:]]+|[[:digit:][:punct:]]+|[[:^space:]]",
    "hex": "\\h+|\\x41|\\u00e9|\\x{4e2d}",
    "lines": "^.|.$|\\A\\s|\\s\\z",
    "lazy": "a.*?b|\\p{L}{2,3}?|c{2}?",
    "interval": "a{,2}|b{2}|=+{|x{3,}",
    "properties": "\\p{Alpha}+|\\p{^L}|\\P{M}|\\p{Lu}|\\p{Uppercase Letter}|\\p{Cyrillic}+",
    "options": "(?i)tok|(?m:a.b)|(?-i:HELLO)",
    "inner-option": "a(?i)b|c",
    "option-later": "(?i)\u0432|\ua641",
    "look": "(?<=a)b|(?<!a)c|d(?!e)|f(?=g)|(?>h+)i",
    "line-end": "\\R|\\t",
    "intersection": "[a-z&&[^aeiou]]+|[^a-c&&b-d]|[\\w&&\\p{Latin}]",
    "nested": "[a[b-d][^\\x00-\\x7f]]+|[^x[yz]]",
}


def pre_tokenizers():
    yield from {
        "byte-level": p.ByteLevel(add_prefix_space=False), "byte-level-prefix": p.ByteLevel(add_prefix_space=True),
        "byte-level-no-regex": p.ByteLevel(add_prefix_space=True, use_regex=False), "digits": p.Digits(False),
        "digits-single": p.Digits(True), "whitespace": p.Whitespace(), "whitespace-split": p.WhitespaceSplit(),
        "bert": p.BertPreTokenizer(), "metaspace": p.Metaspace(), "metaspace-first": p.Metaspace(prepend_scheme="first"),
        "metaspace-never": p.Metaspace(prepend_scheme="never"), "metaspace-whole": p.Metaspace(split=False),
        "metaspace-first-whole": p.Metaspace(prepend_scheme="first", split=False), "delimiter": p.CharDelimiterSplit("-"),
        "fixed-length": p.FixedLength(3),
        "t5": p.Sequence([p.WhitespaceSplit(), p.Metaspace()]),
        "falcon": p.Sequence([p.Punctuation("contiguous"), p.ByteLevel(add_prefix_space=False), p.Digits(False),
                              p.Split(Regex("[0-9][0-9][0-9]"), "isolated")]),
        "smollm": p.Sequence([p.Digits(True), p.ByteLevel(add_prefix_space=False)]),
        "split-empty": p.Split("", "isolated"), "split-text": p.Split("a", "merged_with_next"),
    }.items()
    for behavior in BEHAVIORS:
        yield "punctuation-" + behavior, p.Punctuation(behavior)
        yield "split-spaces-" + behavior, p.Split(Regex("\\s"), behavior)
        yield "split-empty-matches-" + behavior, p.Split(Regex("\\d*"), behavior)
        yield "split-inverted-" + behavior, p.Split(Regex("\\p{L}+"), behavior, invert=True)
    for name, pattern in PATTERNS.items():
        yield "pattern-" + name, p.Split(Regex(pattern), "isolated")


def with_added(t, flags, normalizer=None, pre=None):
    if normalizer:
        t.normalizer = normalizer
    if pre:
        t.pre_tokenizer = pre
    t.add_tokens([AddedToken("<s>", special=True, normalized=False), AddedToken("</s>", special=True, normalized=False)])
    t.add_tokens([AddedToken(text, **flags) for text in ("<new>", "[MASK]", "tok", "ab")])
    return t


def added():
    for name in ("single_word", "lstrip", "rstrip", "normalized", "special"):
        yield name, with_added(probe(), {name: True, **({"normalized": False} if name != "normalized" else {})})
    yield "strip-both", with_added(probe(), {"lstrip": True, "rstrip": True, "normalized": False})
    yield "all", with_added(probe(), {"lstrip": True, "rstrip": True, "single_word": True, "normalized": True})
    yield "normalized-lower", with_added(probe(), {"normalized": True}, n.Lowercase())
    yield "raw-lower", with_added(probe(), {"normalized": False}, n.Lowercase())
    yield "normalized-prepend", with_added(probe(), {"normalized": True}, n.Sequence([n.Prepend("\u2581"), n.Replace(" ", "\u2581")]))
    yield "first-scheme", with_added(probe(), {"normalized": False}, pre=p.Metaspace(prepend_scheme="first"))
    yield "first-scheme-stripped", with_added(probe(), {"normalized": False}, n.Strip(), p.Metaspace(prepend_scheme="first"))
    yield "first-scheme-split", with_added(probe(), {"normalized": True}, n.NFKC(), p.Sequence([p.Split(Regex("\\p{L}+"), "isolated"), p.Metaspace(prepend_scheme="first")]))
    t = probe()
    t.add_tokens([AddedToken(text, normalized=False) for text in ("a", "aa", "aaa", "aab", "\n", "\n\n", "  ", "    ", "=", "====")])
    yield "longest", t
    t = probe()
    t.add_tokens([AddedToken("x", rstrip=True, normalized=False), AddedToken(" b", normalized=False), AddedToken(" ", lstrip=True, normalized=False)])
    yield "overlapping-strip", t


def trained():
    def bpe(byte_level, **options):
        t = Tokenizer(models.BPE(**{k: v for k, v in options.items() if k not in ("alphabet",)}))
        t.pre_tokenizer = p.ByteLevel(add_prefix_space=False) if byte_level else p.Whitespace()
        keep = {k: options[k] for k in ("continuing_subword_prefix", "end_of_word_suffix") if k in options}
        t.train_from_iterator(CORPUS[:3000], trainers.BpeTrainer(
            vocab_size=1200, show_progress=False, special_tokens=["<unk>"] if not byte_level else [],
            initial_alphabet=p.ByteLevel.alphabet() if byte_level else [], **keep))
        return t

    yield "bpe-byte-level", bpe(True)
    yield "bpe-ignore-merges", bpe(True, ignore_merges=True)
    yield "bpe-unknown", bpe(False, unk_token="<unk>")
    yield "bpe-fused-unknown", bpe(False, unk_token="<unk>", fuse_unk=True)
    yield "bpe-no-unknown", bpe(False)
    yield "bpe-prefix", bpe(False, unk_token="<unk>", continuing_subword_prefix="##")
    yield "bpe-suffix", bpe(False, unk_token="<unk>", end_of_word_suffix="</w>")
    yield "bpe-prefix-suffix", bpe(False, unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>")

    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = n.BertNormalizer(), p.BertPreTokenizer()
    t.train_from_iterator(CORPUS[:3000], trainers.WordPieceTrainer(
        vocab_size=1200, show_progress=False, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    yield "wordpiece", t

    t = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    t.pre_tokenizer = p.Whitespace()
    t.train_from_iterator(CORPUS[:1000], trainers.WordLevelTrainer(vocab_size=800, show_progress=False, special_tokens=["[UNK]"]))
    t.post_processor = processors.TemplateProcessing(single="[UNK] $A [UNK] [UNK]", special_tokens=[("[UNK]", 0)])
    yield "wordlevel", t

    proto = charsmap()
    pieces = [(piece.piece, piece.score) for piece in proto.pieces]
    for name, fallback in (("unigram", False), ("unigram-bytes", True)):
        vocab = pieces + [("<0x%02X>" % b, 0.0) for b in range(256)] if fallback else pieces
        t = Tokenizer(models.Unigram(vocab, 0, byte_fallback=fallback))
        t.normalizer = n.Sequence([n.Precompiled(proto.normalizer_spec.precompiled_charsmap), n.Strip(left=False), n.Replace(Regex(" {2,}"), "\u2581")])
        t.pre_tokenizer = p.Metaspace()
        t.add_special_tokens([AddedToken("<unk>"), AddedToken("<s>"), AddedToken("</s>")])
        t.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
        yield name, t
    t = Tokenizer(models.Unigram([("<unk>", 0.0), ("a", -1.0), ("b", -2.0), ("a", -3.0)], 0))
    t.add_tokens(["<new>"])
    yield "unigram-twice", t
    t = Tokenizer(models.Unigram([("a", -1.0), ("ab", -2.0)], None))
    t.normalizer = n.Replace(Regex("[\\s\\S]"), "ab")  # "b" alone has no token and needs none
    yield "unigram-no-unknown", t
    t = probe()
    t.normalizer = n.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    yield "charsmap", t
    t = Tokenizer.from_str(t.to_str())
    t.pre_tokenizer = p.Metaspace(prepend_scheme="first")
    yield "charsmap-first", t


def posted():
    for name, processor in {
        "roberta": processors.RobertaProcessing(("</s>", 258), ("<s>", 257)),
        "sequence": processors.Sequence([processors.ByteLevel(), processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", 257)])]),
        "several-ids": processors.TemplateProcessing(single="X $A", special_tokens=[{"id": "X", "ids": [257, 258], "tokens": ["<s>", "</s>"]}]),
    }.items():
        t = with_added(probe(), {})
        t.post_processor = processor
        yield name, t


def all_cases():
    for name, normalizer in NORMALIZERS.items():
        t = probe()
        t.normalizer = normalizer
        yield "normalizer-" + name, t
    for name, pre in pre_tokenizers():
        t = probe()
        t.pre_tokenizer = pre
        yield "pre-tokenizer-" + name, t
    for prefix, made in (("added-", added()), ("model-", trained()), ("post-processor-", posted())):
        for name, t in made:
            yield prefix + name, t


def corpus_sums(t):
    """CRC-32 of the ids of every hundred lines of the corpus, in the text form of <name>.ids: the whole corpus for a few bytes."""
    lines = ["%s\n" % " ".join(map(str, e.ids)) for e in t.encode_batch(CORPUS)]
    return [zlib.crc32("".join(lines[i:i + 100]).encode()) for i in range(0, len(lines), 100)]


def main():
    cases = []
    for i, (name, made) in enumerate(all_cases()):
        t = Tokenizer.from_str(made.to_str())  # as read from a file: not to the last bit what was made
        chosen = texts(i, 40)
        case = {"name": name, "tokenizer": made.to_str(), "texts": chosen, "ids": [t.encode(s).ids for s in chosen]}
        cases.append(case | ({"corpus": corpus_sums(t)} if name.startswith("model-") else {}))
    data = {"tokenizers": tokenizers.__version__, "sentencepiece": sentencepiece.__version__, "cases": cases}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    (GOLDEN / "cases.json.xz").write_bytes(lzma.compress(text.encode("utf-8"), preset=9 | lzma.PRESET_EXTREME))
    print(len(cases), "cases", sum(len(c["texts"]) for c in cases), "texts", len(text), "bytes")


if __name__ == "__main__":
    main()
