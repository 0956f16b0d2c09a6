/* command.h - what a command is, and what it is given to run with.
 *
 * A command is one file cmd_<name>.c with one row, and one line in command_table.c. It fills
 * session->report (its shape is the row's schema) or, where its result is plain text,
 * session->text; nobody but output.c writes to standard output. */
#ifndef MC_CLI_COMMAND_H
#define MC_CLI_COMMAND_H

#include <modelcypher/atlas.h>
#include <modelcypher/log.h>

#include "base/buffer.h"
#include "cli/options.h"
#include "report/report.h"
#include "report/schema.h"

typedef enum mc_output_format {
    MC_OUTPUT_TEXT,
    MC_OUTPUT_JSON,
    MC_OUTPUT_YAML
} mc_output_format;

/* What a command uses of the global options; only that is in its help. */
enum {
    MC_USES_ENGINE   = 1, /* threads, backend, memory */
    MC_USES_RANDOM   = 2, /* seed */
    MC_USES_QUESTION = 4, /* asks before it does something that cannot be undone */
    MC_USES_PROGRESS = 8, /* takes long enough to show how far it is */
    MC_USES_THREADS  = 16 /* threads, but no backend */
};

enum { MC_GLOBAL_OPTIONS_MAX = 24 };

typedef struct mc_globals {
    int         format; /* mc_output_format */
    bool        ai, pretty, quiet, yes, no_prompt, version;
    const char *trace_id;
    const char *profile;   /* NULL: none; "": no trace; else the trace's path */
    int         log_level; /* mc_log_level */
    size_t      threads;   /* 0: one a core */
    int         backend;
    uint64_t    max_memory; /* 0: from what is available */
    size_t      seed;
    bool        format_by_ai;
    bool        given[MC_GLOBAL_OPTIONS_MAX]; /* rows of mc_global_options that were typed */
} mc_globals;

typedef struct mc_command mc_command;

typedef struct mc_session {
    const mc_command *command;
    mc_globals        globals;
    mc_report        *report;
    mc_buffer         text;
    bool              as_text; /* the result is `text`, whatever the schema says */
    double            started; /* mc_clock() */
    mc_atlas         *probes;  /* read from a pipe, once; NULL: none */
} mc_session;

struct mc_command {
    const char          *name; /* "geometry crm-build" */
    const char          *summary;
    const char          *details; /* paragraphs, each one line, separated by "\n" */
    const mc_positional *operands;
    const mc_option     *options;
    const char *const   *examples; /* run by tests/cli; NULL at the end */
    const char *const   *aliases;  /* other names, NULL at the end */
    const mc_schema     *schema;   /* of session->report; NULL: the result is session->text */
    unsigned             uses;
    size_t               args_size; /* of the struct that options and operands fill */
    mc_status (*run)(mc_session *session, const void *args, mc_error *err);
};

typedef struct mc_command_group {
    const char *name, *summary;
} mc_command_group;

extern const mc_command *const mc_command_table[]; /* NULL at the end */
extern const mc_command_group  mc_command_groups[];
extern const mc_option         mc_global_options[];

/* The command called `name` (one of its names), or NULL. */
const mc_command *mc_command_find(const char *name);

/* The first words of argv that name a command: the longest match. Global options among them are
 * taken. *at is moved behind the words. *command stays NULL and *group is set when the words
 * end at a group ("mc geometry") or there are none (*group is ""). MC_ERR_USAGE: unknown. */
mc_status mc_command_resolve(int argc, char **argv, mc_globals *globals, int *at,
                             const mc_command **command, const char **group, bool *help,
                             mc_error *err);

/* Faults of all tables, one a line; empty when there are none. */
void mc_command_table_check(mc_buffer *faults);

#endif
