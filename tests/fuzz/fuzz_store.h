/* fuzz_store.h - one input through a format's reader, then through everything that a user of
 * the store may ask. Inputs are copied into a block of their exact size, so that a read one
 * byte too far is seen; a failure without a reason is a defect too. */
#ifndef MC_FUZZ_STORE_H
#define MC_FUZZ_STORE_H

#include <stdlib.h>
#include <string.h>

#include "format/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_touch_tensors(const mc_store *store)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < mc_store_tensor_count(store); i++) {
        const mc_tensor *tensor = mc_store_tensor(store, i);
        if (mc_store_find(store, tensor->name) != tensor) abort();
        if (tensor->bytes.size > 0)
            sum += tensor->bytes.data[0] + (uint64_t)tensor->bytes.data[tensor->bytes.size - 1];
    }
    if (sum == UINT64_MAX) abort(); /* never: keeps the reads */
}

static inline void fuzz_touch_metadata(const mc_store *store)
{
    static const char *const keys[] = { "general.architecture", "general.alignment",
                                        "tokenizer.ggml.tokens", "tokenizer.ggml.scores", "a" };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        mc_gguf_value value;
        uint64_t      number;
        double        real;
        bool          truth;
        mc_span       text;

        mc_store_gguf_uint(store, keys[i], &number);
        mc_store_gguf_float(store, keys[i], &real);
        mc_store_gguf_bool(store, keys[i], &truth);
        mc_store_gguf_string(store, keys[i], &text);
        if (!mc_store_gguf(store, keys[i], &value)) continue;
        if (value.count > 0) mc_gguf_number(&value, value.count - 1, &real);
        if (mc_gguf_number(&value, value.count, &real)) abort();
        if (value.type == MC_GGUF_ARRAY && value.element == MC_GGUF_STRING) {
            mc_reader elements = { .bytes = value.bytes };
            uint64_t  count    = 0;
            while (mc_gguf_next_string(&elements, &text))
                count++;
            if (count != value.count) abort();
        }
    }
}

static inline void fuzz_store(const mc_format *format, const uint8_t *data, size_t size)
{
    uint8_t  *copy  = malloc(size ? size : 1);
    mc_store *store = NULL;
    mc_error  err   = { 0 };

    if (!copy) return;
    if (size > 0) memcpy(copy, data, size);
    if (mc_store_open_bytes(format, (mc_span){ copy, size }, &store, &err) == MC_OK) {
        fuzz_touch_tensors(store);
        fuzz_touch_metadata(store);
        mc_store_close(store);
    } else if (!err.reason[0] || !err.subject[0] || err.status == MC_OK) {
        abort();
    }
    free(copy);
}

#endif
