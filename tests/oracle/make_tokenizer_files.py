#!/usr/bin/env python3
"""Make small tokenizers in every kind of file but tokenizer.json, under tests/data/tokenizers/small/, and
tests/golden/tokenizer/files.json.xz: texts and ids for each.

    tests/oracle/make_tokenizer_files.py

    gpt2/   vocab.json and merges.txt, with a config.json that names the model type only
    qwen2/  the same with tokenizer_config.json and its added tokens;  qwen2_prefix/  a space before every piece
    roberta/  special tokens of its class
    llama/  tokenizer.model of kind BPE with byte fallback;  gemma/  the same without a space before the text
    t5/     tokenizer.model of kind unigram with the character map nmt_nfkc
    bert/   vocab.txt;  bert_unknown/  with another token for what is not in it
    t5.gguf, bert.gguf, llama.gguf, sarvam.gguf, gpt2.gguf   the same vocabularies as llama.cpp's converter writes them

The ids come from Hugging Face `tokenizers`, put together as transformers' converters do for the class of the folder.
"""

import io
import json
import lzma
import random

import gguf
import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers as n, pre_tokenizers as p, processors, trainers

import make_tokenizer_cases as cases

FOLDER = cases.GOLDEN.parents[1] / "data" / "tokenizers" / "small"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPACE = "\u2581"


def put(name, content):
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def put_json(name, value):
    put(name, json.dumps(value, ensure_ascii=False, indent=0))


