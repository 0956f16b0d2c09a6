/* fuzz_gguf.c - any bytes as a GGUF file. */
#include "fuzz/fuzz_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_store(&mc_format_gguf, data, size);
    return 0;
}
