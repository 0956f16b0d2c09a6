/* cmd_tokenize.c - mc tokenize: text to the pieces and ids that a capture works with. */
#include <modelcypher/tokenizer.h>

#include <string.h>

#include "base/file_map.h"
#include "base/input.h"
#include "base/interrupt.h"
#include "cli/command.h"
#include "cli/output.h"
#include "tokenizer/utf8.h"

enum { FLUSH_AT = 1 << 20 };

typedef struct tokenize_args {
    const char *model, *text, *file;
    bool        ids, special;
} tokenize_args;

#define FIELD(name) offsetof(tokenize_args, name)

static const mc_positional operands[] = {
    { "MODEL", "a folder, a .gguf file, a tokenizer.json, or a name in the Hugging Face cache",
      FIELD(model), .required = true },
    { "TEXT", "one text, line ends and all", FIELD(text) },
    { .name = NULL },
};
static const mc_option options[] = {
    { MC_OPT_FILE, 'f', "file", "FILE",
      "one text a line (lines end at LF only); - is standard input", NULL, FIELD(file) },
    { MC_OPT_FLAG, 'i', "ids", NULL, "only the ids, a line for each text", NULL, FIELD(ids) },
    { MC_OPT_SWITCH, '\0', "special", NULL,
      "with the tokens that the tokenizer's own post-processor adds", "yes", FIELD(special) },
    { .name = NULL },
};

static const mc_field token_fields[] = {
    { "line", MC_VALUE_INTEGER, "of the file, from 1", MC_UNIT_ID, .flags = MC_FIELD_OPTIONAL },
    { "id", MC_VALUE_INTEGER, "of the token", MC_UNIT_ID },
    MC_TEXT_FIELD("piece", "as the vocabulary spells it"),
    MC_TEXT_FIELD("text", "what it stands for; bytes that are no UTF-8 alone as \\xNN"),
    { "special", MC_VALUE_BOOL, "marks structure, stands for no text" },
    { 0 },
};
static const mc_field text_fields[] = {
    { "ids", MC_VALUE_ARRAY, "ids of the text", MC_UNIT_ID, .element = MC_VALUE_INTEGER },
    { 0 },
};
static const mc_field tokenizer_fields[] = {
    MC_TEXT_FIELD("source", "what it was read from"),
    MC_TEXT_FIELD("kind", "of model: bpe, unigram, wordpiece"),
    { "pre", MC_VALUE_TEXT, "pre-tokenizer named by a GGUF file", .flags = MC_FIELD_OPTIONAL },
    MC_COUNT_FIELD("vocabulary", "ids"),
    MC_TEXT_FIELD("decision", "which special tokens are added, by whose word"),
    { "hash", MC_VALUE_TEXT, "of the content that decides ids", .flags = MC_FIELD_MACHINE },
    { 0 },
};
static const mc_field fields[] = {
    { "tokenizer", MC_VALUE_OBJECT, "what made the ids", .fields = tokenizer_fields },
    { "tokenCount", MC_VALUE_INTEGER, "tokens of all texts", MC_UNIT_COUNT, .label = "tokens" },
    { "texts", MC_VALUE_ARRAY, "one entry a text", .element = MC_VALUE_OBJECT,
      .fields = text_fields, .flags = MC_FIELD_MACHINE },
    { "tokens", MC_VALUE_ARRAY, "the tokens one by one, without --ids",
      .element = MC_VALUE_OBJECT, .fields = token_fields, .flags = MC_FIELD_OPTIONAL,
      .label = "" },
    { 0 },
};
static const mc_schema schema = { "mc.tokenize.v1", fields };

typedef struct job {
    mc_session         *session;
    const mc_tokenizer *tokenizer;
    bool                special;
    mc_value           *texts;
    size_t              token_count, line;
} job;

/* ---- one text ---- */

static mc_status flush(mc_session *session, mc_error *err)
{
    MC_TRY(mc_buffer_status(&session->text, err));
    MC_TRY(mc_output_write(session->text.data, session->text.size, err));
    session->text.size = 0;
    return MC_OK;
}

