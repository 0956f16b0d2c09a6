#!/usr/bin/env python3
"""make_tokenizer_refuse.py: tests/refuse/tokenizer/, one tiny broken tokenizer for each way to be broken.

The end of a name is the status that opening it must give. A tokenizer.json is a good one with one edit; GGUF files are
written byte by byte; folders are those of the time before tokenizer.json."""

import copy
import json
import struct

from make_refuse import key, put as put_bytes, text, u32, u64

TOKEN = {"id": 0, "content": "<s>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
TEMPLATE = {"type": "TemplateProcessing", "pair": [], "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}}
GOOD = {
    "version": "1.0", "added_tokens": [TOKEN], "normalizer": {"type": "NFC"},
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}, "post_processor": TEMPLATE,
    "model": {"type": "BPE", "vocab": {"<s>": 0, "a": 1, "b": 2, "ab": 3}, "merges": ["a b"]},
}
REMOVED = object()


def put(name, data):
    put_bytes("tokenizer/" + name, data if isinstance(data, bytes) else data.encode("utf-8"))


def edited(path, value):
    whole = copy.deepcopy(GOOD)
    at = whole
    *names, last = path.split("/")
    for name in names:
        at = at[int(name) if isinstance(at, list) else name]
    last = int(last) if isinstance(at, list) else last
    if value is REMOVED:
        del at[last]
    else:
        at[last] = value
    return json.dumps(whole, ensure_ascii=False)


EDITS = {
    "model_missing": ("model", REMOVED), "model_null": ("model", None), "model_unknown": ("model/type", "BPX"),
    "vocab_missing": ("model/vocab", REMOVED), "vocab_array": ("model/vocab", []), "id_negative": ("model/vocab/a", -1),
    "id_text": ("model/vocab/a", "1"), "id_huge": ("model/vocab/a", 1 << 31), "id_fraction": ("model/vocab/a", 1.5),
    "merges_object": ("model/merges", {}), "merge_number": ("model/merges", [1]), "merge_one_part": ("model/merges", ["ab"]),
    "merge_three_parts": ("model/merges", ["a b ab"]), "merge_three_elements": ("model/merges", [["a", "b", "ab"]]),
    "merge_of_unknown": ("model/merges", ["a c"]), "merge_to_unknown": ("model/merges", ["b a"]), "merge_empty_pair": ("model/merges", [[]]),
    "dropout": ("model/dropout", 0.1), "flag_text": ("model/byte_fallback", "true"), "unknown_number": ("model/unk_token", 3),
    "prefix_with_nul": ("model/continuing_subword_prefix", "a\0"), "merge_without_prefix": ("model/continuing_subword_prefix", "####"),
    "normalizer_unknown": ("normalizer/type", "NFXC"), "normalizer_no_type": ("normalizer", {}), "normalizer_text": ("normalizer", "NFC"),
    "sequence_without_list": ("normalizer", {"type": "Sequence"}), "replace_no_pattern": ("normalizer", {"type": "Replace", "content": ""}),
    "replace_regex_broken": ("normalizer", {"type": "Replace", "pattern": {"Regex": "(a"}, "content": ""}),
    "prepend_missing": ("normalizer", {"type": "Prepend"}), "strip_incomplete": ("normalizer", {"type": "Strip", "strip_left": True}),
    "bert_incomplete": ("normalizer", {"type": "BertNormalizer", "clean_text": True}),
    "charsmap_missing": ("normalizer", {"type": "Precompiled"}),
    "template_token_with_nul": ("post_processor/single/0/SpecialToken/id", "<s>\0"),
    "pre_tokenizer_unknown": ("pre_tokenizer/type", "ByteLevels"), "scripts": ("pre_tokenizer", {"type": "UnicodeScripts"}),
    "split_no_behavior": ("pre_tokenizer", {"type": "Split", "pattern": {"String": "a"}, "invert": False}),
    "split_behavior_unknown": ("pre_tokenizer", {"type": "Split", "pattern": {"String": "a"}, "invert": False, "behavior": "Merged"}),
    "split_back_reference": ("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "(a)\\1"}, "invert": False, "behavior": "Isolated"}),
    "split_property_unknown": ("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "\\p{Elvish}"}, "invert": False, "behavior": "Isolated"}),
    "metaspace_two_characters": ("pre_tokenizer", {"type": "Metaspace", "replacement": "__"}),
    "metaspace_scheme_unknown": ("pre_tokenizer", {"type": "Metaspace", "replacement": "_", "prepend_scheme": "last"}),
    "metaspace_contradiction": ("pre_tokenizer", {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always", "add_prefix_space": False}),
    "fixed_length_zero": ("pre_tokenizer", {"type": "FixedLength", "length": 0}),
    "post_processor_unknown": ("post_processor/type", "TemplateProcess"), "template_no_list": ("post_processor/single", REMOVED),
    "template_without_text": ("post_processor/single", [{"SpecialToken": {"id": "<s>"}}]), "template_of_pair": ("post_processor/single", [{"Sequence": {"id": "B"}}]),
    "template_text_twice": ("post_processor/single", [{"Sequence": {"id": "A"}}, {"Sequence": {"id": "A"}}]),
    "template_token_without_ids": ("post_processor/special_tokens", {}), "template_id_negative": ("post_processor/special_tokens/<s>/ids", [-1]),
    "two_templates": ("post_processor", {"type": "Sequence", "processors": [TEMPLATE, TEMPLATE]}),
    "bert_without_cls": ("post_processor", {"type": "BertProcessing", "sep": ["</s>", 1]}),
    "added_without_content": ("added_tokens", [{"id": 0}]), "added_flag_missing": ("added_tokens/0/lstrip", REMOVED),
    "added_alike_once_normalized": ("added_tokens", [dict(TOKEN, normalized=True, content="\u00e9"), dict(TOKEN, normalized=True, content="e\u0301")]),
    "unigram_vocab_object": ("model", {"type": "Unigram", "vocab": {}}), "unigram_unknown_outside": ("model", {"type": "Unigram", "unk_id": 1, "vocab": [["a", 0]]}),
    "unigram_no_score": ("model", {"type": "Unigram", "unk_id": 0, "vocab": [["a"]]}),
    "wordpiece_no_limit": ("model", {"type": "WordPiece", "unk_token": "a", "continuing_subword_prefix": "##", "vocab": {"a": 0}}),
    "wordpiece_no_prefix": ("model", {"type": "WordPiece", "unk_token": "a", "max_input_chars_per_word": 100, "vocab": {"a": 0}}),
}

CORRUPT = {"charsmap_not_base64": "?", "charsmap_short": "AAA=", "charsmap_trie_past_end": "/////w==", "charsmap_text_not_utf8": "BAAAAAAAAAD/AA=="}


def nested(depth):
    return "{\"model\":" + GOOD_MODEL + ",\"normalizer\":" + "{\"type\":\"Sequence\",\"normalizers\":[" * depth + "]}" * depth + "}"


GOOD_MODEL = json.dumps(GOOD["model"])


# GGUF

def texts(items):
    return u32(8) + u64(len(items)) + b"".join(map(text, items))


def numbers(items):
    return u32(5) + u64(len(items)) + b"".join(struct.pack("<i", i) for i in items)


def scores(items):
    return u32(6) + u64(len(items)) + b"".join(struct.pack("<f", i) for i in items)


def gguf(model="gpt2", pre="gpt-2", tokens=("<s>", "a", "b", "ab"), merges=("a b",), types=(3, 1, 1, 1), extra=()):
    keys = [key("general.architecture", 8, text("llama"))]
    for name, kind, value in [("model", 8, model and text(model)), ("pre", 8, pre and text(pre)), ("tokens", 9, tokens is not None and texts(tokens)),
                              ("merges", 9, merges is not None and texts(merges)), ("token_type", 9, types and numbers(types))]:
        if value:
            keys.append(key("tokenizer.ggml." + name, kind, value))
    keys += [key("tokenizer.ggml." + name, kind, value) for name, kind, value in extra]
    return b"GGUF" + u32(3) + u64(0) + u64(len(keys)) + b"".join(keys)


def ggufs():
    yield "no_model", gguf(model=None)
    yield "kind_unknown", gguf(model="gpt3")
    yield "kind_none", gguf(model="no_vocab")
    yield "no_pre", gguf(pre=None)
    yield "pre_unknown", gguf(pre="qwen-2")
    yield "no_tokens", gguf(tokens=None)
    yield "tokens_are_numbers", gguf(tokens=None, extra=[("tokens", 9, numbers([1, 2]))])
    yield "no_merges", gguf(merges=None)
    yield "merge_without_space", gguf(merges=("ab",))
    yield "merge_of_unknown", gguf(merges=("a c",))
    yield "token_twice", gguf(tokens=("<s>", "a", "b", "a"))
    yield "token_not_utf8", gguf(tokens=("<s>", "a", "b", b"\xff"))
    yield "types_too_few", gguf(types=(3, 1))
    yield "bos_outside", gguf(extra=[("bos_token_id", 4, u32(4))])
    yield "bos_added_but_not_named", gguf(extra=[("add_bos_token", 7, b"\1")])
    yield "llama_without_scores", gguf(model="llama")
    yield "llama_scores_too_few", gguf(model="llama", extra=[("scores", 9, scores([0.0]))])
    yield "t5_charsmap_numbers", gguf(model="t5", extra=[("precompiled_charsmap", 9, numbers([1]))])


# folders

CLASS = '{"tokenizer_class":"GPT2Tokenizer"}'
VOCAB = '{"a":0,"b":1,"ab":2}'


def varint(n):
    return bytes([n & 0x7f | 0x80]) + varint(n >> 7) if n > 0x7f else bytes([n])


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def piece(spelling, kind=1):
    return field(1, field(1, spelling) + bytes([3 << 3, kind]))


SP = piece(b"<unk>", 2) + piece(b"a") + field(2, bytes([3 << 3, 2]))
LLAMA = '{"tokenizer_class":"LlamaTokenizer","add_bos_token":false}'


def folders():
    yield "class_unknown", {"vocab.json": VOCAB, "merges.txt": "a b\n", "tokenizer_config.json": '{"tokenizer_class":"XLMTokenizer"}'}
    yield "class_missing", {"vocab.json": VOCAB, "merges.txt": "a b\n"}
    yield "merges_missing", {"vocab.json": VOCAB, "tokenizer_config.json": CLASS}
    yield "merges_one_part", {"vocab.json": VOCAB, "merges.txt": "#version: 0.2\na b\nab\n", "tokenizer_config.json": CLASS}
    yield "vocab_array", {"vocab.json": "[]", "merges.txt": "", "tokenizer_config.json": CLASS}
    yield "added_id_contradicts", {"vocab.json": VOCAB, "merges.txt": "", "tokenizer_config.json": CLASS, "added_tokens.json": '{"<x>":7}'}
    yield "decoder_id_contradicts", {"vocab.json": VOCAB, "merges.txt": "", "tokenizer_config.json": '{"tokenizer_class":"GPT2Tokenizer","added_tokens_decoder":{"0":{"content":"b"}}}'}
    yield "special_without_id", {"vocab.json": VOCAB, "merges.txt": "", "tokenizer_config.json": '{"tokenizer_class":"GPT2Tokenizer","additional_special_tokens":["<y>"]}'}
    yield "bos_not_named", {"tokenizer.model": SP, "tokenizer_config.json": '{"tokenizer_class":"LlamaTokenizer"}'}
    yield "pieces_missing", {"tokenizer.model": field(2, b""), "tokenizer_config.json": LLAMA}
    yield "piece_twice", {"tokenizer.model": SP + piece(b"a"), "tokenizer_config.json": LLAMA}
    yield "piece_not_utf8", {"tokenizer.model": SP + piece(b"\xff"), "tokenizer_config.json": LLAMA}
    yield "kind_of_words", {"tokenizer.model": SP + field(2, bytes([3 << 3, 3])), "tokenizer_config.json": LLAMA}
    yield "suffix_spaces", {"tokenizer.model": SP + field(2, varint(24 << 3) + b"\1"), "tokenizer_config.json": LLAMA}
    yield "tiktoken_file", {"tokenizer.model": "IQ== 0\nIg== 1\n", "tokenizer_config.json": LLAMA}
    yield "unknown_outside", {"tokenizer.model": SP + field(2, varint(40 << 3) + b"\7"), "tokenizer_config.json": LLAMA}


def broken_folders():
    yield "config_not_json(corrupt)", {"vocab.json": VOCAB, "merges.txt": "", "tokenizer_config.json": "{"}
    yield "merges_not_utf8(encoding)", {"vocab.json": VOCAB, "merges.txt": b"\xff a\n", "tokenizer_config.json": CLASS}
    yield "piece_past_end(truncated)", {"tokenizer.model": SP + b"\x0a\x7f", "tokenizer_config.json": LLAMA}
    yield "varint_endless(corrupt)", {"tokenizer.model": SP + b"\xff" * 12, "tokenizer_config.json": LLAMA}


def main():
    for name, (path, value) in EDITS.items():
        put(name + "(tokenizer).json", edited(path, value))
    for name, value in CORRUPT.items():
        put(name + "(corrupt).json", edited("normalizer", {"type": "Precompiled", "precompiled_charsmap": value}))
    put("not_json(corrupt).json", "{\"model\":")
    put("empty(corrupt).json", "")
    put("not_utf8(corrupt).json", b"{\"model\":\"\xff\"}")
    put("array(tokenizer).json", "[]")
    put("nested_sequences(tokenizer).json", nested(100))
    put("nested_too_deep(corrupt).json", nested(2000))
    for name, data in ggufs():
        put(name + "(tokenizer).gguf", data)
    for name, files in [(n + "(tokenizer)", f) for n, f in folders()] + list(broken_folders()):
        for file, data in files.items():
            put(name + "/" + file, data)


if __name__ == "__main__":
    main()
