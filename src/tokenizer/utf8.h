/* utf8.h - code points in and out of bytes. Only mc_utf8_check() takes bytes on trust from
 * nobody; the others want text that passed it. */
#ifndef MC_TOKENIZER_UTF8_H
#define MC_TOKENIZER_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The offset of the first byte that is not UTF-8 (RFC 3629: no surrogates, no overlong forms),
 * or `size` when all is well. */
size_t mc_utf8_check(const char *text, size_t size);
/* MC_ERR_ENCODING with that offset. */
mc_status mc_utf8_require(const char *text, size_t size, mc_error *err);

/* Bytes of the character that begins with this byte. */
static inline size_t mc_utf8_length(char first)
{
    unsigned char byte = (unsigned char)first;

    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/* The code point at `text`; *length receives its bytes. */
static inline uint32_t mc_utf8_get(const char *text, size_t *length)
{
    const unsigned char *byte = (const unsigned char *)text;

    *length = mc_utf8_length(*text);
    switch (*length) {
    case 1: return byte[0];
    case 2: return (uint32_t)(byte[0] & 0x1f) << 6 | (byte[1] & 0x3f);
    case 3:
        return (uint32_t)(byte[0] & 0x0f) << 12 | (uint32_t)(byte[1] & 0x3f) << 6 |
               (byte[2] & 0x3f);
    default:
        return (uint32_t)(byte[0] & 0x07) << 18 | (uint32_t)(byte[1] & 0x3f) << 12 |
               (uint32_t)(byte[2] & 0x3f) << 6 | (byte[3] & 0x3f);
    }
}

/* Where the character before `at` (> 0) begins. */
static inline size_t mc_utf8_back(const char *text, size_t at)
{
    do
        at--;
    while (at && ((unsigned char)text[at] & 0xc0) == 0x80);
    return at;
}

/* Writes at most 4 bytes and returns how many. */
static inline size_t mc_utf8_put(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

#endif
