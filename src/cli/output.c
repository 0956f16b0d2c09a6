/* output.c - results, errors, logs and progress. */
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/json_write.h"
#include "base/log.h"
#include "base/new_file.h"
#include "cache/runs.h"
#include "cli/globals.h"
#include "report/write.h"

static bool pipe_closed;

bool mc_output_closed(void)
{
    return pipe_closed;
}

mc_status mc_output_write(const char *bytes, size_t size, mc_error *err)
{
    size_t done = 0;

    while (done < size) {
        ssize_t wrote = write(STDOUT_FILENO, bytes + done, size - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) {
            mc_status status;
            pipe_closed = errno == EPIPE;
            status =
                mc_fail_errno(err, "send standard output elsewhere", "cannot write the result");
            return mc_fail_about(err, status, "standard output");
        }
        done += (size_t)wrote;
    }
    return MC_OK;
}

static size_t columns_of(int terminal)
{
    struct winsize size;

    return ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
}

mc_status mc_output_check_file(const char *path, mc_error *err)
{
    mc_new_file file = { 0 };

    MC_TRY(mc_new_file_open(path, &file, err));
    mc_new_file_discard(&file);
    return MC_OK;
}

size_t mc_terminal_width(void)
{
    return isatty(STDOUT_FILENO) ? columns_of(STDOUT_FILENO) : 0;
}

size_t mc_terminal_height(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row >= 2 ? size.ws_row : 24;
}

bool mc_terminal_color(void)
{
    const char *no   = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && !(no && no[0]) && term && strcmp(term, "dumb") != 0;
}

static void write_report(mc_session *session, mc_buffer *out)
{
    const mc_schema *schema = session->command->schema;
    mc_text_style    style  = { mc_terminal_width(), mc_terminal_color() };

    switch ((mc_output_format)session->globals.format) {
    case MC_OUTPUT_TEXT: mc_report_write_text(session->report, schema, style, out); break;
    case MC_OUTPUT_JSON:
        mc_report_write_json(session->report, schema, session->globals.pretty, out);
        break;
    case MC_OUTPUT_YAML: mc_report_write_yaml(session->report, schema, out); break;
    }
}

mc_status mc_output_result(mc_session *session, mc_error *err)
{
    mc_buffer out = { 0 };
    mc_status status;

    if (!session->command->schema || session->as_text) {
        MC_TRY(mc_buffer_status(&session->text, err));
        return mc_output_write(session->text.data, session->text.size, err);
    }
#ifdef NDEBUG
    status = mc_report_status(session->report, err);
#else
    status = mc_schema_check(session->command->schema, session->report, err);
#endif
    if (status == MC_OK) {
        write_report(session, &out);
        status = mc_buffer_status(&out, err);
    }
    if (status == MC_OK) status = mc_output_write(out.data, out.size, err);
    mc_buffer_clear(&out);
    return status;
}

int mc_output_exit_code(mc_status status)
{
    switch (status) {
    case MC_OK: return MC_EXIT_DONE;
    case MC_ERR_USAGE: return MC_EXIT_USAGE;
    case MC_ERR_CHECK: return MC_EXIT_CHECK;
    case MC_ERR_INTERRUPTED: return MC_EXIT_INTERRUPTED;
    default: return MC_EXIT_FAILED;
    }
}

/* ---- errors ---- */

enum { ERROR_MEMBERS = 5 };

typedef struct error_member {
    const char *key, *text;
} error_member;

static void add_error_json(mc_buffer *out, const error_member members[ERROR_MEMBERS],
                           bool pretty)
{
    mc_json_writer json = mc_json_writer_init(out, pretty ? 2 : 0);

    mc_json_begin_object(&json);
    for (size_t i = 0; i < ERROR_MEMBERS; i++) {
        mc_json_add_text(&json, members[i].key, members[i].text);
    }
    mc_json_end_object(&json);
    mc_buffer_add_char(out, '\n');
}

