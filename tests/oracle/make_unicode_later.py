#!/usr/bin/env python3
"""Write src/tokenizer/unicode_later.c: where Unicode as utf8proc has it differs from Unicode as Hugging Face's
`tokenizers` has it, for the questions that normalizers and pre-tokenizers ask.

    tests/oracle/make_unicode_later.py >src/tokenizer/unicode_later.c

`tokenizers` mixes tables of several ages (Unicode 8 to 17). Both sides are asked about every character.
"""

import ctypes

import tokenizers
from tokenizers import normalizers as n, pre_tokenizers as p

utf8proc = ctypes.CDLL("libutf8proc.so.2")
utf8proc.utf8proc_version.restype = utf8proc.utf8proc_unicode_version.restype = ctypes.c_char_p
# The category is the first field of a character's properties, the combining class the second.
utf8proc.utf8proc_get_property.restype = ctypes.POINTER(ctypes.c_uint16)
CN, LU, LL, LT, LM, LO, MN, MC, ME, ND, NL, NO, PC, PD, PS, PE, PI, PF, PO, SM, SC, SK, SO, ZS, ZL, ZP, CC, CF, CS, CO = range(30)
STABLE, COMPAT, COMPOSE, DECOMPOSE = 2, 4, 8, 16


def decompose(code, compatible):
    buffer, boundary = (ctypes.c_int32 * 32)(), ctypes.c_int()
    count = utf8proc.utf8proc_decompose_char(code, buffer, 32, DECOMPOSE | (COMPAT if compatible else 0), ctypes.byref(boundary))
    return "".join(map(chr, buffer[:count]))


def reorders(code, combining_class):
    """Does Hugging Face give this mark its combining class? Seen by its order beside U+0334 (1) and U+0345 (240)."""
    mark, nfd = chr(code), n.NFD()
    if combining_class > 1 and nfd.normalize_str("a" + mark + "\u0334") != "a\u0334" + mark:
        return False
    return combining_class >= 240 or nfd.normalize_str("a\u0345" + mark) == "a" + mark + "\u0345"


def normalizes_alike(code):
    text = chr(code)
    canonical = decompose(code, False)
    if n.NFD().normalize_str(text) != canonical or n.NFKD().normalize_str(text) != decompose(code, True):
        return False
    combining_class = utf8proc.utf8proc_get_property(code)[1]
    return not combining_class or canonical != text or reorders(code, combining_class)


strip_accents, strip_nonspacing = n.StripAccents(), n.BertNormalizer(False, False, True, False)
lowercase, clean, digits, punctuation = n.Lowercase(), n.BertNormalizer(True, False, False, False), p.Digits(True), p.Punctuation()


def cuts(pre_tokenizer, text):
    return len(pre_tokenizer.pre_tokenize_str("a" + text)) == 2


def differs(code, category):
    text = chr(code)
    yield "normalization", not normalizes_alike(code)
    yield "mark", (category in (MN, MC, ME)) != (strip_accents.normalize_str(text) == "")
    if decompose(code, False) == text:
        yield "nonspacing", (category == MN) != (strip_nonspacing.normalize_str(text) == "")
    if text not in "\0\t\n\r\ufffd":
        yield "control", (category in (CC, CF, CO)) != (clean.normalize_str(text) == "")
    if code >= 0x80:
        yield "punctuation", (PC <= category <= PO) != cuts(punctuation, text)
    yield "numeric", (category in (ND, NL, NO)) != cuts(digits, text)


def capitals():
    """[first, last, lower case of the first] where utf8proc knows of no lower case."""
    found = []
    for code in range(0x80, 0x110000):
        lower = chr(code) if 0xD800 <= code < 0xE000 else lowercase.normalize_str(chr(code))
        if lower == chr(code) or utf8proc.utf8proc_tolower(code) != code:
            continue
        if found and found[-1][1] == code - 1 and ord(lower) - code == found[-1][2] - found[-1][0]:
            found[-1][1] = code
        else:
            found.append([code, code, ord(lower)])
    return found


def ranges(codes):
    found = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def main():
    sets = {}
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        for name, is_different in differs(code, utf8proc.utf8proc_category(code)):
            if is_different:
                sets.setdefault(name, set()).add(code)
    # The one composition of a later character whose parts decompose to themselves.
    sets["normalization"].add(0x11930)
    # utf8proc takes U+11A7, which is no final of a Hangul syllable, for an empty one and drops it.
    sets["normalization"].add(0x11A7)
    print("""/* unicode_later.c - characters of which utf8proc knows more, or other things, than the tokenizers
 * that models are trained and run with. Made by tests/oracle/make_unicode_later.py from
 * tokenizers %s and utf8proc %s (Unicode %s). */
#include "tokenizer/unicode_later.h"

#include "base/checked.h"

typedef struct range {
    uint32_t first, last;
} range;

// clang-format off""" % (tokenizers.__version__, utf8proc.utf8proc_version().decode(), utf8proc.utf8proc_unicode_version().decode()))
    names = ["normalization", "mark", "nonspacing", "control", "punctuation", "numeric"]
    for name in names:
        print("static const range %s[] = {" % name)
        rows = ["{0x%x,0x%x}" % tuple(r) for r in ranges(sorted(sets[name]))]
        for i in range(0, len(rows), 5):
            print("    " + ", ".join(rows[i:i + 5]) + ",")
        print("};\n")
    print("static const struct { uint32_t first, last, lower; } capitals[] = {")
    rows = ["{0x%x,0x%x,0x%x}" % tuple(r) for r in capitals()]
    for i in range(0, len(rows), 4):
        print("    " + ", ".join(rows[i:i + 4]) + ",")
    print("};\n")
    print("static const struct { const range *ranges; size_t count; } sets[] = {")
    for name in names:
        print("    [MC_LATER_%s] = { %s, MC_ARRAY_LEN(%s) }," % (name.upper(), name, name))
    print("""};
// clang-format on

bool mc_unicode_later(mc_later_set set, uint32_t code)
{
    const range *ranges = sets[set].ranges;
    size_t       first = 0, end = sets[set].count;

    if (code < ranges[0].first) return false;
    while (first < end) {
        size_t middle = (first + end) / 2;

        if (code > ranges[middle].last)
            first = middle + 1;
        else
            end = middle;
    }
    return first < sets[set].count && code >= ranges[first].first;
}

uint32_t mc_unicode_later_lower(uint32_t code)
{
    for (size_t i = 0; i < MC_ARRAY_LEN(capitals) && code >= capitals[i].first; i++)
        if (code <= capitals[i].last) return capitals[i].lower + (code - capitals[i].first);
    return code;
}""")


if __name__ == "__main__":
    main()
