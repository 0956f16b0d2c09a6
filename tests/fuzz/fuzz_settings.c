/* fuzz_settings.c - any bytes as config.toml: read, or refused with path and reason. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mc_status look(void *context, const mc_toml_value *value, mc_error *err)
{
    size_t *seen = context;

    (void)err;
    *seen += strlen(value->key) + (value->text ? strlen(value->text) : 0);
    if (value->line == 0) abort();
    return MC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_error err  = { 0 };
    size_t   seen = 0;

    if (mc_toml_read("config.toml", (const char *)data, size, look, &seen, &err) == MC_OK)
        return 0;
    if (err.status == MC_ERR_USAGE && strncmp(err.reason, "config.toml:", 12) != 0) abort();
    if (!err.reason[0]) abort();
    return 0;
}