static void add_ids(job *work, const int32_t *ids, size_t count)
{
    mc_value *row  = mc_value_add_object(work->texts, NULL),
             *list = mc_value_add_array(row, "ids");

    for (size_t i = 0; i < count; i++)
        mc_value_add_integer(list, NULL, ids[i]);
}

static void print_ids(mc_buffer *out, const int32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mc_buffer_printf(out, i ? " %d" : "%d", ids[i]);
    mc_buffer_add_char(out, '\n');
}

static mc_status take_text(job *work, const char *text, size_t size, mc_error *err)
{
    int32_t  *ids;
    size_t    count;
    mc_status status = mc_interrupt_check(err);

    if (status == MC_OK)
        status =
            mc_tokenizer_encode(work->tokenizer, text, size, work->special, &ids, &count, err);
    if (status != MC_OK) return status;
    work->token_count += count;
    work->line++;
    if (work->session->as_text) {
        print_ids(&work->session->text, ids, count);
        if (work->session->text.size >= FLUSH_AT) status = flush(work->session, err);
    } else {
        add_ids(work, ids, count);
    }
    mc_tokenizer_free_ids(ids);
    return status;
}

static mc_status take_line(job *work, const char *text, size_t size, const char *path,
                           mc_error *err)
{
    mc_status status = take_text(work, text, size, err);

    if (status == MC_OK || mc_output_closed()) return status;
    return mc_fail_about(err, status, "%s, line %zu", path, work->line + 1);
}

/* Every line that ends in `text`; *used is where the rest begins. */
static mc_status take_lines(job *work, const char *text, size_t size, const char *path,
                            size_t *used, mc_error *err)
{
    *used = 0;
    while (*used < size) {
        const char *end = memchr(text + *used, '\n', size - *used);
        if (!end) break;
        MC_TRY(take_line(work, text + *used, (size_t)(end - text) - *used, path, err));
        *used = (size_t)(end - text) + 1;
    }
    return MC_OK;
}

/* ---- where texts come from ---- */

/* Lines are worked on as they come, so that a pipe may go on for ever. */
static mc_status take_some(job *work, int descriptor, const char *name, mc_buffer *pending,
                           bool *more, mc_error *err)
{
    size_t    used;
    mc_status status = mc_input_some(descriptor, pending, more, err);

    if (status != MC_OK) return mc_fail_about(err, status, "%s", name);
    MC_TRY(take_lines(work, pending->data, pending->size, name, &used, err));
    memmove(pending->data, pending->data + used, pending->size - used);
    pending->size -= used;
    return MC_OK;
}

static mc_status take_stream(job *work, const char *path, mc_error *err)
{
    const char *name    = mc_input_name(path);
    mc_buffer   pending = { 0 };
    bool        more    = true;
    int         descriptor;
    mc_status   status;

    MC_TRY(mc_input_open(path, &descriptor, err));
    do
        status = take_some(work, descriptor, name, &pending, &more, err);
    while (status == MC_OK && more);
    if (status == MC_OK && pending.size > 0)
        status = take_line(work, pending.data, pending.size, name, err);
    mc_buffer_clear(&pending);
    mc_input_close(descriptor);
    return status;
}

static mc_status take_file(job *work, const char *path, mc_error *err)
{
    mc_file_map map;
    mc_status   status;
    const char *text;
    size_t      used;

    if (mc_input_is_stream(path)) return take_stream(work, path, err);
    MC_TRY(mc_file_map_open(path, &map, err));
    text   = (const char *)map.bytes.data;
    status = take_lines(work, text, map.bytes.size, path, &used, err);
    if (status == MC_OK && used < map.bytes.size)
        status = take_line(work, text + used, map.bytes.size - used, path, err);
    if (status == MC_OK) status = mc_file_map_check(&map, err);
    mc_file_map_close(&map);
    return status;
}

/* ---- what is shown ---- */

static void add_bytes(mc_value *in, const char *key, const char *bytes, size_t size)
{
    mc_buffer text = { 0 };

    if (mc_utf8_check(bytes, size) == size) {
        mc_value_add_span(in, key, bytes, size);
        return;
    }
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)bytes[i] < 0x80)
            mc_buffer_add_char(&text, bytes[i]);
        else
            mc_buffer_printf(&text, "\\x%02x", (unsigned)(unsigned char)bytes[i]);
    mc_value_add_buffer(in, key, &text);
}

