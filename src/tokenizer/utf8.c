/* utf8.c - the check that stands at the door of every text. */
#include "tokenizer/utf8.h"

#include <string.h>

/* Bytes of the character at `text`, 0 when the bytes there are none. */
static size_t character_size(const unsigned char *text, size_t left)
{
    unsigned char low = 0x80, high = 0xbf; /* what the second byte may be */
    size_t        size;

    if (text[0] < 0x80) return 1;
    if (text[0] < 0xc2 || text[0] > 0xf4) return 0;
    size = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    if (size > left) return 0;
    if (text[0] == 0xe0) low = 0xa0;
    if (text[0] == 0xed) high = 0x9f;
    if (text[0] == 0xf0) low = 0x90;
    if (text[0] == 0xf4) high = 0x8f;
    if (text[1] < low || text[1] > high) return 0;
    for (size_t i = 2; i < size; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    return size;
}

size_t mc_utf8_check(const char *text, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t               at    = 0;

    while (at < size) {
        uint64_t eight;
        size_t   step;

        if (size - at >= sizeof eight) {
            memcpy(&eight, bytes + at, sizeof eight);
            if (!(eight & UINT64_C(0x8080808080808080))) {
                at += sizeof eight;
                continue;
            }
        }
        step = character_size(bytes + at, size - at);
        if (!step) return at;
        at += step;
    }
    return size;
}

mc_status mc_utf8_require(const char *text, size_t size, mc_error *err)
{
    size_t bad = mc_utf8_check(text, size);

    if (bad == size) return MC_OK;
    return mc_fail(err, MC_ERR_ENCODING, "convert the text to UTF-8, for example with iconv",
                   "byte 0x%02x at offset %zu is not UTF-8", (unsigned)(unsigned char)text[bad],
                   bad);
}
