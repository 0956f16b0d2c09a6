/* buffer.c - building text. */
#include "base/buffer.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

void mc_buffer_clear(mc_buffer *buffer)
{
    mc_free(buffer->data);
    *buffer = (mc_buffer){ 0 };
}

void mc_buffer_clear_part(mc_buffer *part, mc_buffer *whole)
{
    whole->failed |= part->failed;
    mc_buffer_clear(part);
}

char *mc_buffer_reserve(mc_buffer *buffer, size_t size)
{
    size_t need, capacity = buffer->capacity ? buffer->capacity : 256;
    char  *grown;

    if (buffer->failed) return NULL;
    if (!mc_add_size(buffer->size, size, &need) || need > SIZE_MAX / 4) {
        buffer->failed = 1;
        return NULL;
    }
    need++; /* the NUL */
    if (need <= buffer->capacity) return buffer->data + buffer->size;
    while (capacity < need)
        capacity *= 2;
    grown = mc_realloc_array(buffer->data, capacity, 1);
    if (!grown) {
        buffer->failed = 1;
        return NULL;
    }
    buffer->data     = grown;
    buffer->capacity = capacity;
    return grown + buffer->size;
}

void mc_buffer_add(mc_buffer *buffer, const void *bytes, size_t size)
{
    char *place = mc_buffer_reserve(buffer, size);

    if (!place) return;
    if (size > 0) memcpy(place, bytes, size);
    place[size] = '\0';
    buffer->size += size;
}

void mc_buffer_add_text(mc_buffer *buffer, const char *text)
{
    mc_buffer_add(buffer, text, strlen(text));
}

void mc_buffer_add_char(mc_buffer *buffer, char byte)
{
    mc_buffer_add(buffer, &byte, 1);
}

void mc_buffer_vprintf(mc_buffer *buffer, const char *format, va_list args)
{
    va_list again;
    int     length;
    char   *place;

    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    place  = length < 0 ? NULL : mc_buffer_reserve(buffer, (size_t)length);
    if (place) {
        vsnprintf(place, (size_t)length + 1, format, again);
        buffer->size += (size_t)length;
    } else {
        buffer->failed = 1;
    }
    va_end(again);
}

void mc_buffer_printf(mc_buffer *buffer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mc_buffer_vprintf(buffer, format, args);
    va_end(args);
}

mc_status mc_buffer_status(const mc_buffer *buffer, mc_error *err)
{
    return buffer->failed ? mc_fail_memory(err, buffer->capacity) : MC_OK;
}

char *mc_buffer_take(mc_buffer *buffer)
{
    char *text = NULL;

    if (!buffer->failed && mc_buffer_reserve(buffer, 0)) {
        text               = buffer->data;
        text[buffer->size] = '\0';
        *buffer            = (mc_buffer){ 0 };
    }
    mc_buffer_clear(buffer);
    return text;
}
