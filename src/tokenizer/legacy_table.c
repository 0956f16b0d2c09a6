/* legacy_table.c - one row for all tokenizer classes that do the same. */
#include "tokenizer/legacy.h"

#include <stddef.h>

#define QWEN2                                                                                 \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+" \
    "[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

// clang-format off
const mc_legacy_class mc_legacy_table[] = {
    { .names = "GPT2Tokenizer GPT2TokenizerFast CodeGenTokenizer CodeGenTokenizerFast gpt2 gpt_neo gptj codegen phi "
               "opt gpt_bigcode starcoder2 biogpt",
      .form = MC_LEGACY_MERGES, .steps = { { MC_STEP_WORDS } },
      .bos = "<|endoftext|>", .eos = "<|endoftext|>", .unknown = "<|endoftext|>" },
    { .names = "Qwen2Tokenizer Qwen2TokenizerFast qwen2 qwen3 qwen2_moe qwen3_moe",
      .form = MC_LEGACY_MERGES, .steps = { { MC_STEP_NFC }, { MC_STEP_CUT, QWEN2 }, { MC_STEP_BYTES } },
      .eos = "<|endoftext|>", .unknown = "<|endoftext|>", .pad = "<|endoftext|>" },
    { .names = "RobertaTokenizer RobertaTokenizerFast LongformerTokenizer LongformerTokenizerFast BartTokenizer "
               "BartTokenizerFast roberta longformer bart",
      .form = MC_LEGACY_MERGES, .steps = { { MC_STEP_WORDS } }, .add_bos = true, .add_eos = true,
      .bos = "<s>", .eos = "</s>", .unknown = "<unk>", .pad = "<pad>", .mask = "<mask>" },
    { .names = "LlamaTokenizer LlamaTokenizerFast CodeLlamaTokenizer CodeLlamaTokenizerFast InternLM2Tokenizer "
               "InternLM2TokenizerFast llama mistral mixtral internlm2",
      .form = MC_LEGACY_SENTENCEPIECE, .add_bos = true, .bos = "<s>", .eos = "</s>", .unknown = "<unk>" },
    { .names = "GemmaTokenizer GemmaTokenizerFast gemma gemma2 gemma3 gemma3_text",
      .form = MC_LEGACY_SENTENCEPIECE, .add_bos = true, .no_prefix = true,
      .bos = "<bos>", .eos = "<eos>", .unknown = "<unk>", .pad = "<pad>" },
    { .names = "T5Tokenizer T5TokenizerFast t5 mt5 umt5",
      .form = MC_LEGACY_SENTENCEPIECE, .add_eos = true, .eos = "</s>", .unknown = "<unk>", .pad = "<pad>" },
    { .names = "BertTokenizer BertTokenizerFast DistilBertTokenizer DistilBertTokenizerFast ElectraTokenizer "
               "ElectraTokenizerFast bert distilbert electra",
      .form = MC_LEGACY_WORDS, .add_bos = true, .add_eos = true, .bos = "[CLS]", .eos = "[SEP]", .unknown = "[UNK]",
      .pad = "[PAD]", .mask = "[MASK]" },
    { .names = NULL },
};
// clang-format on
