/* cmd_geometry_fingerprint.c - mc geometry fingerprint: a model's geometry in a few numbers a
 * layer. */
#include <modelcypher/fingerprint.h>

#include "analysis/fingerprint_form.h"
#include "base/new_file.h"
#include "cli/capture_options.h"
#include "cli/fingerprint_text.h"
#include "cli/output.h"

typedef struct fingerprint_args {
    const char        *model, *output;
    mc_capture_options capture;
    bool               cache;
} fingerprint_args;

#define FIELD(name) offsetof(fingerprint_args, name)

static const mc_option fingerprint_options[] = {
    MC_CAPTURE_OPTIONS(fingerprint_args, capture),
    { MC_OPT_SWITCH, '\0', "cache", NULL, "use what was computed before, and keep it", "yes",
      FIELD(cache) },
    { MC_OPT_NEW_FILE, 'o', "output", "FILE", "also write it as JSON", NULL, FIELD(output) },
    { .name = NULL },
};

static const mc_positional fingerprint_operands[] = {
    { "MODEL", "a model, whose probes are run, or a concept response matrix", FIELD(model),
      .required = true },
    { .name = NULL },
};

static mc_status show(mc_session *session, const fingerprint_args *args,
                      const mc_fingerprint *fingerprint, mc_error *err)
{
    const mc_text_style style = { mc_terminal_width(), mc_terminal_color() };

    if (args->output) MC_TRY(mc_fingerprint_save(fingerprint, args->output, err));
    session->as_text = session->globals.format == MC_OUTPUT_TEXT;
    if (!session->as_text) return mc_fingerprint_report(fingerprint, session->report, err);
    mc_fingerprint_text(&session->text, fingerprint, style);
    return MC_OK;
}

static mc_status run_fingerprint(mc_session *session, const void *raw, mc_error *err)
{
    const fingerprint_args *args    = raw;
    mc_fingerprint_options  options = { .no_cache = !args->cache };
    mc_fingerprint         *fingerprint;
    mc_status               status;

    MC_TRY(mc_capture_options_fill(&args->capture, session, &options.capture, err));
    if (args->output) {
        MC_TRY(mc_new_file_check_source(args->output, args->model, err));
        MC_TRY(mc_output_check_file(args->output, err));
    }
    options.capture.output = args->output;
    MC_TRY(mc_fingerprint_compute(args->model, &options, &fingerprint, err));
    mc_progress_end();
    status = show(session, args, fingerprint, err);
    mc_fingerprint_free(fingerprint);
    return status;
}

static const char *const fingerprint_examples[] = {
    "mc geometry fingerprint model.gguf",
    "mc geometry fingerprint models/tiny-llama --atlas semantic_primes --output tiny.json",
    NULL,
};

const mc_command mc_cmd_geometry_fingerprint = {
    .name    = "geometry fingerprint",
    .summary = "a model's geometry in a few numbers a layer, small enough to keep",
    .details =
        "Per layer: norms, cosine of pairs of probes before and after centring, spectrum, "
        "intrinsic dimension and effective rank with 95 % intervals, units with massive "
        "activations, the most and the least typical probes, and a sketch of how 128 of the "
        "probes lie to each other, which mc geometry fingerprint compare needs. The JSON form "
        "holds all of it, with the hashes of model, tokenizer and atlas.\n"
        "The second call is served from ~/.modelcypher/caches/fingerprints (MODELCYPHER_HOME), "
        "by content: a changed model, tokenizer, atlas or option is computed anew. Removing "
        "the "
        "files there whose names begin with the model's is safe at any moment.",
    .operands  = fingerprint_operands,
    .options   = fingerprint_options,
    .examples  = fingerprint_examples,
    .schema    = &mc_fingerprint_schema,
    .uses      = MC_USES_ENGINE | MC_USES_PROGRESS,
    .args_size = sizeof(fingerprint_args),
    .run       = run_fingerprint,
};
