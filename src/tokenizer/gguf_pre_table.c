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
#define NO_HAN(letters) "(?:(?!\\p{Han})" letters ")"
#define BEFORE "[^\\r\\n\\p{L}\\p{N}]?"
#define CASED(end) BEFORE UPPER "*" LOWER "+" end "|" BEFORE UPPER "+" LOWER "*" end
#define CASED_SYMBOLS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"

#define GPT2 \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define LLAMA3 CONTRACTIONS "|" LETTERS "|\\p{N}{1,3}|" SYMBOLS "|" SPACES
#define QWEN2 CONTRACTIONS "|" LETTERS "|\\p{N}|" SYMBOLS "|" SPACES
#define GPT4O CASED(CONTRACTIONS "?") "|\\p{N}{1,3}|" CASED_SYMBOLS "|" SPACES
#define TEKKEN CASED("") "|\\p{N}|" CASED_SYMBOLS "|" SPACES
#define DEEPSEEK_START    \
    "[!\"#$%&'()*+,\\-./" \
    ":;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
#define DEEPSEEK_WORDS DEEPSEEK_START "| ?[\\p{P}\\p{S}]+[\\r\\n]*|" SPACES
/* Letters that have a case, as DeepSeek's first tokenizers list them. */
#define DEEPSEEK_LETTERS                                                                   \
    "A-Za-z\\x{B5}\\x{C0}-\\x{D6}\\x{D8}-\\x{F6}\\x{F8}-\\x{1BA}\\x{1BC}-\\x{1BF}"         \
    "\\x{1C4}-\\x{293}\\x{295}-\\x{2AF}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37B}-\\x{37D}" \
    "\\x{37F}\\x{386}\\x{388}-\\x{38A}\\x{38C}\\x{38E}-\\x{3A1}\\x{3A3}-\\x{3F5}"          \
    "\\x{3F7}-\\x{481}\\x{48A}-\\x{52F}\\x{531}-\\x{556}\\x{10A0}-\\x{10C5}"               \
    "\\x{13A0}-\\x{13F5}\\x{13F8}-\\x{13FD}\\x{1C90}-\\x{1CBA}\\x{1CBD}-\\x{1CBF}"         \
    "\\x{1D00}-\\x{1D2B}\\x{1D6B}-\\x{1D77}\\x{1D79}-\\x{1D9A}\\x{1E00}-\\x{1F15}"         \
    "\\x{1F18}-\\x{1F1D}\\x{1F20}-\\x{1F45}\\x{1F48}-\\x{1F4D}\\x{1F50}-\\x{1F57}"         \
    "\\x{1F59}\\x{1F5B}\\x{1F5D}\\x{1F5F}-\\x{1F7D}\\x{1F80}-\\x{1FB4}\\x{1FB6}-\\x{1FBC}" \
    "\\x{1FBE}\\x{1FC2}-\\x{1FC4}\\x{1FC6}-\\x{1FCC}\\x{1FD0}-\\x{1FD3}"                   \
    "\\x{1FD6}-\\x{1FDB}\\x{1FE0}-\\x{1FEC}\\x{1FF2}-\\x{1FF4}\\x{1FF6}-\\x{1FFC}"         \
    "\\x{2102}\\x{2107}\\x{210A}-\\x{2113}\\x{2115}\\x{2119}-\\x{211D}\\x{2124}\\x{2126}"  \
    "\\x{2128}\\x{212A}-\\x{212D}\\x{212F}-\\x{2134}\\x{2139}\\x{213C}-\\x{213F}"          \
    "\\x{2145}-\\x{2149}\\x{214E}\\x{2183}\\x{2184}\\x{2C00}-\\x{2C7B}\\x{2C7E}-\\x{2CE4}" \
    "\\x{2CEB}-\\x{2CEE}\\x{2CF2}\\x{2CF3}\\x{A640}-\\x{A66D}\\x{A680}-\\x{A69B}"          \
    "\\x{A722}-\\x{A76F}\\x{A771}-\\x{A787}\\x{A78B}-\\x{A78E}\\x{AB70}-\\x{ABBF}"         \
    "\\x{FB00}-\\x{FB06}\\x{FB13}-\\x{FB17}\\x{FF21}-\\x{FF3A}\\x{FF41}-\\x{FF5A}"         \
    "\\x{10400}-\\x{1044F}\\x{104B0}-\\x{104D3}\\x{104D8}-\\x{104FB}\\x{10C80}-\\x{10CB2}" \
    "\\x{10CC0}-\\x{10CF2}\\x{118A0}-\\x{118DF}\\x{1E900}-\\x{1E943}"
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
    { .names = "dbrx smaug-bpe chatglm-bpe",
      .steps = { { MC_STEP_CUT, LLAMA3 }, { MC_STEP_BYTES } } },
    { .names = "glm4 glm5",
      .steps = { { MC_STEP_CUT, LLAMA3 }, { MC_STEP_BYTES } }, .ignore_merges = true },
    { .names = "jais-2",
      .steps = { { MC_STEP_CUT, CONTRACTIONS "|" LETTERS "|\\p{N}{1,3}|" SYMBOLS "|\\s*[\\r\\n]+|"
                                "\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|"
                                "\\s{32}(?!\\S)|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|"
                                "\\s{1,2}(?!\\S)|\\s{1}" },
                 { MC_STEP_BYTES } } },
    /* Qwen's own files normalize to NFC; llama.cpp leaves that out. */
    { .names = "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez",
      .steps = { { MC_STEP_NFC }, { MC_STEP_CUT, QWEN2 }, { MC_STEP_BYTES } } },
    { .names = "stablelm2 hunyuan solar-open grok-2",
      .steps = { { MC_STEP_CUT, QWEN2 }, { MC_STEP_BYTES } } },
    { .names = "ufakzeka", /* without contractions */
      .steps = { { MC_STEP_CUT, LETTERS "|\\p{N}|" SYMBOLS "|" SPACES }, { MC_STEP_BYTES } } },
    { .names = "laguna",
      .steps = { { MC_STEP_CUT, "[^\\n]+|[\\n]+" }, { MC_STEP_CUT, QWEN2 }, { MC_STEP_BYTES } } },
    { .names = "qwen35",
      .steps = { { MC_STEP_NFC },
                 { MC_STEP_CUT, CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| "
                                "?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES },
                 { MC_STEP_BYTES } } },
    { .names = "gpt-4o llama4 kanana2 talkie minimax-m2",
      .steps = { { MC_STEP_CUT, GPT4O }, { MC_STEP_BYTES } } },
    { .names = "kimi-k2",
      .steps = { { MC_STEP_CUT, "\\p{Han}+|" BEFORE NO_HAN(UPPER) "*" NO_HAN(LOWER) "+" CONTRACTIONS "?|"
                                BEFORE NO_HAN(UPPER) "+" NO_HAN(LOWER) "*" CONTRACTIONS "?|"
                                "\\p{N}{1,3}|" SYMBOLS "|" SPACES },
                 { MC_STEP_BYTES } }, .ignore_merges = true },
    { .names = "granite-embed-multi-97m",
      .steps = { { MC_STEP_CUT, GPT4O }, { MC_STEP_BYTES } }, .ignore_merges = true },
    { .names = "youtu",
      .steps = { { MC_STEP_CUT, "[\\x{AC00}-\\x{D7A3}\\x{3131}-\\x{318E}]+|"
                                "[\\x{FF01}\\x{2026}\\x{201C}\\x{201D}\\x{2018}\\x{2019}\\x{2014}\\x{FF1A}\\x{FF1B}"
                                "\\x{FF0C}\\x{3001}-\\x{303F}\\x{FE30}-\\x{FE4F}]+|"
                                "[\\x{3105}-\\x{312F}]+|[\\x{4E00}-\\x{9FA5}\\x{3040}-\\x{309F}\\x{30A0}-\\x{30FF}]+" },
                 { MC_STEP_CUT, CASED(CONTRACTIONS "?") "|\\p{N}|" CASED_SYMBOLS "|" SPACES },
                 { MC_STEP_BYTES } }, .ignore_merges = true },
    { .names = "superbpe", /* groups of three digits from the end */
      .steps = { { MC_STEP_CUT, "\\p{N}+" }, { MC_STEP_CUT, "(?=(\\d{3})+(?!\\d))" }, { MC_STEP_BYTES } } },
    { .names = "tekken",
      .steps = { { MC_STEP_CUT, TEKKEN }, { MC_STEP_BYTES } }, .ignore_merges = true, .add_bos = true },
    { .names = "tiny_aya cohere2moe",
      .steps = { { MC_STEP_CUT, "\\d{1,3}(?=(?:\\d{3})*\\b)" }, { MC_STEP_CUT, GPT4O }, { MC_STEP_BYTES } } },
    { .names = "deepseek-v3 hunyuan-dense joyai-llm hy_v4",
      .steps = { { MC_STEP_CUT, "\\p{N}{1,3}" }, { MC_STEP_CUT, DEEPSEEK_CJK },
                 { MC_STEP_CUT, DEEPSEEK_WORDS }, { MC_STEP_BYTES } } },
    { .names = "spark2_5",
      .steps = { { MC_STEP_CUT, "\\p{N}{1,3}" }, { MC_STEP_CUT, DEEPSEEK_CJK },
                 { MC_STEP_CUT, DEEPSEEK_START "| ?[\\p{P}\\p{S}]+|[\\r\\n]|\\s+(?!\\S)|\\s+" },
                 { MC_STEP_DIGITS }, { MC_STEP_BYTES } } },
    { .names = "deepseek-llm",
      .steps = { { MC_STEP_CUT, "[\\r\\n]" }, { MC_STEP_CUT, "\\s?[" DEEPSEEK_LETTERS "]+" },
                 { MC_STEP_CUT, "\\s?[!-/:-~\\x{FF01}-\\x{FF0F}\\x{FF1A}-\\x{FF5E}\\x{2018}-\\x{201F}"
                                "\\x{3000}-\\x{3002}]+" },
                 { MC_STEP_CUT, "\\s+$" },
                 { MC_STEP_CUT, "[\\x{4E00}-\\x{9FA5}\\x{800}-\\x{4E00}\\x{AC00}-\\x{D7FF}]+" },
                 { MC_STEP_NUMBERS }, { MC_STEP_BYTES } } },
    { .names = "deepseek-coder",
      .steps = { { MC_STEP_CUT, "[\\r\\n]" }, { MC_STEP_CUT, "\\s?\\p{L}+" }, { MC_STEP_CUT, "\\s?\\p{P}+" },
                 { MC_STEP_CUT, "[\xe4\xb8\x80-\xe9\xbe\xa5\xe0\xa0\x80-\xe4\xb8\x80\xea\xb0\x80-\xed\x9f\xbf]+" },
                 { MC_STEP_DIGITS }, { MC_STEP_BYTES } } },
    { .names = "falcon",
      .steps = { { MC_STEP_PUNCTUATION }, { MC_STEP_WORDS }, { MC_STEP_NUMBERS },
                 { MC_STEP_CUT, "[0-9][0-9][0-9]" } } },
    { .names = "chameleon",
      .steps = { { MC_STEP_CUT, "<sentinel:[0-9]+>" }, { MC_STEP_CUT, "IMGIMG[A-I]{1,4}Z" },
                 { MC_STEP_CUT, "[\\t\\n]|    |  " }, { MC_STEP_DIGITS },
                 { MC_STEP_MARKS }, { MC_STEP_WORDS } }, .add_bos = true },
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
    { .names = "sarvam-moe",
      .steps = { { MC_STEP_MARK_SPACES } }, .byte_fallback = true },
    { .names = NULL },
};
// clang-format on