static void add_token(mc_value *row, const mc_tokenizer *tokenizer, int32_t id)
{
    const char *spelling = "";
    char        bytes[512];
    size_t      size = 0;

    mc_value_add_integer(row, "id", id);
    mc_tokenizer_spelling(tokenizer, id, &spelling, &size);
    add_bytes(row, "piece", spelling, size);
    size = mc_tokenizer_piece(tokenizer, id, bytes, sizeof bytes);
    add_bytes(row, "text", bytes, size < sizeof bytes ? size : sizeof bytes);
    mc_value_add_bool(row, "special", mc_tokenizer_is_special(tokenizer, id));
}

/* The tokens of all texts, from their ids; with the line where there are lines. */
static void add_tokens(mc_value *root, const mc_tokenizer *tokenizer, const mc_value *texts,
                       bool has_lines)
{
    mc_value *list = mc_value_add_array(root, "tokens");
    int64_t   line = 1;

    for (const mc_value *text = texts ? texts->first : NULL; text; text = text->next, line++) {
        const mc_value *ids = mc_value_find(text, "ids");
        for (const mc_value *id = ids ? ids->first : NULL; id; id = id->next) {
            mc_value *row = mc_value_add_object(list, NULL);
            if (has_lines) mc_value_add_integer(row, "line", line);
            add_token(row, tokenizer, (int32_t)id->as.integer);
        }
    }
}

static void add_tokenizer(mc_value *root, const mc_tokenizer_info *info)
{
    mc_value *object = mc_value_add_object(root, "tokenizer");

    mc_value_add_text(object, "source", info->source);
    mc_value_add_text(object, "kind", info->kind);
    if (info->pre[0]) mc_value_add_text(object, "pre", info->pre);
    mc_value_add_count(object, "vocabulary", info->vocabulary);
    mc_value_add_text(object, "decision", info->decision);
    mc_value_add_text(object, "hash", info->hash);
}

static mc_status tokenize(mc_session *session, const tokenize_args *args,
                          const mc_tokenizer *tokenizer, mc_error *err)
{
    mc_value *root = mc_report_root(session->report);
    job       work = { .session = session, .tokenizer = tokenizer, .special = args->special };

    /* Plain ids are written as we go. */
    session->as_text = args->ids && session->globals.format == MC_OUTPUT_TEXT;
    if (!session->as_text) {
        add_tokenizer(root, mc_tokenizer_get_info(tokenizer));
        work.texts = mc_value_add_array(root, "texts");
    }
    if (args->text)
        MC_TRY(take_text(&work, args->text, strlen(args->text), err));
    else
        MC_TRY(take_file(&work, args->file, err));
    if (session->as_text) return MC_OK;
    mc_value_add_count(root, "tokenCount", work.token_count);
    if (!args->ids) add_tokens(root, tokenizer, work.texts, args->file != NULL);
    return MC_OK;
}

static mc_status run_tokenize(mc_session *session, const void *raw, mc_error *err)
{
    const tokenize_args *args      = raw;
    mc_tokenizer        *tokenizer = NULL;
    mc_status            status;

    if ((args->text != NULL) + (args->file != NULL) != 1)
        return mc_fail(err, MC_ERR_USAGE, "--file - reads standard input",
                       "give either a TEXT or --file");
    MC_TRY(mc_tokenizer_open(args->model, &tokenizer, err));
    status = tokenize(session, args, tokenizer, err);
    mc_tokenizer_close(tokenizer);
    return status;
}

static const char *const examples[] = {
    "mc tokenize models/tiny-llama 'The cat sat on the mat'",
    "printf 'one\\ntwo\\n' | mc tokenize models/tiny-llama --file - --ids",
    NULL,
};

const mc_command mc_cmd_tokenize = {
    .name      = "tokenize",
    .summary   = "text to pieces and ids, as a capture would see them",
    .operands  = operands,
    .options   = options,
    .examples  = examples,
    .schema    = &schema,
    .args_size = sizeof(tokenize_args),
    .run       = run_tokenize,
};
