/* globals.c - the table of global options. */
#include "cli/globals.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/checked.h"

/* As many cores as the kernel's cpu_set_t names. Thousands of threads on a few cores would be
 * minutes of switching between them. */
enum { THREADS_MOST = 1024 };

#define FIELD(name) offsetof(mc_globals, name)

static const char *const formats[]  = { "text", "json", "yaml", NULL };
static const char *const levels[]   = { "trace", "debug", "info", "warn", "error", NULL };
static const char *const backends[] = { "cpu", "ref", NULL };

const mc_option mc_global_options[] = {
    { MC_OPT_CHOICE, '\0', "output-format", NULL, "form of the result (MC_OUTPUT)", "text",
      FIELD(format), formats },
    { MC_OPT_SWITCH, '\0', "ai", NULL,
      "compact JSON, no questions, no progress; never answers yes by itself (MC_AI_MODE)", NULL,
      FIELD(ai) },
    { MC_OPT_SWITCH, '\0', "pretty", NULL, "indent JSON", NULL, FIELD(pretty) },
    { MC_OPT_SWITCH, 'q', "quiet", NULL, "no progress, no warnings", NULL, FIELD(quiet) },
    { MC_OPT_FLAG, 'y', "yes", NULL, "answer yes to every question", NULL, FIELD(yes),
      .belongs = MC_USES_QUESTION },
    { MC_OPT_FLAG, '\0', "no-prompt", NULL, "ask nothing: what would be asked is refused", NULL,
      FIELD(no_prompt), .belongs = MC_USES_QUESTION },
    { MC_OPT_TEXT, '\0', "trace-id", "ID", "name of this run in errors and logs", NULL,
      FIELD(trace_id) },
    { MC_OPT_CHOICE, '\0', "log-level", NULL,
      "what to say on standard error; debug times every stage (MC_LOG_LEVEL)", "warn",
      FIELD(log_level), levels },
    { MC_OPT_COUNT, '\0', "threads", "N", "worker threads; 0 is one a core (MC_THREADS)", "0",
      FIELD(threads), .belongs = MC_USES_ENGINE | MC_USES_THREADS, .most = THREADS_MOST },
    { MC_OPT_CHOICE, '\0', "backend", NULL, "what computes (MC_BACKEND)", "cpu", FIELD(backend),
      backends, .belongs = MC_USES_ENGINE },
    { MC_OPT_BYTES, '\0', "max-memory", "SIZE",
      "memory to stay below, such as 4GiB (MC_MAX_MEMORY)", NULL, FIELD(max_memory),
      .belongs = MC_USES_ENGINE },
    { MC_OPT_COUNT, '\0', "seed", "N", "of everything that is drawn at random", "0",
      FIELD(seed), .belongs = MC_USES_RANDOM },
    { MC_OPT_MAYBE_FILE, '\0', "profile", "TRACE.json",
      "say on standard error where the time went; with a file, also a trace for Chrome or "
      "Perfetto",
      NULL, FIELD(profile), .belongs = MC_USES_ENGINE | MC_USES_THREADS },
    { MC_OPT_FLAG, '\0', "version", NULL, "print the version", NULL, FIELD(version) },
    { .name = NULL },
};

const mc_option *mc_global_option(const char *name)
{
    const mc_option *option = mc_global_options;

    while (option->name && strcmp(option->name, name) != 0)
        option++;
    return option->name ? option : NULL;
}

bool mc_global_given(const mc_globals *globals, const char *name)
{
    const mc_option *option = mc_global_option(name);

    return option && globals->given[option - mc_global_options];
}

mc_option_set mc_globals_set(mc_globals *globals)
{
    return (mc_option_set){ mc_global_options, globals, globals->given };
}

mc_status mc_globals_init(mc_globals *globals, mc_error *err)
{
    *globals = (mc_globals){ 0 };
    return mc_options_init(mc_globals_set(globals), err);
}

/* The value of --name at argv[i], written either way, or NULL. */
static const char *peek_value(const char *name, int argc, char **argv, int i)
{
    size_t      size = strlen(name);
    const char *word = argv[i] + 2;

    if (strncmp(argv[i], "--", 2) != 0 || strncmp(word, name, size) != 0) return NULL;
    if (word[size] == '=') return word + size + 1;
    if (word[size] || i + 1 >= argc || strncmp(argv[i + 1], "--", 2) == 0) return NULL;
    return argv[i + 1];
}

void mc_globals_peek(mc_globals *globals, int argc, char **argv)
{
    static const char *const names[] = { "output-format", "trace-id" };

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--ai") == 0) globals->ai = true;
        if (strcmp(argv[i], "--no-ai") == 0) globals->ai = false;
        for (size_t n = 0; n < MC_ARRAY_LEN(names); n++) {
            const mc_option *option = mc_global_option(names[n]);
            const char      *value  = peek_value(names[n], argc, argv, i);
            if (value && mc_option_set_value(option, "", value, globals, NULL) == MC_OK)
                globals->given[option - mc_global_options] = true;
        }
    }
}

void mc_globals_settle(mc_globals *globals)
{
    static char drawn[17];
    uint64_t    number = 0;

    if (globals->ai) {
        globals->format_by_ai |=
            globals->format == MC_OUTPUT_TEXT && !mc_global_given(globals, "output-format");
        if (globals->format_by_ai) globals->format = MC_OUTPUT_JSON;
        globals->no_prompt = true;
    }
    if (globals->quiet && globals->log_level < MC_LOG_ERROR) globals->log_level = MC_LOG_ERROR;
    if (globals->trace_id) return;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number) number = 0;
    snprintf(drawn, sizeof drawn, "%016llx", (unsigned long long)number);
    globals->trace_id = drawn;
}

const char *mc_globals_backend(const mc_globals *globals)
{
    return backends[globals->backend];
}