def put_gguf(name, **fields):
    FOLDER.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(FOLDER / name, "llama")
    for key, value in fields.items():
        getattr(writer, "add_" + key)(value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def byte_level():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = p.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(cases.CORPUS[:3000], trainers.BpeTrainer(
        vocab_size=1500, show_progress=False, special_tokens=["<|endoftext|>"], initial_alphabet=p.ByteLevel.alphabet()))
    model = json.loads(t.to_str())["model"]
    return model["vocab"], [tuple(m) for m in model["merges"]]


def put_merges(folder, vocab, merges):
    put_json(folder + "/vocab.json", vocab)
    put(folder + "/merges.txt", "#version: 0.2\n" + "".join("%s %s\n" % m for m in merges))


def gpt2(vocab, merges):
    put_merges("gpt2", vocab, merges)
    put_json("gpt2/config.json", {"model_type": "gpt2"})
    t = Tokenizer(models.BPE(vocab, merges))
    t.pre_tokenizer = p.ByteLevel(add_prefix_space=False)
    t.add_special_tokens([AddedToken("<|endoftext|>", normalized=False)])
    yield "gpt2", t
    tokens = sorted(vocab, key=vocab.get)
    put_gguf("gpt2.gguf", tokenizer_model="gpt2", tokenizer_pre="gpt-2", token_list=tokens, token_merges=["%s %s" % m for m in merges],
             token_types=[3] + [1] * (len(tokens) - 1), bos_token_id=0, eos_token_id=0, add_bos_token=False)
    yield "gpt2.gguf", t


def qwen2(vocab, merges):
    put_merges("qwen2", vocab, merges)
    size = len(vocab)
    put_json("qwen2/tokenizer_config.json", {
        "tokenizer_class": "Qwen2Tokenizer", "add_prefix_space": False, "eos_token": "<|im_end|>", "bos_token": None,
        "added_tokens_decoder": {
            str(size + 1): {"content": "<|im_end|>", "lstrip": False, "normalized": False, "rstrip": True, "single_word": False, "special": True},
            str(size): {"content": "<tool>", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": False}}})
    t = Tokenizer(models.BPE(vocab, merges))
    t.normalizer = n.NFC()
    t.pre_tokenizer = p.Sequence([p.Split(Regex(QWEN2), "isolated"), p.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.add_tokens([AddedToken("<tool>", normalized=False), AddedToken("<|im_end|>", normalized=False, rstrip=True, special=True)])
    t.add_special_tokens([AddedToken("<|endoftext|>", normalized=False)])  # the class's unknown token
    yield "qwen2", t


def few_merges(vocab, merges, special):
    merges = merges[:200]
    made = {a + b for a, b in merges}
    tokens = special + [t for t in vocab if len(t) == 1 or t in made]
    return {token: i for i, token in enumerate(tokens)}, merges


def roberta(vocab, merges):
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocab, merges = few_merges(vocab, merges, special)
    put_merges("roberta", vocab, merges)
    put_json("roberta/tokenizer_config.json", {"tokenizer_class": "RobertaTokenizer"})
    t = Tokenizer(models.BPE(vocab, merges))
    t.pre_tokenizer = p.ByteLevel(add_prefix_space=False)
    t.add_special_tokens([AddedToken(x, normalized=False) for x in special])
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    yield "roberta", t


def qwen2_prefix(vocab, merges):
    vocab, merges = few_merges(vocab, merges, ["<|endoftext|>"])
    put_merges("qwen2_prefix", vocab, merges)
    put_json("qwen2_prefix/tokenizer_config.json", {"tokenizer_class": "Qwen2Tokenizer", "add_prefix_space": True})
    t = Tokenizer(models.BPE(vocab, merges))
    t.normalizer = n.NFC()
    t.pre_tokenizer = p.Sequence([p.Split(Regex(QWEN2), "isolated"), p.ByteLevel(add_prefix_space=True, use_regex=False)])
    t.add_special_tokens([AddedToken("<|endoftext|>", normalized=False)])
    yield "qwen2_prefix", t


def train_pieces(kind, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(cases.CORPUS[:3000]), model_writer=model, vocab_size=2000, model_type=kind, character_coverage=0.98,
        hard_vocab_limit=False, num_threads=1, minloglevel=2, user_defined_symbols=["<usr>"], **options)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return model.getvalue(), proto


def found_tokens(proto):
    return [AddedToken(piece.piece, normalized=False, special=piece.type != 4) for piece in proto.pieces if piece.type in (2, 3, 4)]


def scored_merges(proto):
    """Cuts of each piece in the order of its score; of one piece, in the order of ids."""
    ids = {piece.piece: i for i, piece in enumerate(proto.pieces)}
    merges = []
    for piece in proto.pieces:
        cuts = [(piece.piece[:k], piece.piece[k:]) for k in range(1, len(piece.piece))]
        cuts = sorted((c for c in cuts if c[0] in ids and c[1] in ids), key=lambda c: (ids[c[0]], ids[c[1]]))
        merges += [(c, piece.score) for c in cuts]
    return ids, [c for c, _ in sorted(merges, key=lambda m: -m[1])]


def frame(t, single, names, proto):
    ids = {piece.piece: i for i, piece in enumerate(proto.pieces)}
    t.post_processor = processors.TemplateProcessing(single=single, special_tokens=[(name, ids[name]) for name in names])


def llama():
    data, proto = train_pieces("bpe", byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False,
                               allow_whitespace_only_pieces=True, split_digits=True)
    ids, merges = scored_merges(proto)

    def made(prefix, first=False):
        t = Tokenizer(models.BPE(ids, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        spaces = n.Replace(" ", SPACE)
        if first:
            t.pre_tokenizer = p.Metaspace(prepend_scheme="first", split=False)
        else:
            t.normalizer = n.Sequence([n.Prepend(SPACE), spaces]) if prefix else spaces
        t.add_tokens(found_tokens(proto))
        frame(t, "<s> $A", ["<s>"], proto)
        return t

    put("llama/tokenizer.model", data)
    put_json("llama/tokenizer_config.json", {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "bos_token": {"content": "<s>"}})
    yield "llama", made(True)
    put("llama_first/tokenizer.model", data)
    put_json("llama_first/tokenizer_config.json", {"tokenizer_class": "LlamaTokenizerFast", "legacy": False})
    yield "llama_first", made(True, first=True)
    put("gemma/tokenizer.model", data)
    put_json("gemma/config.json", {"model_type": "gemma2"})
    put_json("gemma/special_tokens_map.json", {"bos_token": "<s>", "eos_token": "</s>"})
    yield "gemma", made(False)
    put_gguf("llama.gguf", tokenizer_model="llama", tokenizer_pre="default", token_list=[x.piece for x in proto.pieces],
             token_scores=[x.score for x in proto.pieces], token_types=[x.type for x in proto.pieces], bos_token_id=1, eos_token_id=2,
             unk_token_id=0, add_bos_token=True, add_eos_token=False, add_space_prefix=True)
    yield "llama.gguf", made(True)
    put_gguf("sarvam.gguf", tokenizer_model="gpt2", tokenizer_pre="sarvam-moe", token_list=[x.piece for x in proto.pieces],
             token_merges=["%s %s" % m for m in merges], token_types=[x.type for x in proto.pieces], bos_token_id=1, eos_token_id=2,
             unk_token_id=0, add_bos_token=True)
    yield "sarvam.gguf", made(False)


def t5():
    data, proto = train_pieces("unigram", normalization_rule_name="nmt_nfkc")
    t = Tokenizer(models.Unigram([(x.piece, x.score) for x in proto.pieces], 0))
    t.normalizer = n.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    t.pre_tokenizer = p.Sequence([p.WhitespaceSplit(), p.Metaspace()])
    t.add_tokens(found_tokens(proto))
    frame(t, "$A </s>", ["</s>"], proto)
    put("t5/tokenizer.model", data)
    put_json("t5/tokenizer_config.json", {"tokenizer_class": "T5Tokenizer", "eos_token": "</s>", "unk_token": "<unk>"})
    yield "t5", t
    put_gguf("t5.gguf", tokenizer_model="t5", tokenizer_pre="default", token_list=[x.piece for x in proto.pieces],
             token_scores=[x.score for x in proto.pieces], token_types=[x.type for x in proto.pieces], eos_token_id=2, unk_token_id=0,
             add_bos_token=False, add_eos_token=True, add_space_prefix=True, remove_extra_whitespaces=True,
             precompiled_charsmap=proto.normalizer_spec.precompiled_charsmap)
    yield "t5.gguf", t


def bert_vocab(special):
    """Trained once: of equal counts the trainer takes another first in every run."""
    stored = FOLDER / "bert" / "vocab.txt"
    if stored.exists():
        return {token: i for i, token in enumerate(stored.read_text("utf-8").split("\n")[:-1])}
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer = n.BertNormalizer(), p.BertPreTokenizer()
    t.train_from_iterator(cases.CORPUS[:3000], trainers.WordPieceTrainer(vocab_size=1200, show_progress=False, special_tokens=special))
    return t.get_vocab()


def bert_tokenizer(vocab, special, unknown):
    t = Tokenizer(models.WordPiece(vocab, unk_token=unknown))
    t.normalizer, t.pre_tokenizer = n.BertNormalizer(), p.BertPreTokenizer()
    t.add_special_tokens([AddedToken(x, normalized=False) for x in special])
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return t


def bert():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocab = bert_vocab(special)
    tokens = sorted(vocab, key=vocab.get)
    t = bert_tokenizer(vocab, special, "[UNK]")
    lines = "".join(token + "\n" for token in tokens)
    put("bert/vocab.txt", lines)
    put_json("bert/tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "pad_token": "[PAD]", "mask_token": "[MASK]"})
    yield "bert", t
    put("bert_unknown/vocab.txt", lines)
    put_json("bert_unknown/tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "unk_token": "[PAD]"})
    yield "bert_unknown", bert_tokenizer(vocab, ["[PAD]", "[CLS]", "[SEP]", "[MASK]"], "[PAD]")
    spelled = [x if x in special else x[2:] if x.startswith("##") else SPACE + x for x in tokens]
    put_gguf("bert.gguf", tokenizer_model="bert", tokenizer_pre="default", token_list=spelled, token_scores=[0.0] * len(tokens),
             token_types=[3 if x in special else 1 for x in tokens], bos_token_id=2, sep_token_id=3, unk_token_id=1, pad_token_id=0)
    yield "bert.gguf", t


def all_files():
    vocab, merges = byte_level()
    yield from gpt2(vocab, merges)
    yield from qwen2(vocab, merges)
    yield from qwen2_prefix(vocab, merges)
    yield from roberta(vocab, merges)
    yield from llama()
    yield from t5()
    yield from bert()


def main():
    files = []
    extra = ["<usr>a <usr>", "<s> a</s>b", "<unk>", "x<|im_end|>  y", "<tool>a", "<|endoftext|>", "[MASK] a", "[SEP]", "a <mask> b<pad>"]
    for i, (name, t) in enumerate(all_files()):
        chosen = cases.texts(100 + i, 250) + extra
        files.append({"path": name, "texts": chosen, "ids": [t.encode(s).ids for s in chosen],
                      "corpus": cases.corpus_sums(t)})
    text = json.dumps({"files": files}, ensure_ascii=False, separators=(",", ":"))
    (cases.GOLDEN / "files.json.xz").write_bytes(lzma.compress(text.encode("utf-8"), preset=9 | lzma.PRESET_EXTREME))
    print(len(files), "files", sum(len(f["texts"]) for f in files), "texts")


if __name__ == "__main__":
    main()
