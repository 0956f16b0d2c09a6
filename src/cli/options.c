/* options.c - reading command lines by tables. */
#include "cli/options.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/nearest.h"

enum { OPERANDS_MAX = 8 };

typedef struct match {
    const mc_option *option;
    void            *args;
    bool             negated; /* --no-name */
    bool            *given;   /* NULL: nobody asks */
} match;

bool mc_option_takes_value(const mc_option *option)
{
    return option->type != MC_OPT_FLAG && option->type != MC_OPT_SWITCH;
}

/* ---- values ---- */

static mc_status bad_value(const char *shown, const char *text, const char *want, mc_error *err)
{
    return mc_fail(err, MC_ERR_USAGE, "", "%s: '%s' is not %s", shown, text, want);
}

static bool read_count(const char *text, uint64_t *count, const char **end)
{
    char *after;

    if (text[0] < '0' || text[0] > '9') return false;
    errno  = 0;
    *count = strtoull(text, &after, 10);
    *end   = after;
    return errno == 0;
}

static mc_status set_count(const char *shown, const char *text, size_t most, size_t *out,
                           mc_error *err)
{
    uint64_t    count;
    const char *end;

    if (!read_count(text, &count, &end) || *end || count > SIZE_MAX)
        return bad_value(shown, text, "a whole number (0, 1, 2, ...)", err);
    if (most > 0 && count > most)
        return mc_fail(err, MC_ERR_USAGE, "", "%s: %s is more than %zu, the most that can be",
                       shown, text, most);
    *out = (size_t)count;
    return MC_OK;
}

static mc_status set_number(const char *shown, const char *text, double *out, mc_error *err)
{
    char  *end;
    double number = strtod(text, &end);

    if (end == text || *end || !isfinite(number))
        return bad_value(shown, text, "a number", err);
    *out = number;
    return MC_OK;
}

static size_t next_digits(const char *text, double *number)
{
    char *end;

    *number = strtod(text, &end);
    return (size_t)(end - text);
}

/* 4GiB, 4G and 4g are binary, 4GB is decimal, as `dd` and `numfmt` have it; a fraction is
 * fine. */
static mc_status set_bytes(const char *shown, const char *text, uint64_t *out, mc_error *err)
{
    static const char prefixes[] = "kmgt";
    const char       *rest, *prefix;
    double            number, step = 1024;

    if ((text[0] < '0' || text[0] > '9') || strpbrk(text, "xXeEpP")) goto refuse;
    rest   = text + next_digits(text, &number);
    prefix = *rest ? strchr(prefixes, *rest >= 'A' && *rest <= 'Z' ? *rest - 'A' + 'a' : *rest)
                   : NULL;
    if (prefix) {
        rest++;
        if (strcmp(rest, "B") == 0) step = 1000;
        for (const char *at = prefixes; at <= prefix; at++)
            number *= step;
        if (*rest == 'i') rest++;
    }
    if (*rest == 'B' || *rest == 'b') rest++;
    if (*rest || !(number < 9e18)) goto refuse;
    *out = (uint64_t)number;
    return MC_OK;

refuse:
    return bad_value(shown, text, "a size such as 4GiB, 500M or 1048576", err);
}

static mc_status set_choice(const char *const *choices, const char *shown, const char *text,
                            int *out, mc_error *err)
{
    mc_buffer  list      = { 0 };
    mc_nearest nearest   = { .typed = text };
    char       hint[128] = "";
    mc_status  status;

    for (int i = 0; choices[i]; i++) {
        if (strcmp(choices[i], text) == 0) {
            mc_buffer_clear(&list);
            *out = i;
            return MC_OK;
        }
        mc_nearest_offer(&nearest, choices[i]);
        mc_buffer_printf(&list, "%s%s", i ? (choices[i + 1] ? ", " : " or ") : "", choices[i]);
    }
    if (nearest.best) snprintf(hint, sizeof hint, "did you mean '%s'?", nearest.best);
    status = mc_fail(err, MC_ERR_USAGE, hint, "%s: '%s' is not one of %s", shown, text,
                     list.data ? list.data : "the choices");
    mc_buffer_clear(&list);
    return status;
}

