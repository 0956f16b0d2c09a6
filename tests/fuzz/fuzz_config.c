/* fuzz_config.c - any bytes as config.json: to hyper-parameters and frequencies, and on to the
 * point where the first tensor is missing. */
#include <stdlib.h>

#include "base/json.h"
#include "format/store.h"
#include "model/lower.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t empty[] = { 2, 0, 0, 0, 0, 0, 0, 0, '{', '}' };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_store      *store   = NULL;
    mc_error       err     = { 0 };
    mc_hparams     hparams = { 0 };
    mc_lowered     lowered = { 0 };
    const mc_arch *arch;

    if (mc_store_open_bytes(&mc_format_safetensors, (mc_span){ empty, sizeof empty }, &store,
                            NULL) != MC_OK)
        return 0;
    if (mc_json_parse((const char *)data, size, &store->config, NULL) == MC_OK) {
        if (mc_hparams_read(store, &arch, &hparams, &err) == MC_OK) {
            if (mc_lower(store, arch, &hparams, &lowered, &err) == MC_OK) abort();
            mc_hparams_clear(&hparams);
        }
        if (!err.reason[0] || !err.subject[0]) abort();
    }
    mc_store_close(store);
    return 0;
}
