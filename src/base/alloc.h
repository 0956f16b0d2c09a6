/* alloc.h - every heap call of the library goes through here, so that a test can make the n-th
 * one fail and the peak can be told. All functions return NULL when there is no memory. */
#ifndef MC_BASE_ALLOC_H
#define MC_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define MC_CACHE_LINE 64

void *mc_alloc(size_t size);
void *mc_calloc(size_t count, size_t size);
void *mc_alloc_array(size_t count, size_t size);              /* checks count * size */
void *mc_realloc_array(void *old, size_t count, size_t size); /* `old` survives a failure */
char *mc_strdup(const char *text);
char *mc_strndup(const char *text, size_t length);
void  mc_free(void *memory); /* NULL is fine */

/* Aligned to MC_CACHE_LINE, zeroed; large blocks are mapped and given huge pages where the
 * system has them. Freed with mc_free_aligned and the same size. */
void *mc_alloc_aligned(size_t size);
void  mc_free_aligned(void *memory, size_t size);

/* MC_ERR_MEMORY with the size that was wanted; 0: not known. */
mc_status mc_fail_memory(mc_error *err, size_t wanted);
#define mc_fail_memory(err, wanted) mc_failed(mc_fail_memory(err, wanted))

/* Make room for one more element in a growing array: doubles *capacity when count == *capacity.
 */
mc_status mc_grow(void **array, size_t *capacity, size_t count, size_t element, mc_error *err);

/* For tests: the allocation with this number (counted from 1, from now on) fails, and every one
 * after it too when `for_good`; 0 switches the hook off. */
void     mc_alloc_fail_at(uint64_t number, int for_good);
uint64_t mc_alloc_count(void); /* allocations since mc_alloc_fail_at() */

#endif
