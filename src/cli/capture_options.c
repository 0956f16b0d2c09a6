/* capture_options.c - from the command line to the options of a run. */
#include "cli/capture_options.h"

#include <stdio.h>

#include "cli/globals.h"
#include "cli/output.h"

const char *const mc_pool_choices[] = { "last", "mean", "all", NULL };

static void show_progress(void *context, const mc_build_progress *progress)
{
    char stage[48];

    /* What stands behind the last block counts as a part of it. */
    snprintf(stage, sizeof stage, "block %d of %d",
             progress->block < progress->last_block ? progress->block : progress->last_block,
             progress->last_block);
    mc_progress_update(context, stage, progress->fraction, progress->tokens_per_second);
}

/* A command may run two models, or look at the texts twice: a pipe is read here, once. */
static mc_status fill_probes(const mc_atlas_options *from, mc_session *session,
                             mc_crm_build_options *out, mc_error *err)
{
    MC_TRY(mc_atlas_options_check(from, err));
    if (mc_atlas_options_is_stream(from)) {
        MC_TRY(mc_atlas_options_open(from, &session->probes, err));
        out->probes = session->probes;
        return MC_OK;
    }
    out->atlas      = from->sets;
    out->atlas_file = from->file;
    out->texts      = from->texts;
    return MC_OK;
}

mc_status mc_capture_options_fill(const mc_capture_options *from, mc_session *session,
                                  mc_crm_build_options *out, mc_error *err)
{
    MC_TRY(fill_probes(&from->from, session, out, err));
    out->layers            = from->layers;
    out->cache_activations = from->cache_activations;
    out->texts_per_probe   = from->texts_per_probe;
    out->pooling           = (mc_pooling)from->pool;
    out->backend           = mc_globals_backend(&session->globals);
    out->threads           = session->globals.threads;
    out->max_memory        = session->globals.max_memory;
    out->batch_size        = from->batch_size;
    out->progress          = show_progress;
    out->context           = session;
    return MC_OK;
}