static mc_status set_truth(const char *shown, const char *text, bool *out, mc_error *err)
{
    static const char *const words[][4] = { { "0", "false", "no", "off" },
                                            { "1", "true", "yes", "on" } };

    for (size_t i = 0; i < 8; i++)
        if (strcasecmp(words[i / 4][i % 4], text) == 0) {
            *out = i >= 4;
            return MC_OK;
        }
    return mc_fail(err, MC_ERR_USAGE, "use 1 or 0", "%s: '%s' is neither yes nor no", shown,
                   text);
}

/* Elsewhere "-" is standard output, where the result is said anyway: a file of that name is
 * hardly meant. */
static mc_status set_text(mc_option_type type, const char *shown, const char *text,
                          const char **out, mc_error *err)
{
    const bool written = type == MC_OPT_NEW_FILE || type == MC_OPT_MAYBE_FILE;

    if (!text[0]) return mc_fail(err, MC_ERR_USAGE, "", "%s: the value is empty", shown);
    if (written && strcmp(text, "-") == 0)
        return mc_fail(err, MC_ERR_USAGE, "a file of this name is ./-",
                       "%s: writes a file, not to standard output", shown);
    *out = text;
    return MC_OK;
}

mc_status mc_option_set_value(const mc_option *option, const char *shown, const char *text,
                              void *args, mc_error *err)
{
    char *field = (char *)args + option->field;

    switch (option->type) {
    case MC_OPT_FLAG:
    case MC_OPT_SWITCH: return set_truth(shown, text, (bool *)(void *)field, err);
    case MC_OPT_TEXT:
    case MC_OPT_FILE:
    case MC_OPT_NEW_FILE:
    case MC_OPT_MAYBE_FILE:
    case MC_OPT_LAYERS:
        return set_text(option->type, shown, text, (const char **)(void *)field, err);
    case MC_OPT_COUNT:
        return set_count(shown, text, option->most, (size_t *)(void *)field, err);
    case MC_OPT_NUMBER: return set_number(shown, text, (double *)(void *)field, err);
    case MC_OPT_BYTES: return set_bytes(shown, text, (uint64_t *)(void *)field, err);
    case MC_OPT_CHOICE:
        return set_choice(option->choices, shown, text, (int *)(void *)field, err);
    }
    return mc_fail(err, MC_ERR_INTERNAL, "", "%s has no type", shown);
}

/* 4294967296 is 4GiB, 1000 is 1000. */
static void print_bytes(mc_buffer *out, uint64_t bytes)
{
    static const char *const units[] = { "", "KiB", "MiB", "GiB", "TiB" };
    size_t                   unit    = 0;

    for (; unit < 4 && bytes > 0 && bytes % 1024 == 0; unit++)
        bytes /= 1024;
    mc_buffer_printf(out, "%" PRIu64 "%s", bytes, units[unit]);
}

void mc_option_print_value(const mc_option *option, const void *args, mc_buffer *out)
{
    const void *field = (const char *)args + option->field;

    switch (option->type) {
    case MC_OPT_FLAG:
    case MC_OPT_SWITCH: mc_buffer_add_text(out, *(const bool *)field ? "yes" : "no"); break;
    case MC_OPT_TEXT:
    case MC_OPT_FILE:
    case MC_OPT_NEW_FILE:
    case MC_OPT_MAYBE_FILE:
    case MC_OPT_LAYERS:
        if (*(const char *const *)field) mc_buffer_add_text(out, *(const char *const *)field);
        break;
    case MC_OPT_COUNT: mc_buffer_printf(out, "%zu", *(const size_t *)field); break;
    case MC_OPT_NUMBER: mc_buffer_printf(out, "%g", *(const double *)field); break;
    case MC_OPT_BYTES:
        if (*(const uint64_t *)field) print_bytes(out, *(const uint64_t *)field);
        break;
    case MC_OPT_CHOICE: mc_buffer_add_text(out, option->choices[*(const int *)field]); break;
    }
}

