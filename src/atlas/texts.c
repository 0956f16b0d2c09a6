/* texts.c - plain texts as probes: one a line. */
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "atlas/atlas.h"
#include "base/alloc.h"
#include "base/input.h"
#include "base/log.h"

/* Texts are short and somebody wrote them; anything larger is another kind of file. */
#define TEXTS_FILE_MAX ((size_t)1 << 30)

static mc_status check_utf8(const char *line, size_t size, size_t number, mc_error *err)
{
    size_t at = 0;

    while (at < size) {
        utf8proc_int32_t code;
        utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)line + at,
                                                   (utf8proc_ssize_t)(size - at), &code);
        if (length <= 0)
            return mc_fail(err, MC_ERR_ENCODING, "save the file as UTF-8",
                           "line %zu: byte %zu (0x%02x) is not UTF-8", number, at + 1,
                           (unsigned)(unsigned char)line[at]);
        at += (size_t)length;
    }
    return MC_OK;
}

static mc_status add_line(mc_atlas *atlas, char *line, size_t size, size_t number,
                          mc_error *err)
{
    enum { ID_SIZE = 32 };
    mc_probe       probe = { .source        = "text",
                             .domain        = "",
                             .category      = "",
                             .category_name = "",
                             .description   = "",
                             .weight        = 1,
                             .text_count    = 1,
                             .expression    = "",
                             .axis          = "",
                             .intensity     = "",
                             .opposite      = "",
                             .matches       = "" };
    mc_probe_text *text;
    char          *full;

    if (size == 0)
        return mc_fail(err, MC_ERR_ATLAS, "remove the empty line: a text needs a token",
                       "line %zu is empty", number);
    MC_TRY(check_utf8(line, size, number, err));
    MC_TRY(mc_arena_array(atlas->arena, sizeof *text + ID_SIZE, 1, (void **)&text, err));
    *text = (mc_probe_text){ line, size };
    full  = (char *)(text + 1);
    snprintf(full, ID_SIZE, "text:%zu", number);
    probe.full_id = full;
    probe.id = probe.name = full + strlen("text:");
    probe.texts           = text;
    line[size]            = '\0'; /* where the LF was, or behind the copy */
    return mc_probe_list_add(&atlas->probes, &probe, err);
}

static mc_status add_lines(mc_atlas *atlas, char *text, size_t size, mc_error *err)
{
    size_t number = 0, returns = 0;

    if (size == 0)
        return mc_fail(err, MC_ERR_ATLAS, "write one text a line", "there is no text in it");
    for (size_t at = 0; at < size;) {
        char  *end    = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;

        returns += length > 0 && text[at + length - 1] == '\r';
        MC_TRY(add_line(atlas, text + at, length, ++number, err));
        at += length + 1;
    }
    if (returns == number)
        mc_log(MC_LOG_WARN, "every text ends in a carriage return, which is measured with it: "
                            "the lines seem to end as on Windows");
    return MC_OK;
}

/* Takes `text`, which has a byte to spare behind `size`. */
static mc_status open_owned(char *text, size_t size, const char *path, mc_atlas **atlas,
                            mc_error *err)
{
    mc_atlas *result = NULL;
    char     *kept;
    mc_status status = mc_atlas_create(&result, err);

    if (status != MC_OK) {
        mc_free(text);
        return mc_fail_about(err, status, "%s", path[0] ? path : "the texts");
    }
    result->plain = text;
    mc_sha256(text, size, result->sha256);
    result->info.name = "texts";
    status            = add_lines(result, text, size, err);
    if (status == MC_OK)
        status = mc_arena_array(result->arena, strlen(path) + 1, 1, (void **)&kept, err);
    if (status == MC_OK) {
        memcpy(kept, path, strlen(path) + 1);
        result->info.path = kept;
        status            = mc_atlas_settle(result, err);
    }
    if (status != MC_OK) {
        mc_atlas_close(result);
        return mc_fail_about(err, status, "%s", path[0] ? path : "the texts");
    }
    *atlas = result;
    return MC_OK;
}

mc_status mc_atlas_open_texts(const char *path, mc_atlas **atlas, mc_error *err)
{
    char  *text;
    size_t size;

    MC_TRY(mc_input_read(path, TEXTS_FILE_MAX, &text, &size, err));
    return open_owned(text, size, mc_input_name(path), atlas, err);
}

mc_status mc_atlas_read_texts(const char *text, size_t size, mc_atlas **atlas, mc_error *err)
{
    char *copy = mc_strndup(text ? text : "", text ? size : 0);

    if (!copy) return mc_fail_about(err, mc_fail_memory(err, size + 1), "the texts");
    return open_owned(copy, text ? size : 0, "", atlas, err);
}
