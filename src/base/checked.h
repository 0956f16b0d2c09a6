/* checked.h - arithmetic on sizes that come from a file. */
#ifndef MC_BASE_CHECKED_H
#define MC_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* false when the result does not fit; *out is then unspecified. */
static inline bool mc_mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool mc_add_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

#define MC_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
