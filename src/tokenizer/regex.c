/* regex.c - compiling and matching; the only file that calls PCRE2. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenizer/regex.h"

#include <pcre2.h>
#include <stdint.h>

#include "base/alloc.h"
#include "tokenizer/unicode_stand_in.h"
#include "tokenizer/utf8.h"

/* The stack of one match: patterns of tokenizers need next to none; one that nests repeats goes
 * on to a larger stack and then to the interpreter, which keeps its state on the heap. */
enum { STACK_FIRST = 64 * 1024, STACK_MOST = 4 * 1024 * 1024, HEAP_KIB = 256 * 1024 };

struct mc_regex {
    pcre2_code *code;
    bool        compiled; /* to machine code */
    bool        by_kind;  /* newer characters may be replaced */
};

static void *take(size_t size, void *context)
{
    (void)context;
    return mc_alloc(size);
}

static void give_back(void *memory, void *context)
{
    (void)context;
    mc_free(memory);
}

static mc_status fail_compile(int code, size_t at, mc_error *err)
{
    char message[128] = "";

    if (code == PCRE2_ERROR_HEAP_FAILED) return mc_fail_memory(err, 0);
    pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof message);
    return mc_fail(err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                   "its regular expression is not understood near offset %zu: %s", at, message);
}

static mc_status compile(const char *pattern, size_t size, uint32_t options, mc_regex **regex,
                         mc_error *err)
{
    mc_regex              *made     = mc_calloc(1, sizeof *made);
    pcre2_general_context *memory   = pcre2_general_context_create(take, give_back, NULL);
    pcre2_compile_context *settings = memory ? pcre2_compile_context_create(memory) : NULL;
    mc_status              status   = MC_OK;
    int                    code     = PCRE2_ERROR_HEAP_FAILED;
    size_t                 at       = 0;

    if (made && settings) {
        pcre2_set_newline(settings, PCRE2_NEWLINE_LF);
        made->code =
            pcre2_compile((PCRE2_SPTR)pattern, size, options | PCRE2_UTF, &code, &at, settings);
    }
    if (!made || !made->code)
        status = fail_compile(code, at, err);
    else
        made->compiled = pcre2_jit_compile(made->code, PCRE2_JIT_COMPLETE) == 0;
    pcre2_compile_context_free(settings);
    pcre2_general_context_free(memory);
    if (status == MC_OK)
        *regex = made;
    else
        mc_free(made);
    return status;
}

mc_status mc_regex_compile(const char *pattern, size_t size, mc_regex **regex, mc_error *err)
{
    mc_buffer translated = { 0 };
    bool      by_kind    = false;
    mc_status status     = mc_regex_translate(pattern, size, &translated, &by_kind, err);

    if (status == MC_OK) status = mc_buffer_status(&translated, err);
    if (status == MC_OK)
        status =
            compile(translated.data ? translated.data : "", translated.size, 0, regex, err);
    if (status == MC_OK) (*regex)->by_kind = by_kind;
    mc_buffer_clear(&translated);
    return status;
}

mc_status mc_regex_literal(const char *text, size_t size, mc_regex **regex, mc_error *err)
{
    return compile(text, size, PCRE2_LITERAL, regex, err);
}

void mc_regex_free(mc_regex *regex)
{
    if (!regex) return;
    pcre2_code_free(regex->code);
    mc_free(regex);
}

mc_status mc_regex_view(const mc_regex *regex, mc_matcher *matcher, const char **text,
                        size_t size, mc_error *err)
{
    size_t at = regex->by_kind ? mc_unicode_next_replaced(*text, size, 0) : size, length;

    if (at == size) return MC_OK;
    matcher->view.size = 0;
    mc_buffer_add(&matcher->view, *text, size);
    MC_TRY(mc_buffer_status(&matcher->view, err));
    for (; at < size; at = mc_unicode_next_replaced(*text, size, at + length)) {
        uint32_t code = mc_utf8_get(*text + at, &length);

        mc_utf8_put(mc_unicode_stand_in(code), matcher->view.data + at);
    }
    *text = matcher->view.data;
    return MC_OK;
}

static mc_status prepare(mc_matcher *matcher, mc_error *err)
{
    pcre2_general_context *memory = pcre2_general_context_create(take, give_back, NULL);

    if (memory) {
        matcher->data    = pcre2_match_data_create(1, memory);
        matcher->context = pcre2_match_context_create(memory);
    }
    pcre2_general_context_free(memory);
    if (!matcher->data || !matcher->context) {
        mc_matcher_clear(matcher);
        return mc_fail_memory(err, 0);
    }
    pcre2_set_heap_limit(matcher->context, HEAP_KIB);
    return MC_OK;
}

/* Machine code takes 32 KiB of this thread's own stack, which is nearly always enough. */
static bool give_stack(mc_matcher *matcher)
{
    pcre2_general_context *memory;

    if (matcher->stack) return false;
    memory         = pcre2_general_context_create(take, give_back, NULL);
    matcher->stack = memory ? pcre2_jit_stack_create(STACK_FIRST, STACK_MOST, memory) : NULL;
    pcre2_general_context_free(memory);
    pcre2_jit_stack_assign(matcher->context, NULL, matcher->stack);
    return matcher->stack != NULL;
}

static int match_compiled(const mc_regex *regex, mc_matcher *matcher, const char *text,
                          size_t size, size_t from)
{
    return pcre2_jit_match(regex->code, (PCRE2_SPTR)text, size, from, PCRE2_NO_UTF_CHECK,
                           matcher->data, matcher->context);
}

mc_status mc_regex_find(const mc_regex *regex, mc_matcher *matcher, const char *text,
                        size_t size, size_t from, bool *found, size_t *start, size_t *end,
                        mc_error *err)
{
    const PCRE2_SIZE *range;
    int               result = PCRE2_ERROR_JIT_STACKLIMIT;

    if (!matcher->data) MC_TRY(prepare(matcher, err));
    if (regex->compiled) result = match_compiled(regex, matcher, text, size, from);
    if (regex->compiled && result == PCRE2_ERROR_JIT_STACKLIMIT && give_stack(matcher))
        result = match_compiled(regex, matcher, text, size, from);
    if (result == PCRE2_ERROR_JIT_STACKLIMIT)
        result =
            pcre2_match(regex->code, (PCRE2_SPTR)text, size, from,
                        PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, matcher->data, matcher->context);
    *found = result >= 0;
    if (result == PCRE2_ERROR_NOMATCH) return MC_OK;
    if (result < 0)
        return mc_fail(err, MC_ERR_TOKENIZER, "cut the text into shorter lines",
                       "the tokenizer's regular expression gives up on this text (PCRE2 "
                       "error %d at offset %zu)",
                       result, from);
    range  = pcre2_get_ovector_pointer(matcher->data);
    *start = range[0];
    *end   = range[1];
    return MC_OK;
}

void mc_matcher_clear(mc_matcher *matcher)
{
    pcre2_match_data_free(matcher->data);
    pcre2_match_context_free(matcher->context);
    pcre2_jit_stack_free(matcher->stack);
    mc_buffer_clear(&matcher->view);
    *matcher = (mc_matcher){ 0 };
}
