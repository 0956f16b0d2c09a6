/* fuzz_toml.c - any bytes as config.toml: read, or refused with path, line and reason. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mc_status visit(void *context, const mc_toml_value *value, mc_error *err)
{
    (void)err;
    if (!value->key || value->line == 0) abort();
    *(size_t *)context += strlen(value->key) + (value->text ? strlen(value->text) : 0);
    return MC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char     *copy = malloc(size ? size : 1);
    size_t    seen = 0;
    mc_error  err  = { 0 };
    mc_status status;

    if (!copy) return 0;
    if (size) memcpy(copy, data, size);
    status = mc_toml_read("fuzz.toml", copy, size, visit, &seen, &err);
    if (status != MC_OK && (!err.reason[0] || err.status != status)) abort();
    if (status == MC_ERR_USAGE && strncmp(err.reason, "fuzz.toml:", 10) != 0) abort();
    free(copy);
    return 0;
}
