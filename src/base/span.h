/* span.h - a borrowed run of bytes, and a bounds-checked reader over one. Sizes come from
 * files: they are compared with what is left, never added to a pointer first. */
#ifndef MC_BASE_SPAN_H
#define MC_BASE_SPAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct mc_span {
    const uint8_t *data;
    size_t         size;
} mc_span;

typedef struct mc_reader {
    mc_span bytes;
    size_t  offset;
} mc_reader;

static inline size_t mc_reader_left(const mc_reader *reader)
{
    return reader->bytes.size - reader->offset;
}

/* Little-endian reads; MC_ERR_TRUNCATED when the bytes end first. */
mc_status mc_read_span(mc_reader *reader, uint64_t size, mc_span *out, mc_error *err);
mc_status mc_read_u8(mc_reader *reader, uint8_t *out, mc_error *err);
mc_status mc_read_u32(mc_reader *reader, uint32_t *out, mc_error *err);
mc_status mc_read_u64(mc_reader *reader, uint64_t *out, mc_error *err);

#endif
