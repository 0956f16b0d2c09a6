/* cmd_geometry_crm_compare.c - mc geometry crm-compare: how alike two models' states are. */
#include <stdio.h>
#include <string.h>

#include <modelcypher/compare.h>

#include "base/new_file.h"
#include "cli/command.h"
#include "cli/compare_report.h"
#include "cli/output.h"

typedef struct compare_args {
    const char *a, *b, *metric, *layers, *fail_if, *csv;
    size_t      permutations, bootstrap, neighbours;
    bool        groups;
} compare_args;

#define FIELD(name) offsetof(compare_args, name)

static const mc_option compare_options[] = {
    { MC_OPT_FILE, 'a', "crm-a", "FILE", "concept response matrix of model A", NULL, FIELD(a),
      .alias = "source" },
    { MC_OPT_FILE, 'b', "crm-b", "FILE", "concept response matrix of model B", NULL, FIELD(b),
      .alias = "target" },
    { MC_OPT_TEXT, 'm', "metric", "NAMES",
      "cka, cka-biased, cka-rbf, mutual-knn, cknna, rsa, procrustes, cca, svcca, pwcca; "
      "several "
      "separated by commas",
      "cka", FIELD(metric) },
    { MC_OPT_LAYERS, 'l', "layers", "LIST", "of each model: 0,6,12 or -4..-1 or 4..9, final",
      NULL, FIELD(layers) },
    { MC_OPT_COUNT, 'P', "permutations", "N", "draws of the null; 0: none", "1000",
      FIELD(permutations) },
    { MC_OPT_COUNT, 'B', "bootstrap", "N", "random halves of the probes for intervals; 0: none",
      "1000", FIELD(bootstrap) },
    { MC_OPT_COUNT, 'k', "neighbours", "K", "of mutual-knn and cknna", "10",
      FIELD(neighbours) },
    { MC_OPT_SWITCH, '\0', "groups", NULL, "summaries per atlas source and domain", "yes",
      FIELD(groups) },
    { MC_OPT_TEXT, '\0', "fail-if", "CONDITION",
      "exit with 3 when it holds: 'cka<0.98' (names above)", NULL, FIELD(fail_if) },
    { MC_OPT_NEW_FILE, '\0', "csv", "FILE", "also write every pair as CSV", NULL, FIELD(csv) },
    { .name = NULL },
};

static const mc_positional compare_operands[] = {
    { "A", "concept response matrix of model A", FIELD(a), .required = true },
    { "B", "concept response matrix of model B", FIELD(b), .required = true },
    { .name = NULL },
};

static const mc_schema compare_schema = { "mc.geometry.crm-compare.v1", mc_compare_fields };

static void show_progress(void *context, const char *stage, size_t done, size_t total)
{
    mc_progress_update(context, stage, (double)done / (double)total, 0);
}

/* The metrics asked for, and those that the condition speaks of. */
static mc_status join_metrics(const compare_args *args, mc_buffer *metrics, mc_error *err)
{
    char wanted[512] = "";

    if (args->fail_if) MC_TRY(mc_condition_check(args->fail_if, wanted, sizeof wanted, err));
    mc_buffer_printf(metrics, "%s%s%s", args->metric, wanted[0] ? "," : "", wanted);
    return mc_buffer_status(metrics, err);
}

static mc_status write_csv(const char *path, const mc_report *report, mc_error *err)
{
    mc_buffer text = { 0 };
    mc_status status;

    mc_value_write_csv(mc_value_find(mc_report_root((mc_report *)report), "pairs"), &text);
    status = mc_new_file_save(path, &text, err);
    mc_buffer_clear(&text);
    return status;
}

static mc_status show(mc_session *session, const compare_args *args,
                      const mc_crm_comparison *comparison, const mc_compare_options *statistics,
                      mc_error *err)
{
    const mc_text_style style = { mc_terminal_width(), mc_terminal_color() };

    mc_compare_report(session->report, comparison, statistics);
    if (args->csv) MC_TRY(write_csv(args->csv, session->report, err));
    session->as_text = session->globals.format == MC_OUTPUT_TEXT;
    if (session->as_text) mc_compare_text(&session->text, comparison, style);
    return args->fail_if ? mc_condition_test(args->fail_if, comparison, err) : MC_OK;
}