mc_status mc_options_init(mc_option_set set, mc_error *err)
{
    for (const mc_option *option = set.options; option && option->name; option++)
        if (option->initial)
            MC_TRY(mc_option_set_value(option, option->name, option->initial, set.args, err));
    return MC_OK;
}

/* ---- finding an option ---- */

static bool same(const char *name, const char *typed, size_t size)
{
    return name && strlen(name) == size && memcmp(name, typed, size) == 0;
}

static match matched(const mc_option_set *set, const mc_option *option, bool negated)
{
    return (match){ option, set->args, negated,
                    set->given ? &set->given[option - set->options] : NULL };
}

static bool find_long(const mc_option_set *sets, size_t count, const char *typed, size_t size,
                      match *found)
{
    for (size_t i = 0; i < count; i++)
        for (const mc_option *option = sets[i].options; option && option->name; option++) {
            bool plain   = same(option->name, typed, size) || same(option->alias, typed, size);
            bool negated = option->type == MC_OPT_SWITCH && size > 3 &&
                           memcmp(typed, "no-", 3) == 0 &&
                           same(option->name, typed + 3, size - 3);
            if (!plain && !negated) continue;
            *found = matched(&sets[i], option, negated);
            return true;
        }
    return false;
}

static bool find_letter(const mc_option_set *sets, size_t count, char letter, match *found)
{
    for (size_t i = 0; i < count; i++)
        for (const mc_option *option = sets[i].options; option && option->name; option++)
            if (option->letter == letter) {
                *found = matched(&sets[i], option, false);
                return true;
            }
    return false;
}

static mc_status unknown_long(const mc_option_set *sets, size_t count, const char *typed,
                              size_t size, mc_error *err)
{
    char       name[128] = "";
    char       hint[128] = "add --help to see all options";
    mc_nearest nearest   = { .typed = name };

    memcpy(name, typed, size < sizeof name ? size : sizeof name - 1);
    for (size_t i = 0; i < count; i++)
        for (const mc_option *option = sets[i].options; option && option->name; option++)
            mc_nearest_offer(&nearest, option->name);
    if (nearest.best) snprintf(hint, sizeof hint, "did you mean --%s?", nearest.best);
    return mc_fail(err, MC_ERR_USAGE, hint, "unknown option '--%s'", name);
}

/* ---- taking it ---- */

static mc_status assign(const match *found, const char *shown, const char *text, mc_error *err)
{
    MC_TRY(mc_option_set_value(found->option, shown, text, found->args, err));
    if (found->given) *found->given = true;
    return MC_OK;
}

static mc_status take_value(const match *found, const char *shown, int argc, char **argv,
                            int *at, mc_error *err)
{
    const char *value = *at + 1 < argc ? argv[*at + 1] : NULL;

    /* A value may begin with '-' where that has a meaning; "--..." after a file's name is far
     * more likely a value that was forgotten. */
    if (!value || (value[0] == '-' && value[1] == '-' && found->option->type != MC_OPT_LAYERS))
        return mc_fail(err, MC_ERR_USAGE, "", "%s needs a value: %s %s", shown, shown,
                       found->option->value ? found->option->value : "VALUE");
    *at += 2;
    return assign(found, shown, value, err);
}

static mc_status set_flag(const match *found, int *at)
{
    *(bool *)(void *)((char *)found->args + found->option->field) = !found->negated;
    if (found->given) *found->given = true;
    ++*at;
    return MC_OK;
}

/* --name alone, where a value may follow behind '=' but need not. */
static mc_status set_empty(const match *found, int *at)
{
    *(const char **)(void *)((char *)found->args + found->option->field) = "";
    if (found->given) *found->given = true;
    ++*at;
    return MC_OK;
}

