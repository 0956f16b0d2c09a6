/* fuzz_safetensors.c - any bytes as a safetensors file. */
#include "fuzz/fuzz_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_store(&mc_format_safetensors, data, size);
    return 0;
}
