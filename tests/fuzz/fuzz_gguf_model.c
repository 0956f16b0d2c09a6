/* fuzz_gguf_model.c - any bytes as a GGUF model: metadata to hyper-parameters, tensors to
 * programs. */
#include <stdlib.h>
#include <string.h>

#include "format/store.h"
#include "model/lower.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lower(const mc_store *store)
{
    mc_error       err     = { 0 };
    mc_hparams     hparams = { 0 };
    mc_lowered     lowered = { 0 };
    const mc_arch *arch;

    if (mc_hparams_read(store, &arch, &hparams, &err) == MC_OK) {
        if (mc_lower(store, arch, &hparams, &lowered, &err) == MC_OK)
            mc_lowered_clear(&lowered);
        else if (!err.reason[0])
            abort();
        mc_hparams_clear(&hparams);
    } else if (!err.reason[0]) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t  *copy  = malloc(size ? size : 1);
    mc_store *store = NULL;

    if (!copy) return 0;
    if (size > 0) memcpy(copy, data, size);
    if (mc_store_open_bytes(&mc_format_gguf, (mc_span){ copy, size }, &store, NULL) == MC_OK)
        lower(store);
    mc_store_close(store);
    free(copy);
    return 0;
}
