/* options.h - command lines as tables: one array of rows a command.
 *
 * Parsing, the help pages, the man pages, the completions and the self-check of the tables
 * (mc_options_check) all read the same rows. A value goes into the field of the command's own
 * argument struct that the row names. */
#ifndef MC_CLI_OPTIONS_H
#define MC_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

typedef enum mc_option_type {
    MC_OPT_FLAG,       /* bool; no value */
    MC_OPT_SWITCH,     /* bool; --name and --no-name */
    MC_OPT_TEXT,       /* const char * */
    MC_OPT_FILE,       /* const char *; completed as a path */
    MC_OPT_NEW_FILE,   /* the same, of a file that is written: not "-" */
    MC_OPT_MAYBE_FILE, /* a file that is written, or none; --name: "", --name=FILE */
    MC_OPT_LAYERS,     /* const char *; the library reads it, a value may begin with '-' */
    MC_OPT_COUNT,      /* size_t */
    MC_OPT_NUMBER,     /* double */
    MC_OPT_BYTES,      /* uint64_t; 4GiB, 500M, 1024 */
    MC_OPT_CHOICE      /* int, an index into `choices` */
} mc_option_type;

typedef struct mc_option {
    mc_option_type     type;
    char               letter; /* '\0': none */
    const char        *name;   /* without dashes; NULL ends a table */
    const char        *value;  /* what the value is called: "FILE" */
    const char        *help;
    const char        *initial; /* parsed like a typed value; NULL: all bits zero */
    size_t             field;   /* offsetof in the argument struct */
    const char *const *choices;
    const char        *alias;   /* another long name, for scripts of older forms */
    unsigned           belongs; /* of a global option: the commands it matters to (command.h) */
    size_t             most;    /* of a count: no more than this; 0: any */
} mc_option;

/* A word that is no option. */
typedef struct mc_positional {
    const char        *name; /* "MODEL"; NULL ends a table */
    const char        *help;
    size_t             field;      /* const char *, or mc_words when `many` */
    bool               required;   /* also satisfied by an option with the same field */
    bool               many;       /* takes all that are left; must be the last */
    bool               is_command; /* words of a command's name, for completion */
    const char *const *choices;    /* the only words that it can be; NULL: any */
} mc_positional;

typedef struct mc_words {
    char **items; /* borrowed from argv */
    size_t count;
} mc_words;

/* Two tables are read at once: the command's and the global one. */
typedef struct mc_option_set {
    const mc_option *options;
    void            *args;
    bool            *given; /* one for each row, set when it was typed; may be NULL */
} mc_option_set;

/* Fill in the initial values. */
mc_status mc_options_init(mc_option_set set, mc_error *err);

/* Take the option at argv[*at] (which begins with '-') and its value; *at is moved behind them.
 * MC_ERR_USAGE: unknown (with the nearest known), without a value, or with a bad one. */
mc_status mc_options_take(const mc_option_set *sets, size_t count, int argc, char **argv,
                          int *at, mc_error *err);

/* Read one value as a typed one would be. `shown` is how messages name it: "--threads". */
mc_status mc_option_set_value(const mc_option *option, const char *shown, const char *text,
                              void *args, mc_error *err);

/* Options and operands to the end of argv, "--" ending the options. `help` is set, and the rest
 * left alone, when -h or --help is met. */
mc_status mc_options_parse(const mc_option_set *sets, size_t count,
                           const mc_positional *operands, int argc, char **argv, bool *help,
                           mc_error *err);

/* The value in the field as it would be typed; nothing for one that is not set. */
void mc_option_print_value(const mc_option *option, const void *args, mc_buffer *out);

bool mc_option_takes_value(const mc_option *option);

/* What is wrong with the tables themselves (two options of one name, a choice without choices,
 * an initial value that does not parse), one line a fault. */
void mc_options_check(const char *command, const mc_option_set *sets, size_t count,
                      mc_buffer *faults);

#endif