static mc_status take_long(const mc_option_set *sets, size_t count, int argc, char **argv,
                           int *at, mc_error *err)
{
    const char *typed = argv[*at] + 2, *equals = strchr(typed, '=');
    size_t      size = equals ? (size_t)(equals - typed) : strlen(typed);
    char        shown[128];
    match       found;

    if (!find_long(sets, count, typed, size, &found))
        return unknown_long(sets, count, typed, size, err);
    snprintf(shown, sizeof shown, "--%.*s", (int)size, typed);
    if (mc_option_takes_value(found.option)) {
        if (!equals && found.option->type == MC_OPT_MAYBE_FILE) return set_empty(&found, at);
        if (!equals) return take_value(&found, shown, argc, argv, at, err);
        ++*at;
        return assign(&found, shown, equals + 1, err);
    }
    if (equals) return mc_fail(err, MC_ERR_USAGE, "", "%s takes no value", shown);
    return set_flag(&found, at);
}

/* -q, -o FILE, -oFILE; letters are not bundled. */
static mc_status take_letter(const mc_option_set *sets, size_t count, int argc, char **argv,
                             int *at, mc_error *err)
{
    const char *typed    = argv[*at];
    char        shown[3] = { '-', typed[1], '\0' };
    match       found;

    if (!find_letter(sets, count, typed[1], &found))
        return mc_fail(err, MC_ERR_USAGE, "add --help to see all options",
                       "unknown option '%s'", typed);
    if (!mc_option_takes_value(found.option)) {
        if (typed[2])
            return mc_fail(err, MC_ERR_USAGE, "give each letter its own dash",
                           "%s takes no value", shown);
        return set_flag(&found, at);
    }
    if (!typed[2]) return take_value(&found, shown, argc, argv, at, err);
    ++*at;
    return assign(&found, shown, typed + 2, err);
}

mc_status mc_options_take(const mc_option_set *sets, size_t count, int argc, char **argv,
                          int *at, mc_error *err)
{
    if (argv[*at][1] == '-') return take_long(sets, count, argc, argv, at, err);
    return take_letter(sets, count, argc, argv, at, err);
}

/* ---- operands ---- */

/* The operand that takes the next word; `taken` remembers which word each one got. */
typedef struct operand_cursor {
    const mc_positional *operands;
    size_t               next;
    const char          *taken[OPERANDS_MAX];
    bool                 only_operands; /* behind "--" */
} operand_cursor;

static const char **text_field(const mc_positional *operand, void *args)
{
    return (const char **)(void *)((char *)args + operand->field);
}

static mc_status given_twice(const mc_positional *operand, const char *a, const char *b,
                             mc_error *err)
{
    return mc_fail(err, MC_ERR_USAGE, "", "%s is given twice: '%s' and '%s'", operand->name, a,
                   b);
}

static mc_status unexpected(const operand_cursor *cursor, const char *word, mc_error *err)
{
    const char *hint = "this command takes options only";

    if (cursor->only_operands && word[0] == '-')
        hint = "behind -- nothing is an option";
    else if (cursor->next > 0)
        hint = "what has spaces must stand in quotes";
    return mc_fail(err, MC_ERR_USAGE, hint, "unexpected argument '%s'", word);
}

static mc_status take_operand(operand_cursor *cursor, void *args, char **word, mc_error *err)
{
    const mc_positional *operand = cursor->operands && cursor->next < OPERANDS_MAX
                                       ? &cursor->operands[cursor->next]
                                       : NULL;

    if (!operand || !operand->name) return unexpected(cursor, *word, err);
    if (operand->many) {
        mc_words *words = (mc_words *)(void *)((char *)args + operand->field);
        if (words->count == 0) words->items = word;
        /* Options between the words would leave gaps: close them up. */
        words->items[words->count++] = *word;
        return MC_OK;
    }
    if (!(*word)[0])
        return mc_fail(err, MC_ERR_USAGE, "", "%s: the value is empty", operand->name);
    if (operand->choices)
        MC_TRY(set_choice(operand->choices, operand->name, *word, &(int){ 0 }, err));
    if (*text_field(operand, args))
        return given_twice(operand, *text_field(operand, args), *word, err);
    *text_field(operand, args)    = *word;
    cursor->taken[cursor->next++] = *word;
    return MC_OK;
}