/* A JSON text is a YAML scalar. */
static void add_error_yaml(mc_buffer *out, const error_member members[ERROR_MEMBERS])
{
    for (size_t i = 0; i < ERROR_MEMBERS; i++) {
        mc_json_writer json = mc_json_writer_init(out, 0);
        mc_buffer_printf(out, "%s: ", members[i].key);
        mc_json_put_text(&json, members[i].text);
        mc_buffer_add_char(out, '\n');
    }
}

static void add_error_object(mc_buffer *out, const mc_globals *globals, const mc_error *err)
{
    mc_buffer detail = { 0 };

    if (err->subject[0]) mc_buffer_printf(&detail, "%s: ", err->subject);
    mc_buffer_add_text(&detail, err->reason);
    const error_member members[ERROR_MEMBERS] = {
        { "code", mc_status_code(err->status) },
        { "title", mc_status_title(err->status) },
        { "detail", detail.data ? detail.data : "" },
        { "hint", err->hint },
        { "traceId", globals->trace_id ? globals->trace_id : "" },
    };
    if (globals->format == MC_OUTPUT_JSON)
        add_error_json(out, members, globals->pretty);
    else
        add_error_yaml(out, members);
    mc_buffer_clear(&detail);
}

/* The name that the user gave this run, for those who read the logs of many. */
static void add_trace(mc_buffer *out, const mc_globals *globals)
{
    if (!mc_global_given(globals, "trace-id")) return;
    mc_buffer_add_text(out, "  trace:  ");
    mc_text_add_visible(out, globals->trace_id, 0);
    mc_buffer_add_char(out, '\n');
}

/* A command line that is not understood, and a wish to stop, are said in one line. */
static void add_error_text(mc_buffer *out, const mc_error *err)
{
    mc_buffer_add_text(out, "mc: ");
    if (err->status == MC_ERR_INTERRUPTED) {
        mc_buffer_add_text(out, "interrupted\n");
        return;
    }
    if (err->status == MC_ERR_USAGE) {
        mc_text_add_visible(out, err->reason, 0);
    } else {
        mc_buffer_add_text(out, mc_status_title(err->status));
        if (err->subject[0]) {
            bool quoted = strchr(err->subject, '\'') != NULL;
            mc_buffer_add_text(out, quoted ? ": " : ": '");
            mc_text_add_visible(out, err->subject, 0);
            mc_buffer_add_text(out, quoted ? "" : "'");
        }
        mc_buffer_printf(out, " [%s]\n  reason: ", mc_status_code(err->status));
        mc_text_add_visible(out, err->reason, 0);
    }
    mc_buffer_add_char(out, '\n');
    if (!err->hint[0]) return;
    mc_buffer_add_text(out, "  hint:   ");
    mc_text_add_visible(out, err->hint, 0);
    mc_buffer_add_char(out, '\n');
}

