/* fingerprint_cache.c - keeping fingerprints. An entry's payload is the JSON that is printed.
 */
#include "analysis/fingerprint_cache.h"

#include <modelcypher/version.h>
#include <string.h>

#include "analysis/fingerprint_form.h"
#include "base/alloc.h"
#include "base/log.h"
#include "format/format.h"
#include "model/model.h"

/* Everything but the texts of the atlas file: those are in its SHA-256. */
mc_status mc_fingerprint_cache_id(const mc_capture_run *run, mc_cache_id *id, mc_error *err)
{
    const mc_crm_build_options *o     = run->options;
    const mc_atlas_info        *atlas = mc_atlas_get_info(run->atlas);
    mc_buffer                   text  = { 0 };
    mc_status                   status;

    mc_buffer_printf(&text, "%s\n%s\n%s\n%s\n%s\n", MC_FINGERPRINT_SCHEMA, mc_version(),
                     mc_engine_arithmetic, run->model_hash,
                     mc_tokenizer_get_info(run->tokenizer)->hash);
    mc_buffer_printf(&text, "%s\n%s\n%zu\n%s\n%s\n", atlas->sha256, atlas->selection,
                     o->texts_per_probe, mc_pooling_name(o->pooling), run->backend->name);
    for (size_t i = 0; i < run->layers.count; i++)
        mc_buffer_printf(&text, "%d ", run->layers.items[i]);
    status = mc_buffer_status(&text, err);
    if (status == MC_OK)
        *id = (mc_cache_id){ .kind  = MC_CACHE_FINGERPRINT,
                             .model = mc_model_get_info(run->model)->name,
                             .key   = mc_hash_join(
                                   mc_hash_bytes(text.data, text.size),
                                   mc_store_config_hash(mc_model_store(run->model))) };
    mc_buffer_clear(&text);
    return status;
}

void mc_fingerprint_cache_find(const mc_cache_id *id, mc_fingerprint **fingerprint)
{
    mc_error  err = { 0 };
    char     *text;
    size_t    size;
    mc_status status;

    if (!mc_cache_find(id, &text, &size)) return;
    status = mc_fingerprint_parse(text, size, fingerprint, &err);
    mc_free(text);
    if (status == MC_OK)
        (*fingerprint)->cached = true;
    else
        mc_log(MC_LOG_WARN, "the cached fingerprint of %s is not used: %s", id->model,
               err.reason);
}

void mc_fingerprint_cache_put(const mc_cache_id *id, const mc_fingerprint *fingerprint)
{
    mc_buffer text = { 0 };
    mc_error  err  = { 0 };

    if (mc_fingerprint_print(fingerprint, &text, &err) == MC_OK)
        mc_cache_put(id, text.data, text.size);
    else
        mc_log(MC_LOG_WARN, "the fingerprint of %s is not kept: %s", id->model, err.reason);
    mc_buffer_clear(&text);
}
