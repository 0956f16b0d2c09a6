#!/usr/bin/env python3
"""Write src/tokenizer/unicode_stand_in.c: characters of which PCRE2's tables say something else than Oniguruma's, as
Hugging Face's `tokenizers` has it, and for each an older character of which both say what Oniguruma says of it.

    tests/oracle/make_unicode_stand_in.py >src/tokenizer/unicode_stand_in.c

A stand-in has as many bytes in UTF-8. Both libraries are asked for every character and every property below.
"""

import ctypes

import tokenizers
from tokenizers import Regex, normalizers as n

CATEGORIES = "Cc Cf Co Ll Lm Lo Lt Lu Mc Me Mn Nd Nl No Pc Pd Pe Pf Pi Po Ps Sc Sk Sm So Zl Zp Zs".split()
DERIVED = "Alphabetic Uppercase Lowercase".split()
SCRIPTS = "Arabic Common Cyrillic Devanagari Greek Han Hangul Hebrew Hiragana Inherited Katakana Latin Thai".split()
EVERY = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
CHUNK = 4096

pcre2 = ctypes.CDLL("libpcre2-8.so.0")
for name in ("compile", "match_data_create_from_pattern", "get_ovector_pointer"):
    getattr(pcre2, "pcre2_%s_8" % name).restype = ctypes.c_void_p
UTF = 0x00080000


def pcre2_members(pattern):
    code, at = ctypes.c_int(), ctypes.c_size_t()
    text = pattern.encode()
    regex = ctypes.c_void_p(pcre2.pcre2_compile_8(text, ctypes.c_size_t(len(text)), UTF, ctypes.byref(code), ctypes.byref(at), None))
    assert regex, pattern
    data = ctypes.c_void_p(pcre2.pcre2_match_data_create_from_pattern_8(regex, None))
    subject = "".join(map(chr, EVERY)).encode()
    start, found = 0, set()
    while pcre2.pcre2_match_8(regex, subject, ctypes.c_size_t(len(subject)), ctypes.c_size_t(start), 0, data, None) > 0:
        range_ = ctypes.cast(pcre2.pcre2_get_ovector_pointer_8(data), ctypes.POINTER(ctypes.c_size_t))
        found.update(map(ord, subject[range_[0]:range_[1]].decode()))
        start = range_[1]
    return found


def oniguruma_members(pattern):
    others = n.Replace(Regex(pattern), "")
    found = set()
    for i in range(0, len(EVERY), CHUNK):
        chunk = EVERY[i:i + CHUNK]
        found |= set(chunk) - set(map(ord, others.normalize_str("".join(map(chr, chunk)))))
    return found


def descriptions(members, prefix):
    """For every character the properties that it has."""
    told = {}
    for i, name in enumerate(CATEGORIES + DERIVED + SCRIPTS):
        for code in members("\\p{%s%s}+" % (prefix if name in SCRIPTS else "", name)):
            told[code] = told.get(code, 0) | 1 << i
    return told


def main():
    ours, theirs = descriptions(pcre2_members, "sc:"), descriptions(oniguruma_members, "")
    exact, near, rows = {}, {}, []
    scripts = sum(1 << i for i, name in enumerate(CATEGORIES + DERIVED + SCRIPTS) if name in SCRIPTS)
    for code in EVERY:
        told = theirs.get(code, 0)
        alone = chr(code).swapcase().swapcase() == chr(code)  # U+1C80 would be found for the letters of its pair under (?i)
        if code >= 0x80 and told == ours.get(code, 0) and alone:
            exact.setdefault((len(chr(code).encode()), told), code)
            near.setdefault((len(chr(code).encode()), told & ~scripts, told & scripts != 0), code)
    for code in EVERY:
        told, size = theirs.get(code, 0), len(chr(code).encode())
        if told == ours.get(code, 0):
            continue
        stand_in = exact.get((size, told)) or near.get((size, told & ~scripts, False)) or near[(size, told & ~scripts, True)]
        if rows and rows[-1][1] == code - 1 and rows[-1][2] == stand_in:
            rows[-1][1] = code
        else:
            rows.append([code, code, stand_in])
    version = ctypes.create_string_buffer(64)
    pcre2.pcre2_config_8(10, version)
    print("""/* unicode_stand_in.c - characters of which PCRE2's tables say something else than the regular
 * expressions of the tokenizers that models are trained and run with. Made by
 * tests/oracle/make_unicode_stand_in.py from tokenizers %s and PCRE2's Unicode %s. */
#include "tokenizer/unicode_stand_in.h"

#include <utf8proc.h>

#include "base/checked.h"
#include "tokenizer/utf8.h"

// clang-format off
static const struct { uint32_t first, last, stand_in; } ranges[] = {""" % (tokenizers.__version__, version.value.decode()))
    texts = ["{0x%x,0x%x,0x%x}" % tuple(r) for r in rows]
    leads = 0
    for first, last, _ in rows:
        for code in range(first, last + 1):
            leads |= 1 << (chr(code).encode()[0] - 0xC0)
    for i in range(0, len(texts), 4):
        print("    " + ", ".join(texts[i:i + 4]) + ",")
    print("""};
// clang-format on

/* First bytes of them in UTF-8, from 0xc0. */
static const uint64_t leads = UINT64_C(0x%x);

uint32_t mc_unicode_stand_in(uint32_t code)
{
    size_t first = 0, end = MC_ARRAY_LEN(ranges);

    while (first < end) {
        size_t middle = (first + end) / 2;

        if (code > ranges[middle].last)
            first = middle + 1;
        else
            end = middle;
    }
    if (first == MC_ARRAY_LEN(ranges) || code < ranges[first].first) return code;
    return ranges[first].stand_in;
}

size_t mc_unicode_next_replaced(const char *text, size_t size, size_t from)
{
    size_t length;

    for (; from < size; from++) {
        unsigned char lead = (unsigned char)text[from];
        uint32_t      code;

        if (lead < 0xc0 || !(leads >> (lead - 0xc0) & 1)) continue;
        code = mc_utf8_get(text + from, &length);
        if (mc_unicode_stand_in(code) != code) break;
    }
    return from;
}

/* Under (?i) a stand-in is found for the other letter of its pair as well. */
static bool is_found(uint32_t stand_in, uint32_t first, uint32_t last, bool ignore_case)
{
    uint32_t upper = (uint32_t)utf8proc_toupper((utf8proc_int32_t)stand_in);
    uint32_t lower = (uint32_t)utf8proc_tolower((utf8proc_int32_t)stand_in);

    if (stand_in >= first && stand_in <= last) return true;
    return ignore_case && ((upper >= first && upper <= last) || (lower >= first && lower <= last));
}

bool mc_unicode_tells_apart(uint32_t first, uint32_t last, bool ignore_case)
{
    for (size_t i = 0; i < MC_ARRAY_LEN(ranges); i++)
        if (is_found(ranges[i].stand_in, first, last, ignore_case)
                ? ranges[i].first < first || ranges[i].last > last
                : ranges[i].first <= last && ranges[i].last >= first)
            return true;
    return false;
}""" % leads)


if __name__ == "__main__":
    main()
