/* cli.c - one run of the program: environment, command, result, exit code. */
#include "cli/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <modelcypher/version.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/map_guard.h"
#include "cache/runs.h"
#include "cli/command.h"
#include "cli/globals.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/profile_report.h"
#include "cli/settings.h"

static volatile sig_atomic_t last_signal;

/* The first request is polite: the work stops at its next step and cleans up. The second one
 * ends the program the way the signal would have. */
static void on_signal(int number)
{
    last_signal = number;
    mc_interrupt_request();
    signal(number, SIG_DFL);
}

/* A signal that whoever started us wants ignored (nohup, a shell's background) stays so. */
static void take_signal(int number)
{
    struct sigaction before, ask = { .sa_handler = on_signal };

    sigemptyset(&ask.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN) return;
    sigaction(number, &ask, NULL);
}

static void take_signals(void)
{
    take_signal(SIGINT);
    take_signal(SIGTERM);
    take_signal(SIGHUP); /* the terminal was closed */
    /* A reader that goes away and a limit of file sizes show in the result of write(), after
     * the work is safe. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

/* A closed standard stream would be reused by the first file we open: hold its place. */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static mc_status show_version(mc_session *session, mc_error *err)
{
    if (session->globals.format == MC_OUTPUT_TEXT)
        mc_buffer_printf(&session->text, "mc %s\n", mc_version());
    else if (session->globals.format == MC_OUTPUT_YAML)
        mc_buffer_printf(&session->text, "_schema: mc.version.v1\nversion: \"%s\"\n",
                         mc_version());
    else
        mc_buffer_printf(&session->text, "{\"_schema\":\"mc.version.v1\",\"version\":\"%s\"}\n",
                         mc_version());
    MC_TRY(mc_buffer_status(&session->text, err));
    return mc_output_write(session->text.data, session->text.size, err);
}

static mc_status show_help(mc_session *session, const char *group, mc_error *err)
{
    if (session->command)
        mc_help_command(session->command, &session->text);
    else
        mc_help_group(group, &session->text);
    MC_TRY(mc_buffer_status(&session->text, err));
    return mc_output_write(session->text.data, session->text.size, err);
}

/* The first operand's text: a model, or what was made of one. */
static const char *model_of(const mc_command *command, const void *args)
{
    const mc_positional *operand = command->operands;

    if (!operand || !operand->name || operand->many) return NULL;
    return *(const char *const *)(const void *)((const char *)args + operand->field);
}

/* A condition that did not hold is a result too: it is shown before it is complained of. */
static mc_status write_result(mc_session *session, mc_status status, mc_error *err)
{
    const double began = mc_clock();

    if (status != MC_OK && status != MC_ERR_CHECK) return MC_OK;
    MC_TRY(mc_map_guard_check_all(err)); /* zeros in place of a file's bytes are no result */
    MC_TRY(mc_output_result(session, err));
    mc_log(MC_LOG_DEBUG, "result written: %.4f s", mc_clock() - began);
    return MC_OK;
}

static mc_status run_command(mc_session *session, const void *args, mc_error *err)
{
    mc_error     later = { 0 };
    const double began = mc_clock();
    mc_status    status, written, profiled;

    MC_TRY(mc_report_create(&session->report, err));
    MC_TRY(mc_profile_report_begin(session, err));
    if (session->command->uses & MC_USES_ENGINE)
        mc_run_begin(session->command->name, model_of(session->command, args));
    status = session->command->run(session, args, err);
    mc_run_end();
    mc_progress_end();
    mc_log(MC_LOG_DEBUG, "mc %s: %.4f s", session->command->name, mc_clock() - began);
    written = write_result(session, status, &later);
    /* Who interrupts a slow run, or sees it fail, wants to know where its time went all the
     * more. */
    profiled = mc_profile_report_end(session, written == MC_OK ? &later : NULL);
    if (written == MC_OK) written = profiled;
    if (written == MC_OK || (status != MC_OK && status != MC_ERR_CHECK)) return status;
    *err = later;
    return written;
}

static mc_status refuse(const mc_error *settings, mc_error *err)
{
    *err = *settings;
    return settings->status;
}

/* `settings` is what is wrong with the configuration: help and version are given all the same.
 */
static mc_status parse_and_run(mc_session *session, int argc, char **argv,
                               const mc_error *settings, mc_error *err)
{
    const mc_command *command = session->command;
    void             *args    = mc_calloc(1, command->args_size ? command->args_size : 1);
    mc_option_set     sets[2] = { { command->options, args, NULL },
                                  mc_globals_set(&session->globals) };
    bool              help    = false;
    mc_status         status;

    if (!args) return mc_fail_memory(err, command->args_size);
    status = mc_options_init(sets[0], err);
    if (status == MC_OK)
        status = mc_options_parse(sets, 2, command->operands, argc, argv, &help, err);
    mc_globals_settle(&session->globals);
    mc_output_log_to_stderr(session);
    if (status == MC_OK) {
        if (session->globals.version)
            status = show_version(session, err);
        else if (help)
            status = show_help(session, NULL, err);
        else
            status = settings->status == MC_OK ? run_command(session, args, err)
                                               : refuse(settings, err);
    }
    mc_free(args);
    return status;
}

static mc_status run(mc_session *session, int argc, char **argv, mc_error *err)
{
    mc_error    settings = { 0 };
    const char *group    = NULL;
    bool        help     = false;
    int         at       = 1;

    if (mc_settings_read(&session->globals, &settings) == MC_OK) settings.status = MC_OK;
    mc_globals_peek(&session->globals, argc, argv);
    mc_globals_settle(&session->globals);
    MC_TRY(mc_command_resolve(argc, argv, &session->globals, &at, &session->command, &group,
                              &help, err));
    if (session->globals.version) return show_version(session, err);
    if (help || !session->command) return show_help(session, group, err);
    return parse_and_run(session, argc - at, argv + at, &settings, err);
}

int mc_cli_run(int argc, char **argv)
{
    mc_session session = { .started = mc_clock() };
    mc_error   err     = { 0 };
    mc_status  status;
    int        code;

    prctl(PR_SET_NAME, "modelcypher");
    hold_standard_streams();
    take_signals();
    status = run(&session, argc, argv, &err);
    code   = mc_output_exit_code(status);
    if (status != MC_OK && mc_output_closed())
        code = MC_EXIT_CLOSED_PIPE;
    else if (status != MC_OK)
        mc_output_error(&session.globals, &err);
    if (status == MC_ERR_INTERRUPTED && last_signal) code = 128 + last_signal;
    mc_log_set(NULL, NULL, MC_LOG_ERROR);
    mc_atlas_close(session.probes);
    mc_report_free(session.report);
    mc_buffer_clear(&session.text);
    return code;
}
