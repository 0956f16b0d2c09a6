/* regex_translate.c - Oniguruma's pattern language to PCRE2's, construct by construct.
 *
 * What is the same is copied, what differs is spelled out, and the rest is refused. Groups
 * become non-capturing: nobody asks for what they caught, and back references are refused. */
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "base/checked.h"
#include "tokenizer/regex.h"
#include "tokenizer/unicode_stand_in.h"
#include "tokenizer/utf8.h"

/* Inside brackets. Unicode's White_Space: PCRE2's own \s would also match U+180E. */
#define SPACES                                                                 \
    "\\x09-\\x0d\\x20\\x85\\xa0\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}" \
    "\\x{202f}\\x{205f}\\x{3000}"
#define WORDS "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"
/* Outside brackets Oniguruma asks its table of Latin-1, where these fractions and superscripts
 * are word characters; inside it does not. */
#define WORDS_ALONE WORDS "\\xb2\\xb3\\xb9\\xbc-\\xbe"
#define WORD "[" WORDS_ALONE "]"
#define HEX_DIGITS "0-9a-fA-F"
#define LINE_ENDS "\\x0a-\\x0d\\x85\\x{2028}\\x{2029}"

enum { DEPTH_MOST = 100, REPEAT_MOST = 65535 };

typedef struct group {
    int  extra;       /* brackets that a `(?i)` inside opened */
    bool ignore_case; /* outside the group, to be restored */
} group;

typedef struct translator {
    const char *in;
    size_t      size, at;
    mc_buffer  *out;
    mc_error   *err;
    group       groups[DEPTH_MOST];
    int         depth;
    bool        ignore_case;
    bool        by_kind;    /* no character is told from its stand-in so far */
    bool        repeatable; /* something stands before `at` that a quantifier may repeat */
    size_t      item;       /* where it begins in `out` */
    uint32_t    literal;    /* the character just written, 0 otherwise */
} translator;

/* One character's worth of a class: [plain], or any of the alternatives. */
typedef struct set {
    mc_buffer plain;        /* for between brackets */
    mc_buffer alternatives; /* "|[^...]|(?:...)", each begins with the bar */
} set;

static mc_status refuse(translator *t, const char *what)
{
    return mc_fail(t->err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                   "its regular expression uses %s at offset %zu, which is not supported", what,
                   t->at);
}

static bool more(const translator *t)
{
    return t->at < t->size;
}

static char peek(const translator *t, size_t ahead)
{
    return t->at + ahead < t->size ? t->in[t->at + ahead] : '\0';
}

