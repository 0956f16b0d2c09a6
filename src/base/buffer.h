/* buffer.h - a growing run of bytes, for building text.
 *
 * The first failed allocation is remembered and later calls do nothing, so a writer checks
 * once, with mc_buffer_status(), at its end. Always NUL-terminated once something was added. */
#ifndef MC_BASE_BUFFER_H
#define MC_BASE_BUFFER_H

#include <stdarg.h>
#include <stddef.h>

#include "base/error.h"

typedef struct mc_buffer {
    char  *data;
    size_t size; /* without the terminating NUL */
    size_t capacity;
    int    failed;
} mc_buffer;

void mc_buffer_clear(mc_buffer *buffer); /* frees; an all-zero buffer is empty and valid */
/* Clear a buffer that was a part of another: what the part could not hold, the whole lacks. */
void mc_buffer_clear_part(mc_buffer *part, mc_buffer *whole);
void mc_buffer_add(mc_buffer *buffer, const void *bytes, size_t size);
void mc_buffer_add_text(mc_buffer *buffer, const char *text);
void mc_buffer_add_char(mc_buffer *buffer, char byte);
void mc_buffer_printf(mc_buffer *buffer, const char *format, ...) MC_PRINTF(2, 3);
void mc_buffer_vprintf(mc_buffer *buffer, const char *format, va_list args) MC_PRINTF(2, 0);
/* Room for `size` more bytes; NULL after a failure. Follow with `buffer->size += written`. */
char     *mc_buffer_reserve(mc_buffer *buffer, size_t size);
mc_status mc_buffer_status(const mc_buffer *buffer, mc_error *err);
/* The text, now the caller's (mc_free); the buffer is empty again. NULL after a failure. */
char *mc_buffer_take(mc_buffer *buffer);

#endif
