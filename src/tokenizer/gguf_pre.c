/* gguf_pre.c - finding a row of gguf_pre_table.c and turning it into stages. */
#include "tokenizer/gguf_pre.h"

#include <string.h>

#include "base/nearest.h"
#include "tokenizer/unicode.h"

enum { NAME_SIZE = 64 };

/* The next name of a row: copies it and moves on; false at the end. */
static bool next_name(const char **names, char name[NAME_SIZE])
{
    size_t size = strcspn(*names, " ");

    if (!size || size >= NAME_SIZE) return false;
    memcpy(name, *names, size);
    name[size] = '\0';
    *names += size + strspn(*names + size, " ");
    return true;
}

mc_status mc_gguf_pre_find(const char *name, const mc_gguf_pre **row, mc_error *err)
{
    char       best[NAME_SIZE] = "", known[NAME_SIZE];
    mc_nearest nearest         = { .typed = name };

    for (const mc_gguf_pre *at = mc_gguf_pre_table; at->names; at++) {
        const char *names = at->names;

        while (next_name(&names, known)) {
            const char *before = nearest.best;

            if (strcmp(known, name) == 0) {
                *row = at;
                return MC_OK;
            }
            mc_nearest_offer(&nearest, known);
            if (nearest.best == known) strcpy(best, known);
            if (nearest.best)
                nearest.best = before ? best : nearest.best == known ? best : NULL;
        }
    }
    return mc_fail(err, MC_ERR_TOKENIZER,
                   "convert the model again with a current llama.cpp, or use its folder",
                   "pre-tokenizer '%.64s' (tokenizer.ggml.pre) is not known%s%s%s", name,
                   *best ? "; the nearest that is: '" : "", best, *best ? "'" : "");
}

static mc_status add_test(mc_stages *stages, mc_character_test *test,
                          mc_split_behavior behavior, mc_error *err)
{
    return mc_stages_add(
        stages, (mc_stage){ .kind = &mc_stage_split_test, .test = test, .behavior = behavior },
        err);
}

static mc_status apply_step(const mc_gguf_step *step, bool prefix_space,
                            mc_tokenizer *tokenizer, mc_error *err)
{
    mc_stages *stages = &tokenizer->pre_tokenizers;

    switch (step->kind) {
    case MC_STEP_CUT:
        return mc_stages_add_split(stages, step->regex, strlen(step->regex), MC_SPLIT_ISOLATED,
                                   false, err);
    case MC_STEP_DIGITS: return add_test(stages, mc_is_numeric, MC_SPLIT_ISOLATED, err);
    case MC_STEP_NUMBERS: return add_test(stages, mc_is_numeric, MC_SPLIT_CONTIGUOUS, err);
    case MC_STEP_PUNCTUATION:
        return add_test(stages, mc_is_punctuation, MC_SPLIT_CONTIGUOUS, err);
    case MC_STEP_MARKS: return add_test(stages, mc_is_punctuation, MC_SPLIT_ISOLATED, err);
    case MC_STEP_BYTES:
        tokenizer->style = MC_STYLE_BYTE_LEVEL;
        return mc_stages_add_byte_level(stages, prefix_space, false, err);
    case MC_STEP_WORDS:
        tokenizer->style = MC_STYLE_BYTE_LEVEL;
        return mc_stages_add_byte_level(stages, prefix_space, true, err);
    case MC_STEP_NFC:
        return mc_stages_add(
            &tokenizer->normalizers,
            (mc_stage){ .kind = &mc_stage_unicode_form, .option = (int)MC_NFC }, err);
    case MC_STEP_MARK_SPACES:
        tokenizer->style = MC_STYLE_METASPACE;
        return mc_stages_add_replace(&tokenizer->normalizers, " ", 1, "\xe2\x96\x81", 3, err);
    case MC_STEP_END: break;
    }
    return MC_OK;
}

mc_status mc_gguf_pre_apply(const mc_gguf_pre *row, mc_tokenizer *tokenizer, mc_error *err)
{
    for (size_t i = 0; i < sizeof row->steps / sizeof *row->steps; i++)
        MC_TRY(apply_step(&row->steps[i], row->prefix_space, tokenizer, err));
    return MC_OK;
}
