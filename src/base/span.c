/* span.c - reading little-endian numbers without trusting lengths. */
#include "base/span.h"

#include <inttypes.h>
#include <string.h>

mc_status mc_read_span(mc_reader *reader, uint64_t size, mc_span *out, mc_error *err)
{
    if (size > mc_reader_left(reader))
        return mc_fail(err, MC_ERR_TRUNCATED,
                       "the file is probably truncated; fetch it again and compare sizes",
                       "needs %" PRIu64 " bytes at offset %zu, only %zu are left", size,
                       reader->offset, mc_reader_left(reader));
    *out = (mc_span){ reader->bytes.data + reader->offset, (size_t)size };
    reader->offset += (size_t)size;
    return MC_OK;
}

static mc_status read_number(mc_reader *reader, void *out, size_t size, mc_error *err)
{
    mc_span span;

    MC_TRY(mc_read_span(reader, size, &span, err));
    memcpy(out, span.data, size); /* every supported machine is little-endian */
    return MC_OK;
}

mc_status mc_read_u8(mc_reader *reader, uint8_t *out, mc_error *err)
{
    return read_number(reader, out, sizeof *out, err);
}

mc_status mc_read_u32(mc_reader *reader, uint32_t *out, mc_error *err)
{
    return read_number(reader, out, sizeof *out, err);
}

mc_status mc_read_u64(mc_reader *reader, uint64_t *out, mc_error *err)
{
    return read_number(reader, out, sizeof *out, err);
}