static mc_status compare(mc_session *session, const void *raw, const char *source,
                         mc_error *err)
{
    const compare_args    *args    = raw;
    mc_buffer              metrics = { 0 };
    mc_crm_comparison     *comparison;
    mc_crm_compare_options options = { .a          = args->a,
                                       .b          = args->b,
                                       .layers     = args->layers,
                                       .source     = source,
                                       .no_groups  = !args->groups,
                                       .statistics = MC_COMPARE_OPTIONS_DEFAULT };
    mc_compare_options    *how     = &options.statistics;
    mc_status              status  = join_metrics(args, &metrics, err);

    if (args->csv && status == MC_OK)
        status = mc_new_file_check_source(args->csv, args->a, err);
    if (args->csv && status == MC_OK)
        status = mc_new_file_check_source(args->csv, args->b, err);
    if (args->csv && status == MC_OK) status = mc_output_check_file(args->csv, err);
    how->permutations      = args->permutations;
    how->half_samples      = args->bootstrap;
    how->threads           = session->globals.threads;
    how->seed              = session->globals.seed;
    how->metric.neighbours = args->neighbours;
    how->progress          = show_progress;
    how->progress_context  = session;
    if (how->permutations_costly > args->permutations)
        how->permutations_costly = args->permutations;
    if (how->half_samples_costly > args->bootstrap) how->half_samples_costly = args->bootstrap;
    options.metrics = metrics.data;
    if (status == MC_OK) status = mc_crm_compare(&options, &comparison, err);
    if (status == MC_OK) {
        mc_progress_end();
        status = show(session, args, comparison, how, err);
        mc_crm_comparison_free(comparison);
    }
    mc_buffer_clear(&metrics);
    return status;
}

static mc_status run_compare(mc_session *session, const void *raw, mc_error *err)
{
    return compare(session, raw, NULL, err);
}

static const char *const compare_examples[] = {
    "mc geometry crm-compare --crm-a base.crm.safetensors --crm-b tuned.crm.safetensors",
    "mc geometry crm-compare base.crm.safetensors tuned.crm.safetensors --metric "
    "cka,mutual-knn",
    "mc geometry crm-compare base.crm.safetensors tuned.crm.safetensors --fail-if 'cka<0.98'",
    NULL,
};
static const char *const compare_aliases[] = { "geometry crm compare", NULL };

const mc_command mc_cmd_geometry_crm_compare = {
    .name    = "geometry crm-compare",
    .summary = "compare two models' states, layer by layer, with null and intervals",
    .details =
        "All pairs of layers for each metric; p against permuted probes, corrected for the "
        "number of pairs; intervals from random halves of the probes; the noise ceiling where "
        "the files hold split halves and the control where both were built with --control. "
        "Probes are matched by full id, so the atlas subsets, widths and depths may differ.\n"
        "Names in a --fail-if condition: a metric (its mean over the monotone correspondence), "
        "<metric>.low (of the mean's interval), .min and .max (over the correspondence), "
        ".assignment (mean of the one-to-one assignment), .significant (share with corrected "
        "p < 0.05), .p (of the best pair), .without (flagged probes left out), "
        ".without-dimensions (flagged units left out), .control; warnings and probes (their "
        "numbers). Several conditions are separated by commas; any "
        "of them suffices. An undefined number counts as a failure.",
    .operands  = compare_operands,
    .options   = compare_options,
    .examples  = compare_examples,
    .aliases   = compare_aliases,
    .schema    = &compare_schema,
    .uses      = MC_USES_THREADS | MC_USES_RANDOM | MC_USES_PROGRESS,
    .args_size = sizeof(compare_args),
    .run       = run_compare,
};

/* ---- the semantic primes alone ---- */

static mc_status run_primes(mc_session *session, const void *raw, mc_error *err)
{
    return compare(session, raw, "semantic_prime", err);
}

static const mc_schema   primes_schema = { "mc.geometry.primes.compare.v1", mc_compare_fields };
static const char *const primes_examples[] = {
    "mc geometry primes compare base.crm.safetensors tuned.crm.safetensors --metric cka,rsa",
    NULL,
};

const mc_command mc_cmd_geometry_primes_compare = {
    .name      = "geometry primes compare",
    .summary   = "compare two models' states on the semantic primes alone",
    .details   = "As 'mc geometry crm-compare', over those of the 65 semantic primes that both "
                 "files hold. Names in a --fail-if condition are in its help.",
    .operands  = compare_operands,
    .options   = compare_options,
    .examples  = primes_examples,
    .schema    = &primes_schema,
    .uses      = MC_USES_THREADS | MC_USES_RANDOM | MC_USES_PROGRESS,
    .args_size = sizeof(compare_args),
    .run       = run_primes,
};