static bool accept(translator *t, const char *text)
{
    size_t size = strlen(text);

    if (t->size - t->at < size || memcmp(t->in + t->at, text, size) != 0) return false;
    t->at += size;
    return true;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static int hex_value(char byte)
{
    if (is_digit(byte)) return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

/* Begin something that may be repeated. */
static void begin_item(translator *t)
{
    t->item       = t->out->size;
    t->repeatable = true;
    t->literal    = 0;
}

static void put_item(translator *t, const char *text)
{
    begin_item(t);
    mc_buffer_add_text(t->out, text);
}

static void put_anchor(translator *t, const char *text)
{
    mc_buffer_add_text(t->out, text);
    t->repeatable = false;
    t->literal    = 0;
}

/* Under (?i) Oniguruma lets one character match several ("ss" and the sharp s); PCRE2 does not.
 */
static bool folds_to_several(uint32_t before, uint32_t code)
{
    static const char *const pairs[] = { "ss", "ff", "fi", "fl", "st" };
    utf8proc_int32_t         folded[8];
    int                      boundary = 0;

    for (size_t i = 0; i < MC_ARRAY_LEN(pairs); i++)
        if ((before | 0x20) == (uint32_t)pairs[i][0] && (code | 0x20) == (uint32_t)pairs[i][1])
            return true;
    return utf8proc_decompose_char((utf8proc_int32_t)code, folded, 8, UTF8PROC_CASEFOLD,
                                   &boundary) > 1;
}

static void note_range(translator *t, uint32_t first, uint32_t last)
{
    if (mc_unicode_tells_apart(first, last, t->ignore_case)) t->by_kind = false;
}

static mc_status put_literal(translator *t, uint32_t code)
{
    uint32_t before = t->literal;

    if (t->ignore_case && folds_to_several(before, code))
        return refuse(t, "a letter with several spellings inside (?i)");
    note_range(t, code, code);
    begin_item(t);
    if (code < 0x80 && (is_letter((char)code) || is_digit((char)code) || code == ' ' ||
                        code == '\'' || code == '_'))
        mc_buffer_add_char(t->out, (char)code);
    else
        mc_buffer_printf(t->out, "\\x{%x}", (unsigned)code);
    t->literal = code;
    return MC_OK;
}

/* ---- characters and properties that a backslash names ---- */

/* \xHH, \x{H...}, \uHHHH; `at` is after the letter. */
static mc_status read_hex(translator *t, char kind, uint32_t *code)
{
    size_t   most   = kind == 'u' ? 4 : 2;
    size_t   digits = 0;
    bool     braced = kind == 'x' && accept(t, "{");
    uint32_t value  = 0;

    for (; digits < (braced ? 6 : most) && hex_value(peek(t, 0)) >= 0; digits++)
        value = value * 16 + (uint32_t)hex_value(t->in[t->at++]);
    if ((braced && !accept(t, "}")) || !digits || (kind == 'u' && digits != 4) ||
        value > 0x10ffff || (value >= 0xd800 && value < 0xe000) ||
        (!braced && kind == 'x' && value > 0x7f))
        return refuse(t, "a character code of this form");
    *code = value;
    return MC_OK;
}

/* A backslash that stands for one character; *is_one is false when it does not. `at` is at the
 * character after the backslash and moves only if it does. */
static mc_status read_escaped_character(translator *t, uint32_t *code, bool *is_one)
{
    static const char names[] = "tnrfvae", values[] = "\t\n\r\f\v\a\x1b";
    char              kind  = peek(t, 0);
    const char       *found = kind ? strchr(names, kind) : NULL;
    size_t            length;

    *is_one = true;
    if (found) {
        *code = (uint32_t)values[found - names];
        t->at++;
        return MC_OK;
    }
    if (kind == 'x' || kind == 'u') {
        t->at++;
        return read_hex(t, kind, code);
    }
    if (is_letter(kind) || is_digit(kind)) {
        *is_one = false;
        return MC_OK;
    }
    if (!more(t)) return refuse(t, "a backslash at the end");
    *code = mc_utf8_get(t->in + t->at, &length);
    t->at += length;
    return MC_OK;
}

typedef struct property {
    const char *name; /* lower case, without spaces, hyphens and underscores */
    const char *items;
    bool        has_case; /* its meaning changes under (?i) */
} property;

// clang-format off
static const property properties[] = {
    { "alpha", "\\p{Alphabetic}", false }, { "alphabetic", "\\p{Alphabetic}", false },
    { "digit", "\\p{Nd}", false }, { "alnum", "\\p{Alphabetic}\\p{Nd}", false }, { "space", SPACES, false },
    { "whitespace", SPACES, false }, { "blank", "\\p{Zs}\\x09", false }, { "word", WORDS, false },
    { "punct", "\\p{P}\\p{S}", false }, { "xdigit", HEX_DIGITS, false }, { "cntrl", "\\p{Cc}", false },
    { "ascii", "\\x00-\\x7f", false }, { "any", "\\x{0}-\\x{10ffff}", false },
    { "upper", "\\p{Uppercase}", true }, { "uppercase", "\\p{Uppercase}", true },
    { "lower", "\\p{Lowercase}", true }, { "lowercase", "\\p{Lowercase}", true }, { "l", "\\p{L}", false },
    { "letter", "\\p{L}", false }, { "lc", "\\p{Lu}\\p{Ll}\\p{Lt}", false },
    { "casedletter", "\\p{Lu}\\p{Ll}\\p{Lt}", false }, { "lu", "\\p{Lu}", true },
    { "uppercaseletter", "\\p{Lu}", true }, { "ll", "\\p{Ll}", true }, { "lowercaseletter", "\\p{Ll}", true },
    { "lt", "\\p{Lt}", true }, { "titlecaseletter", "\\p{Lt}", true }, { "lm", "\\p{Lm}", false },
    { "modifierletter", "\\p{Lm}", false }, { "lo", "\\p{Lo}", false }, { "otherletter", "\\p{Lo}", false },
    { "m", "\\p{M}", false }, { "mark", "\\p{M}", false }, { "mn", "\\p{Mn}", false },
    { "nonspacingmark", "\\p{Mn}", false }, { "mc", "\\p{Mc}", false }, { "spacingmark", "\\p{Mc}", false },
    { "me", "\\p{Me}", false }, { "enclosingmark", "\\p{Me}", false }, { "n", "\\p{N}", false },
    { "number", "\\p{N}", false }, { "nd", "\\p{Nd}", false }, { "decimalnumber", "\\p{Nd}", false },
    { "nl", "\\p{Nl}", false }, { "letternumber", "\\p{Nl}", false }, { "no", "\\p{No}", false },
    { "othernumber", "\\p{No}", false }, { "p", "\\p{P}", false }, { "punctuation", "\\p{P}", false },
    { "pc", "\\p{Pc}", false }, { "connectorpunctuation", "\\p{Pc}", false }, { "pd", "\\p{Pd}", false },
    { "dashpunctuation", "\\p{Pd}", false }, { "ps", "\\p{Ps}", false },
    { "openpunctuation", "\\p{Ps}", false }, { "pe", "\\p{Pe}", false },
    { "closepunctuation", "\\p{Pe}", false }, { "pi", "\\p{Pi}", false },
    { "initialpunctuation", "\\p{Pi}", false }, { "pf", "\\p{Pf}", false },
    { "finalpunctuation", "\\p{Pf}", false }, { "po", "\\p{Po}", false },
    { "otherpunctuation", "\\p{Po}", false }, { "s", "\\p{S}", false }, { "symbol", "\\p{S}", false },
    { "sm", "\\p{Sm}", false }, { "mathsymbol", "\\p{Sm}", false }, { "sc", "\\p{Sc}", false },
    { "currencysymbol", "\\p{Sc}", false }, { "sk", "\\p{Sk}", false },
    { "modifiersymbol", "\\p{Sk}", false }, { "so", "\\p{So}", false }, { "othersymbol", "\\p{So}", false },
    { "z", "\\p{Z}", false }, { "separator", "\\p{Z}", false }, { "zs", "\\p{Zs}", false },
    { "spaceseparator", "\\p{Zs}", false }, { "zl", "\\p{Zl}", false }, { "lineseparator", "\\p{Zl}", false },
    { "zp", "\\p{Zp}", false }, { "paragraphseparator", "\\p{Zp}", false }, { "c", "\\p{C}", false },
    { "other", "\\p{C}", false }, { "cc", "\\p{Cc}", false }, { "control", "\\p{Cc}", false },
    { "cf", "\\p{Cf}", false }, { "format", "\\p{Cf}", false }, { "co", "\\p{Co}", false },
    { "privateuse", "\\p{Co}", false }, { "cn", "\\p{Cn}", false }, { "unassigned", "\\p{Cn}", false },
};
// clang-format on

static const property *find_property(const char *name)
{
    for (size_t i = 0; i < MC_ARRAY_LEN(properties); i++)
        if (strcmp(properties[i].name, name) == 0) return &properties[i];
    return NULL;
}

/* `name` as read; the class items go to `items`. A name that is no category is left to PCRE2 as
 * a script (`sc:`, since its plain form means script extensions). */
static mc_status name_property(translator *t, const char *name, char items[96])
{
    char            loose[48];
    size_t          used = 0;
    const property *found;

    for (; *name; name++) {
        char byte = *name;

        if (byte == ' ' || byte == '-' || byte == '_') continue;
        if ((!is_letter(byte) && !is_digit(byte)) || used + 1 >= sizeof loose)
            return refuse(t, "a character property of this name");
        loose[used++] = (char)(byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
    }
    loose[used] = '\0';
    found       = find_property(loose);
    if (found && found->has_case && t->ignore_case)
        return refuse(t, "a property of case inside (?i)");
    if (found)
        snprintf(items, 96, "%s", found->items);
    else
        snprintf(items, 96, "\\p{sc:%s}", loose);
    return MC_OK;
}

/* {Name}, {^Name}; `at` is after the p. */
static mc_status read_property(translator *t, char items[96], bool *negated)
{
    char   name[48];
    size_t used = 0;

    if (!accept(t, "{")) return refuse(t, "\\p without braces");
    if (accept(t, "^")) *negated = !*negated;
    while (more(t) && peek(t, 0) != '}' && used + 1 < sizeof name)
        name[used++] = t->in[t->at++];
    name[used] = '\0';
    if (!accept(t, "}")) return refuse(t, "a character property of this name");
    return name_property(t, name, items);
}

/* A backslash that stands for a class of characters; *is_class is false when it does not. */
static mc_status read_escaped_class(translator *t, char items[96], bool *negated,
                                    bool *is_class)
{
    static const struct {
        char        letter;
        const char *items;
    } classes[] = { { 'd', "\\p{Nd}" }, { 's', SPACES }, { 'w', WORDS }, { 'h', HEX_DIGITS } };
    char kind   = peek(t, 0);

    *is_class = true;
    *negated  = kind >= 'A' && kind <= 'Z';
    for (size_t i = 0; i < MC_ARRAY_LEN(classes); i++) {
        if ((kind | 0x20) != classes[i].letter) continue;
        t->at++;
        snprintf(items, 96, "%s", classes[i].items);
        return MC_OK;
    }
    if (kind == 'p' || kind == 'P') {
        t->at++;
        return read_property(t, items, negated);
    }
    *is_class = false;
    return MC_OK;
}

/* ---- classes in brackets ---- */

static mc_status read_class(translator *t, mc_buffer *out, int depth);

static void clear_set(set *s)
{
    mc_buffer_clear(&s->plain);
    mc_buffer_clear(&s->alternatives);
}

static mc_status check_set(const set *s, mc_error *err)
{
    MC_TRY(mc_buffer_status(&s->plain, err));
    return mc_buffer_status(&s->alternatives, err);
}

static void add_bytes(mc_buffer *out, const mc_buffer *from)
{
    if (from->size) mc_buffer_add(out, from->data, from->size);
}

/* The set as an expression that matches one character. */
static mc_status put_set(translator *t, const set *s, mc_buffer *out)
{
    MC_TRY(check_set(s, t->err));
    if (!s->plain.size && !s->alternatives.size) return refuse(t, "an empty class");
    if (s->alternatives.size) mc_buffer_add_text(out, "(?:");
    if (s->plain.size) {
        mc_buffer_add_text(out, "[");
        add_bytes(out, &s->plain);
        mc_buffer_add_text(out, "]");
        add_bytes(out, &s->alternatives);
    } else {
        mc_buffer_add(out, s->alternatives.data + 1, s->alternatives.size - 1);
    }
    if (s->alternatives.size) mc_buffer_add_text(out, ")");
    return MC_OK;
}

static void add_class_items(set *s, const char *items, bool negated)
{
    if (negated)
        mc_buffer_printf(&s->alternatives, "|[^%s]", items);
    else
        mc_buffer_add_text(&s->plain, items);
}

/* [:name:] or [:^name:]; `at` is at the bracket. */
static mc_status read_posix(translator *t, set *s)
{
    char   name[24], items[96];
    size_t used    = 0;
    bool   negated = false;

    t->at += 2;
    if (accept(t, "^")) negated = true;
    while (is_letter(peek(t, 0)) && used + 1 < sizeof name)
        name[used++] = t->in[t->at++];
    name[used] = '\0';
    if (!accept(t, ":]") || used < 4 || !find_property(name))
        return refuse(t, "a POSIX class of this name");
    MC_TRY(name_property(t, name, items));
    add_class_items(s, items, negated);
    return MC_OK;
}

/* One character of a class, escaped or not; *is_one is false at a class escape. */
static mc_status read_class_character(translator *t, uint32_t *code, bool *is_one)
{
    size_t length;

    *is_one = true;
    if (accept(t, "\\")) return read_escaped_character(t, code, is_one);
    *code = mc_utf8_get(t->in + t->at, &length);
    t->at += length;
    return MC_OK;
}

/* A character or a range. */
static mc_status read_class_item(translator *t, set *s)
{
    uint32_t first, last;
    bool     is_one, negated, is_class;
    char     items[96];

    MC_TRY(read_class_character(t, &first, &is_one));
    if (!is_one) {
        MC_TRY(read_escaped_class(t, items, &negated, &is_class));
        if (!is_class) return refuse(t, "an escape of this kind in a class");
        if (peek(t, 0) == '-' && peek(t, 1) != ']')
            return refuse(t, "a range that begins with a class");
        add_class_items(s, items, negated);
        return MC_OK;
    }
    last = first;
    if (peek(t, 0) == '-' && peek(t, 1) != ']' && t->at + 1 < t->size) {
        if (peek(t, 1) == '[' || (peek(t, 1) == '&' && peek(t, 2) == '&'))
            return refuse(t, "a range of this form");
        t->at++;
        MC_TRY(read_class_character(t, &last, &is_one));
        if (!is_one || last < first) return refuse(t, "a range of this form");
    }
    note_range(t, first, last);
    mc_buffer_printf(&s->plain, "\\x{%x}", (unsigned)first);
    if (last > first) mc_buffer_printf(&s->plain, "-\\x{%x}", (unsigned)last);
    return MC_OK;
}

/* Items up to `]` or `&&`, which stay. */
static mc_status read_set(translator *t, set *s, int depth)
{
    while (more(t) && peek(t, 0) != ']' && !(peek(t, 0) == '&' && peek(t, 1) == '&')) {
        if (peek(t, 0) != '[') {
            MC_TRY(read_class_item(t, s));
        } else if (peek(t, 1) == ':') {
            MC_TRY(read_posix(t, s));
        } else {
            mc_buffer_add_text(&s->alternatives, "|");
            MC_TRY(read_class(t, &s->alternatives, depth + 1));
        }
    }
    return more(t) ? MC_OK : refuse(t, "a class without an end");
}

/* The parts between the brackets that `&&` joins: all but the last become lookaheads. */
static mc_status read_intersection(translator *t, mc_buffer *out, int depth, bool *is_plain)
{
    mc_status status = MC_OK;
    bool      last   = false;

    *is_plain = false;
    for (int part = 0; status == MC_OK && !last; part++) {
        set items = { { 0 }, { 0 } };

        status = read_set(t, &items, depth);
        last   = status != MC_OK || !accept(t, "&&");
        if (status == MC_OK && last && part == 0 && !items.alternatives.size) *is_plain = true;
        if (status == MC_OK && !last) mc_buffer_add_text(out, "(?=");
        if (status == MC_OK) status = put_set(t, &items, out);
        if (status == MC_OK && !last) mc_buffer_add_text(out, ")");
        clear_set(&items);
    }
    return status;
}

/* [...] with everything in it; `at` is at the bracket. */
static mc_status read_class(translator *t, mc_buffer *out, int depth)
{
    mc_buffer inner = { 0 };
    mc_status status;
    bool      negated, is_plain = false;

    if (depth > DEPTH_MOST) return refuse(t, "deeper nesting of classes");
    t->at++;
    negated = accept(t, "^");
    if (peek(t, 0) == ']') return refuse(t, "an empty class");
    status = read_intersection(t, &inner, depth, &is_plain);
    if (status == MC_OK) t->at++;
    if (status == MC_OK) status = mc_buffer_status(&inner, t->err);
    if (status == MC_OK && !negated) {
        if (!is_plain) mc_buffer_add_text(out, "(?:");
        add_bytes(out, &inner);
        if (!is_plain) mc_buffer_add_text(out, ")");
    } else if (status == MC_OK && is_plain) {
        mc_buffer_add_text(out, "[^");
        mc_buffer_add(out, inner.data + 1, inner.size - 1);
    } else if (status == MC_OK) {
        mc_buffer_add_text(out, "(?:(?!");
        add_bytes(out, &inner);
        mc_buffer_add_text(out, ")(?s:.))");
    }
    mc_buffer_clear(&inner);
    return status;
}

/* ---- groups ---- */

static mc_status open_group(translator *t, const char *text)
{
    if (t->depth == DEPTH_MOST) return refuse(t, "deeper nesting");
    t->groups[t->depth++] = (group){ .ignore_case = t->ignore_case };
    mc_buffer_add_text(t->out, text);
    t->repeatable = false;
    t->literal    = 0;
    return MC_OK;
}

/* (?i:...), (?i), (?-i:...); `at` is after the question mark. Oniguruma's m is PCRE2's s. */
static mc_status read_options(translator *t)
{
    char   text[16] = "(?";
    size_t used     = 2;
    bool   on = true, ignore_case = t->ignore_case;

    for (; used < 10; t->at++) {
        char option = peek(t, 0);

        if (option == 'i')
            ignore_case = on;
        else if (option == '-')
            on = false;
        else if (option != 'm')
            break;
        text[used++] = option == 'm' ? 's' : option;
    }
    text[used] = '\0';
    strcat(text, ":");
    if (accept(t, ":")) {
        MC_TRY(open_group(t, text));
    } else if (used > 2 && accept(t, ")")) { /* to the end of the enclosing group */
        mc_buffer_add_text(t->out, text);
        t->groups[t->depth - 1].extra++;
        t->repeatable = false;
        t->literal    = 0;
    } else {
        return refuse(t, "a group of this kind");
    }
    t->ignore_case = ignore_case;
    return MC_OK;
}

static mc_status read_group(translator *t)
{
    static const char *const same[] = { "?:", "?=", "?!", "?>", "?<=", "?<!" };

    t->at++;
    if (peek(t, 0) == '*') return refuse(t, "a callout");
    if (peek(t, 0) != '?') return open_group(t, "(?:");
    for (size_t i = 0; i < MC_ARRAY_LEN(same); i++) {
        char text[8];

        if (!accept(t, same[i])) continue;
        snprintf(text, sizeof text, "(%s", same[i]);
        return open_group(t, text);
    }
    if (accept(t, "?#")) {
        while (more(t) && peek(t, 0) != ')')
            t->at++;
        return accept(t, ")") ? MC_OK : refuse(t, "a comment without an end");
    }
    if (accept(t, "?<")) {
        while (is_letter(peek(t, 0)) || is_digit(peek(t, 0)) || peek(t, 0) == '_')
            t->at++;
        return accept(t, ">") ? open_group(t, "(?:") : refuse(t, "a group of this kind");
    }
    t->at++;
    return read_options(t);
}

static mc_status close_group(translator *t)
{
    group *top = &t->groups[t->depth - 1];

    if (t->depth == 1) return refuse(t, "a closing bracket too many");
    for (int i = 0; i <= top->extra; i++)
        mc_buffer_add_char(t->out, ')');
    t->ignore_case = top->ignore_case;
    t->depth--;
    /* Where the group began is not known any more: {n}? after a group is refused. */
    t->item       = SIZE_MAX;
    t->repeatable = true;
    t->literal    = 0;
    t->at++;
    return MC_OK;
}

/* ---- quantifiers ---- */

/* Put the last item into a group, for `{n}?` and `{n,m}+`, which repeat the repetition. */
static mc_status wrap_item(translator *t, const char *quantifier)
{
    mc_buffer tail = { 0 };
    mc_status status;

    if (t->item == SIZE_MAX) return refuse(t, "a repeated interval after a group");
    mc_buffer_add(&tail, t->out->data + t->item, t->out->size - t->item);
    status = mc_buffer_status(&tail, t->err);
    if (status == MC_OK) {
        t->out->size = t->item;
        mc_buffer_add_text(t->out, "(?:");
        mc_buffer_add(t->out, tail.data, tail.size);
        mc_buffer_printf(t->out, ")%s", quantifier);
    }
    mc_buffer_clear(&tail);
    return status;
}

static bool read_number(translator *t, unsigned *number)
{
    if (!is_digit(peek(t, 0))) return false;
    for (*number = 0; is_digit(peek(t, 0)) && *number <= REPEAT_MOST; t->at++)
        *number = *number * 10 + (unsigned)(peek(t, 0) - '0');
    return true;
}

/* {n}, {n,}, {,m}, {n,m}; false (and nothing read) when the brace is only a brace. */
static bool read_interval(translator *t, unsigned *least, unsigned *most, bool *open)
{
    size_t before = t->at;
    bool   has_least, has_most = false;

    t->at++;
    *least    = 0;
    has_least = read_number(t, least);
    *most     = *least;
    *open     = false;
    if (accept(t, ",")) {
        has_most = read_number(t, most);
        *open    = !has_most;
    }
    if (accept(t, "}") && (has_least || has_most)) return true;
    t->at = before;
    return false;
}

static mc_status quantify_interval(translator *t, unsigned least, unsigned most, bool open)
{
    if (least > REPEAT_MOST || most > REPEAT_MOST || (!open && most < least))
        return refuse(t, "an interval of this size");
    if (open)
        mc_buffer_printf(t->out, "{%u,}", least);
    else
        mc_buffer_printf(t->out, "{%u,%u}", least, most);
    if (accept(t, "+")) return wrap_item(t, "+");
    if (!accept(t, "?")) return MC_OK;
    if (!open && least == most) return wrap_item(t, "?");
    mc_buffer_add_char(t->out, '?');
    return MC_OK;
}

static mc_status quantify(translator *t)
{
    unsigned least = 0, most = 0;
    bool     open = false;
    char     kind = peek(t, 0);

    if (kind == '{' && !read_interval(t, &least, &most, &open)) {
        t->at++;
        return put_literal(t, '{');
    }
    if (!t->repeatable) return refuse(t, "a quantifier with nothing to repeat");
    if (kind == '{') {
        MC_TRY(quantify_interval(t, least, most, open));
    } else {
        mc_buffer_add_char(t->out, kind);
        t->at++;
        if (peek(t, 0) == '?' || peek(t, 0) == '+') mc_buffer_add_char(t->out, t->in[t->at++]);
    }
    t->repeatable = false; /* a quantifier on a quantifier is refused */
    t->literal    = 0;
    return MC_OK;
}

/* ---- the pattern ---- */

static mc_status read_escape(translator *t)
{
    uint32_t code = 0;
    bool     is_one, is_class, negated;
    char     items[96];

    t->at++;
    MC_TRY(read_escaped_character(t, &code, &is_one));
    if (is_one) return put_literal(t, code);
    MC_TRY(read_escaped_class(t, items, &negated, &is_class));
    if (is_class) {
        begin_item(t);
        mc_buffer_printf(t->out, "[%s%s]", negated ? "^" : "",
                         strcmp(items, WORDS) == 0 ? WORDS_ALONE : items);
        return MC_OK;
    }
    switch (t->in[t->at++]) {
    case 'A': put_anchor(t, "\\A"); return MC_OK;
    case 'z': put_anchor(t, "\\z"); return MC_OK;
    case 'Z': put_anchor(t, "\\Z"); return MC_OK;
    case 'b':
        put_anchor(t, "(?:(?<=" WORD ")(?!" WORD ")|(?<!" WORD ")(?=" WORD "))");
        return MC_OK;
    case 'B':
        put_anchor(t, "(?:(?<=" WORD ")(?=" WORD ")|(?<!" WORD ")(?!" WORD "))");
        return MC_OK;
    case 'R': put_item(t, "(?>\\x0d\\x0a|[" LINE_ENDS "])"); return MC_OK;
    default: t->at--; return refuse(t, "an escape of this kind");
    }
}

static mc_status read_one(translator *t)
{
    uint32_t code;
    size_t   length;

    switch (t->in[t->at]) {
    case '\\': return read_escape(t);
    case '[': begin_item(t); return read_class(t, t->out, 0);
    case '(': return read_group(t);
    case ')': return close_group(t);
    case '*':
    case '+':
    case '?':
    case '{': return quantify(t);
    case '|': put_anchor(t, "|"); break;
    case '.': put_item(t, "."); break;
    case '^': put_anchor(t, "(?m:^)"); break; /* lines, always */
    case '$': put_anchor(t, "(?m:$)"); break;
    default:
        code = mc_utf8_get(t->in + t->at, &length);
        t->at += length;
        return put_literal(t, code);
    }
    t->at++;
    return MC_OK;
}

mc_status mc_regex_translate(const char *pattern, size_t size, mc_buffer *out, bool *by_kind,
                             mc_error *err)
{
    translator t = {
        .in = pattern, .size = size, .out = out, .err = err, .depth = 1, .by_kind = true
    };

    if (mc_utf8_check(pattern, size) != size) return refuse(&t, "bytes that are not UTF-8");
    while (more(&t))
        MC_TRY(read_one(&t));
    if (t.depth > 1) return refuse(&t, "a group without an end");
    for (int i = 0; i < t.groups[0].extra; i++)
        mc_buffer_add_char(out, ')');
    *by_kind = t.by_kind;
    return MC_OK;
}
