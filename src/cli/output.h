/* output.h - the only code that writes to standard output and standard error. */
#ifndef MC_CLI_OUTPUT_H
#define MC_CLI_OUTPUT_H

#include "cli/command.h"

enum {
    MC_EXIT_DONE        = 0,
    MC_EXIT_FAILED      = 1,
    MC_EXIT_USAGE       = 2,
    MC_EXIT_CHECK       = 3,
    MC_EXIT_CLOSED_PIPE = 128 + 13, /* as if SIGPIPE had ended us, but quietly */
    MC_EXIT_INTERRUPTED = 128 + 2
};

/* A file that cannot be written is refused now, not after the work. Nothing is changed. */
mc_status mc_output_check_file(const char *path, mc_error *err);

/* Write all of it to standard output. MC_ERR_IO or MC_ERR_DISK_FULL with the reason; a reader
 * that has gone away is MC_ERR_IO too, and mc_output_closed() is then true. */
mc_status mc_output_write(const char *bytes, size_t size, mc_error *err);
bool      mc_output_closed(void);

/* The session's result in the form that was asked for. */
mc_status mc_output_result(mc_session *session, mc_error *err);

/* A question to standard error, where somebody is going to answer it. */
void mc_output_question(const char *question);
/* What is said beside the result, to standard error. */
void mc_output_aside(const mc_buffer *text);

/* The error to standard error: text, or one JSON object. */
void mc_output_error(const mc_globals *globals, const mc_error *err);
int  mc_output_exit_code(mc_status status);

/* Make mc_log messages lines on standard error. */
void mc_output_log_to_stderr(const mc_session *session);

/* A bar on standard error, only on a terminal and not with --quiet or --ai. */
void mc_progress_update(const mc_session *session, const char *stage, double fraction,
                        double tokens_per_second);
void mc_progress_end(void);

/* Columns of standard output when it is a terminal, else 0; its lines, at least 2. */
size_t mc_terminal_width(void);
size_t mc_terminal_height(void);
bool   mc_terminal_color(void);

#endif