/* Standard error is the last resort: there is nowhere to say that it does not take it. */
void mc_output_aside(const mc_buffer *text)
{
    static const char lost[] = "mc: not enough memory to say what went wrong\n";
    const char       *bytes  = text->failed ? lost : text->data;
    size_t            size = text->failed ? sizeof lost - 1 : text->size, done = 0;

    while (done < size) {
        ssize_t wrote = write(STDERR_FILENO, bytes + done, size - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return;
        done += (size_t)wrote;
    }
}

void mc_output_question(const char *question)
{
    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
}

void mc_output_error(const mc_globals *globals, const mc_error *err)
{
    mc_buffer out = { 0 };

    mc_progress_end();
    if (globals->format != MC_OUTPUT_TEXT) {
        add_error_object(&out, globals, err);
    } else {
        add_error_text(&out, err);
        add_trace(&out, globals);
    }
    mc_output_aside(&out);
    mc_buffer_clear(&out);
}

/* ---- logs and progress ---- */

static struct {
    bool   drawn;
    double first, last; /* mc_clock() */
} bar;

static void log_line(void *context, mc_log_level level, const char *message)
{
    static const char *const names[] = { "trace", "debug", "info", "warning", "error" };
    const mc_session        *session = context;
    mc_buffer                out     = { 0 };

    if (bar.drawn) mc_buffer_add_text(&out, "\r\033[K");
    mc_buffer_printf(&out, "mc: %s: ", names[level]);
    if (mc_global_given(&session->globals, "trace-id")) {
        mc_text_add_visible(&out, session->globals.trace_id, 0);
        mc_buffer_add_text(&out, ": ");
    }
    if (session->globals.log_level <= MC_LOG_DEBUG)
        mc_buffer_printf(&out, "%.3f s: ", mc_clock() - session->started);
    mc_text_add_visible(&out, message, 0);
    mc_buffer_add_char(&out, '\n');
    mc_output_aside(&out);
    mc_buffer_clear(&out);
}

void mc_output_log_to_stderr(const mc_session *session)
{
    mc_log_set(log_line, (void *)session, (mc_log_level)session->globals.log_level);
}

static bool wants_progress(const mc_session *session)
{
    const char *term = getenv("TERM");

    return !session->globals.quiet && !session->globals.ai && isatty(STDERR_FILENO) && term &&
           strcmp(term, "dumb") != 0;
}

/* A line that wraps could not be cleared: the stage's name gives way. */
static void draw(const char *stage, double fraction, double tokens_per_second, double elapsed)
{
    enum { CELLS = 24 };
    const size_t fixed = CELLS + sizeof "[] 100 %  ", width = columns_of(STDERR_FILENO);
    mc_buffer    out = { 0 }, tail = { 0 };
    size_t       used;
    int          filled = (int)(fraction * CELLS);

    if (tokens_per_second > 0) mc_buffer_printf(&tail, "  %.0f tokens/s", tokens_per_second);
    if (fraction > 0.02 && fraction < 1 && elapsed > 1) {
        mc_buffer_add_text(&tail, "  ");
        mc_unit_print(&tail, MC_UNIT_SECONDS, elapsed * (1 - fraction) / fraction);
        mc_buffer_add_text(&tail, " left");
    }
    used = fixed + tail.size;
    mc_buffer_add_text(&out, "\r\033[K[");
    for (int i = 0; i < CELLS; i++)
        mc_buffer_add_char(&out, i < filled ? '=' : (i == filled ? '>' : ' '));
    mc_buffer_printf(&out, "] %3.0f %%  ", fraction * 100);
    mc_text_add_visible(&out, stage, used < width ? width - used : 1);
    mc_buffer_add_text(&out, tail.data ? tail.data : "");
    mc_buffer_clear_part(&tail, &out);
    mc_output_aside(&out);
    mc_buffer_clear(&out);
}

/* ---- stages: what progress is called, without its number ---- */

static struct {
    char   name[48];
    double since;
} stage_now;

static void stage_end(void)
{
    if (stage_now.name[0])
        mc_log(MC_LOG_DEBUG, "%s: %.4f s", stage_now.name, mc_clock() - stage_now.since);
    stage_now.name[0] = '\0';
}

/* "block 3 of 30" and "block 4 of 30" are one stage. */
static void stage_is(const char *stage)
{
    size_t size = strcspn(stage, "0123456789");

    while (size > 0 && stage[size - 1] == ' ')
        size--;
    if (size >= sizeof stage_now.name) size = sizeof stage_now.name - 1;
    if (strlen(stage_now.name) == size && memcmp(stage_now.name, stage, size) == 0) return;
    stage_end();
    memcpy(stage_now.name, stage, size);
    stage_now.name[size] = '\0';
    stage_now.since      = mc_clock();
}

void mc_progress_update(const mc_session *session, const char *stage, double fraction,
                        double tokens_per_second)
{
    const double least = 0.1; /* seconds between two drawings */
    double       now   = mc_clock();

    stage_is(stage);
    mc_run_update(stage, fraction, tokens_per_second);
    if (!wants_progress(session)) return;
    if (!bar.drawn) bar.first = now;
    if (bar.drawn && now - bar.last < least && fraction < 1) return;
    bar.drawn = true;
    bar.last  = now;
    draw(stage, fraction, tokens_per_second, now - bar.first);
}

void mc_progress_end(void)
{
    static const mc_buffer clear = { (char *)"\r\033[K", 4, 0, 0 };

    if (bar.drawn) mc_output_aside(&clear);
    bar.drawn = false;
    stage_end();
}
