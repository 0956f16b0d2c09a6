/* visible.c - texts on a terminal: how wide they are, and nothing in them steers it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "report/write.h"

/* One code point of valid UTF-8; a stray byte is taken as itself. */
static size_t next_code(const char *text, uint32_t *code)
{
    const unsigned char *at   = (const unsigned char *)text;
    size_t               size = at[0] < 0xc0 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

    *code = size == 1 ? at[0] : at[0] & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            *code = at[0];
            return 1;
        }
        *code = *code << 6 | (at[i] & 0x3f);
    }
    return size;
}

/* Columns of a code point, near enough for tables: combining marks 0, wide scripts and emoji 2
 * (the ranges of UAX #11 that occur in practice). */
static size_t code_width(uint32_t code)
{
    static const struct {
        uint32_t first, last;
        size_t   width;
    } ranges[] = {
        { 0x300, 0x36f, 0 },   { 0x200b, 0x200f, 0 },   { 0xfe00, 0xfe0f, 0 },
        { 0x1100, 0x115f, 2 }, { 0x2e80, 0xa4cf, 2 },   { 0xac00, 0xd7a3, 2 },
        { 0xf900, 0xfaff, 2 }, { 0xfe30, 0xfe6f, 2 },   { 0xff00, 0xff60, 2 },
        { 0xffe0, 0xffe6, 2 }, { 0x1f300, 0x1faff, 2 }, { 0x20000, 0x3fffd, 2 },
    };

    for (size_t i = 0; i < MC_ARRAY_LEN(ranges); i++)
        if (code >= ranges[i].first && code <= ranges[i].last) return ranges[i].width;
    return 1;
}

/* C0, DEL and C1 controls steer terminals; they are shown as escapes of four columns. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

size_t mc_text_width(const char *text)
{
    size_t   width = 0;
    uint32_t code;

    for (size_t size; *text; text += size) {
        size = next_code(text, &code);
        width += is_control(code) ? (code == '\n' || code == '\t' ? 2 : 4) : code_width(code);
    }
    return width;
}

static void add_visible_code(mc_buffer *out, const char *bytes, size_t size, uint32_t code)
{
    if (!is_control(code))
        mc_buffer_add(out, bytes, size);
    else if (code == '\n' || code == '\t')
        mc_buffer_add_text(out, code == '\n' ? "\\n" : "\\t");
    else
        mc_buffer_printf(out, "\\x%02x", (unsigned)code);
}

void mc_text_add_visible(mc_buffer *out, const char *text, size_t width)
{
    size_t   used = 0;
    uint32_t code;
    bool     shorten = width > 0 && mc_text_width(text) > width;

    for (size_t size; *text; text += size) {
        size = next_code(text, &code);
        used += is_control(code) ? (code == '\n' || code == '\t' ? 2 : 4) : code_width(code);
        if (shorten && used > width - 1) break;
        add_visible_code(out, text, size, code);
    }
    if (shorten) mc_buffer_add_text(out, "\xe2\x80\xa6");
}

size_t mc_text_line_size(const char *text, size_t width)
{
    size_t   used = 0, space = 0, size;
    uint32_t code;

    for (size_t at = 0;; at += size) {
        if (!text[at]) return at;
        size = next_code(text + at, &code);
        used += code_width(code);
        if (code == ' ') space = at;
        if (used > width) return space ? space : at ? at : size;
    }
}

static void add_words(mc_buffer *out, size_t width, const char *text)
{
    size_t used = 1;

    mc_buffer_add_text(out, "-");
    for (const char *word = text; *word;) {
        char         one[256];
        const size_t size = strcspn(word, " ");
        snprintf(one, sizeof one, "%.*s", (int)(size < 255 ? size : 255), word);
        const size_t columns = mc_text_width(one);
        if (width && used > 1 && used + 1 + columns > width) {
            mc_buffer_add_text(out, "\n ");
            used = 1;
        }
        mc_buffer_add_char(out, ' ');
        mc_text_add_visible(out, one, 0);
        used += 1 + columns;
        word += size;
        while (*word == ' ')
            word++;
    }
    mc_buffer_add_char(out, '\n');
}

void mc_text_add_item(mc_buffer *out, size_t width, const char *format, ...)
{
    mc_buffer text = { 0 };
    va_list   args;

    va_start(args, format);
    mc_buffer_vprintf(&text, format, args);
    va_end(args);
    if (text.failed)
        out->failed = 1;
    else
        add_words(out, width, text.data ? text.data : "");
    mc_buffer_clear(&text);
}
