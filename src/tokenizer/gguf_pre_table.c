/* gguf_pre_table.c - one row a pre-tokenizer. A new name is a new row, or a word in one.
 *
 * Regular expressions are those of the tokenizer.json files, in their own dialect (regex.h). */
#include "tokenizer/gguf_pre.h"

/* 's 't 're 've 'm 'll 'd, in any case */
#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define LETTERS "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
#define SYMBOLS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
#define SPACES "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
/* Words by case: capitals and then small letters, or capitals alone. */
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define BEFORE "[^\\r\\n\\p{L}\\p{N}]?"
#define CASED(end) BEFORE UPPER "*" LOWER "+" end "|" BEFORE UPPER "+" LOWER "*" end
#define CASED_SYMBOLS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"

#define GPT2 \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define LLAMA3 CONTRACTIONS "|" LETTERS "|\\p{N}{1,3}|" SYMBOLS "|" SPACES
#define QWEN2 CONTRACTIONS "|" LETTERS "|\\p{N}|" SYMBOLS "|" SPACES
#define GPT4O CASED(CONTRACTIONS "?") "|\\p{N}{1,3}|" CASED_SYMBOLS "|" SPACES
#define TEKKEN CASED("") "|\\p{N}|" CASED_SYMBOLS "|" SPACES
#define DEEPSEEK_WORDS                                                                \
    "[!\"#$%&'()*+,\\-./"                                                             \
    ":;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|" \
    " ?[\\p{P}\\p{S}]+[\\r\\n]*|" SPACES
#define DEEPSEEK_CJK \
    "[\xe4\xb8\x80-\xe9\xbe\xa5\xe3\x81\x80-\xe3\x82\x9f\xe3\x82\xa0-\xe3\x83\xbf]+"
/* Not white space, not one of the marks that end a phrase in several scripts. */
#define BLOOM        \
    " ?[^(\\s|[.,!?" \
    "\xe2\x80\xa6\xe3\x80\x82\xef\xbc\x8c\xe3\x80\x81\xe0\xa5\xa4\xdb\x94\xd8\x8c])]+"

// clang-format off
const mc_gguf_pre mc_gguf_pre_table[] = {
    { .names = "default",
      .steps = { { MC_STEP_CUT, "[\\p{P}\\$\\+<=>\\^~\\|]+" }, { MC_STEP_CUT, GPT2 },
                 { MC_STEP_CUT, "\\p{N}+" }, { MC_STEP_CUT, "[0-9][0-9][0-9]" }, { MC_STEP_BYTES } } },
    { .names = "gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de jina-v1-en jina-v2-code roberta-bpe gigachat "
               "a.x-4.0 mellum modern-bert mpt olmo jais trillion granite-docling exaone4",
      .steps = { { MC_STEP_WORDS } } },
    { .names = "smollm starcoder refact command-r codeshell exaone minerva-7b mellum2",
      .steps = { { MC_STEP_DIGITS }, { MC_STEP_WORDS } } },
    { .names = "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
      .steps = { { MC_STEP_CUT, LLAMA3 }, { MC_STEP_BYTES } }, .ignore_merges = true, .add_bos = true },
    { .names = "dbrx smaug-bpe glm4 chatglm-bpe",
      .steps = { { MC_STEP_CUT, LLAMA3 }, { MC_STEP_BYTES } } },
    /* Qwen's own files normalize to NFC; llama.cpp leaves that out. */
    { .names = "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez",
      .steps = { { MC_STEP_NFC }, { MC_STEP_CUT, QWEN2 }, { MC_STEP_BYTES } } },
    { .names = "stablelm2 hunyuan solar-open grok-2",
      .steps = { { MC_STEP_CUT, QWEN2 }, { MC_STEP_BYTES } } },
    { .names = "qwen35",
      .steps = { { MC_STEP_NFC },
                 { MC_STEP_CUT, CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| "
                                "?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES },
                 { MC_STEP_BYTES } } },
    { .names = "gpt-4o llama4 kanana2 talkie minimax-m2",
      .steps = { { MC_STEP_CUT, GPT4O }, { MC_STEP_BYTES } } },
    { .names = "tekken",
      .steps = { { MC_STEP_CUT, TEKKEN }, { MC_STEP_BYTES } }, .ignore_merges = true, .add_bos = true },
    { .names = "tiny_aya cohere2moe",
      .steps = { { MC_STEP_CUT, "\\d{1,3}(?=(?:\\d{3})*\\b)" }, { MC_STEP_CUT, GPT4O }, { MC_STEP_BYTES } } },
    { .names = "deepseek-v3 hunyuan-dense joyai-llm hy_v4",
      .steps = { { MC_STEP_CUT, "\\p{N}{1,3}" }, { MC_STEP_CUT, DEEPSEEK_CJK },
                 { MC_STEP_CUT, DEEPSEEK_WORDS }, { MC_STEP_BYTES } } },
    { .names = "deepseek-coder",
      .steps = { { MC_STEP_CUT, "[\\r\\n]" }, { MC_STEP_CUT, "\\s?\\p{L}+" }, { MC_STEP_CUT, "\\s?\\p{P}+" },
                 { MC_STEP_CUT, "[\xe4\xb8\x80-\xe9\xbe\xa5\xe0\xa0\x80-\xe4\xb8\x80\xea\xb0\x80-\xed\x9f\xbf]+" },
                 { MC_STEP_DIGITS }, { MC_STEP_BYTES } } },
    { .names = "falcon",
      .steps = { { MC_STEP_PUNCTUATION }, { MC_STEP_WORDS }, { MC_STEP_NUMBERS },
                 { MC_STEP_CUT, "[0-9][0-9][0-9]" } } },
    { .names = "bloom poro-chat gpt3-finnish",
      .steps = { { MC_STEP_CUT, BLOOM }, { MC_STEP_BYTES } } },
    { .names = "viking",
      .steps = { { MC_STEP_CUT, BLOOM }, { MC_STEP_CUT, "\\p{N}" }, { MC_STEP_BYTES } } },
    { .names = "seed-coder",
      .steps = { { MC_STEP_CUT, CONTRACTIONS "|" LETTERS "|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" SPACES },
                 { MC_STEP_BYTES } } },
    { .names = "bailingmoe bailingmoe2 llada-moe",
      .steps = { { MC_STEP_CUT, "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| "
                                "?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+" },
                 { MC_STEP_BYTES } } },
    { .names = "exaone-moe",
      .steps = { { MC_STEP_CUT, CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}| "
                                "?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+" },
                 { MC_STEP_BYTES } } },
    { .names = "minicpm5",
      .steps = { { MC_STEP_CUT, "\\p{N}{1,3}" },
                 { MC_STEP_CUT, CONTRACTIONS "|" LETTERS "|\\p{N}+|" SYMBOLS "|" SPACES }, { MC_STEP_BYTES } },
      .ignore_merges = true },
    { .names = "gemma4 granite-embed-multi-311m",
      .steps = { { MC_STEP_MARK_SPACES } }, .add_bos = true, .byte_fallback = true },
    { .names = NULL },
};
// clang-format on