static mc_status check_operands(const operand_cursor *cursor, void *args, mc_error *err)
{
    for (size_t i = 0; cursor->operands && cursor->operands[i].name; i++) {
        const mc_positional *operand = &cursor->operands[i];
        bool                 given;
        if (operand->many) {
            given = ((const mc_words *)(void *)((char *)args + operand->field))->count > 0;
        } else {
            const char *value = *text_field(operand, args), *word = cursor->taken[i];
            if (word && word != value) return given_twice(operand, word, value, err);
            given = value != NULL;
        }
        if (operand->required && !given)
            return mc_fail(err, MC_ERR_USAGE, "add --help to see what is expected",
                           "%s is missing: %s", operand->name, operand->help);
    }
    return MC_OK;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

mc_status mc_options_parse(const mc_option_set *sets, size_t count,
                           const mc_positional *operands, int argc, char **argv, bool *help,
                           mc_error *err)
{
    operand_cursor cursor = { .operands = operands };

    for (int at = 0; at < argc;) {
        const char *word = argv[at];
        if (cursor.only_operands || word[0] != '-' || !word[1]) {
            MC_TRY(take_operand(&cursor, sets[0].args, &argv[at++], err));
        } else if (is_help(word)) {
            *help = true;
            return MC_OK;
        } else if (strcmp(word, "--") == 0) {
            cursor.only_operands = true;
            at++;
        } else {
            MC_TRY(mc_options_take(sets, count, argc, argv, &at, err));
        }
    }
    return check_operands(&cursor, sets[0].args, err);
}

/* ---- the tables themselves ---- */

static size_t occurrences(const mc_option_set *sets, size_t count, const char *name,
                          char letter)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        for (const mc_option *option = sets[i].options; option && option->name; option++) {
            if (letter && option->letter == letter) found++;
            if (name && strcmp(option->name, name) == 0) found++;
            if (name && option->alias && strcmp(option->alias, name) == 0) found++;
        }
    return found;
}

static void check_one(const char *command, const mc_option_set *sets, size_t count,
                      const mc_option *option, mc_buffer *faults)
{
    if (occurrences(sets, count, option->name, '\0') != 1)
        mc_buffer_printf(faults, "%s: --%s is not unique\n", command, option->name);
    if (option->letter &&
        (occurrences(sets, count, NULL, option->letter) != 1 || option->letter == 'h'))
        mc_buffer_printf(faults, "%s: -%c is not unique\n", command, option->letter);
    if (!option->help || !option->help[0])
        mc_buffer_printf(faults, "%s: --%s has no help\n", command, option->name);
    if ((option->type == MC_OPT_CHOICE) != (option->choices != NULL))
        mc_buffer_printf(faults, "%s: --%s and its choices differ\n", command, option->name);
    if (mc_option_takes_value(option) && option->type != MC_OPT_CHOICE && !option->value)
        mc_buffer_printf(faults, "%s: the value of --%s has no name\n", command, option->name);
}

void mc_options_check(const char *command, const mc_option_set *sets, size_t count,
                      mc_buffer *faults)
{
    mc_error err = { 0 };

    for (size_t i = 0; i < count; i++) {
        for (const mc_option *option = sets[i].options; option && option->name; option++)
            check_one(command, sets, count, option, faults);
        if (mc_options_init(sets[i], &err) != MC_OK)
            mc_buffer_printf(faults, "%s: %s\n", command, err.reason);
    }
}
