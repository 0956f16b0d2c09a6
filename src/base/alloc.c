/* alloc.c - the one door to the heap. */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"

/* From this size on a block gets its own mapping: it can be given back and take huge pages. */
#define LARGE_BLOCK ((size_t)4 << 20)
#define HUGE_PAGE ((size_t)2 << 20)

static atomic_uint_fast64_t allocations;
static atomic_uint_fast64_t fail_at;
static atomic_int           fail_for_good;

void mc_alloc_fail_at(uint64_t number, int for_good)
{
    atomic_store(&allocations, 0);
    atomic_store(&fail_for_good, for_good);
    atomic_store(&fail_at, number);
}

uint64_t mc_alloc_count(void)
{
    return atomic_load(&allocations);
}

static int must_fail(void)
{
    uint64_t number = atomic_fetch_add(&allocations, 1) + 1;
    uint64_t at     = atomic_load_explicit(&fail_at, memory_order_relaxed);

    if (at == 0) return 0;
    return number == at || (number > at && atomic_load(&fail_for_good));
}

void *mc_alloc(size_t size)
{
    return must_fail() ? NULL : malloc(size ? size : 1);
}

void *mc_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : calloc(count ? count : 1, size ? size : 1);
}

void *mc_alloc_array(size_t count, size_t size)
{
    size_t bytes;

    return mc_mul_size(count, size, &bytes) ? mc_alloc(bytes) : NULL;
}

void *mc_realloc_array(void *old, size_t count, size_t size)
{
    size_t bytes;

    if (!mc_mul_size(count, size, &bytes) || must_fail()) return NULL;
    return realloc(old, bytes ? bytes : 1);
}

char *mc_strndup(const char *text, size_t length)
{
    char *copy = mc_alloc(length + 1);

    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *mc_strdup(const char *text)
{
    return mc_strndup(text, strlen(text));
}

void mc_free(void *memory)
{
    free(memory);
}

static size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

void *mc_alloc_aligned(size_t size)
{
    void *memory;

    if (size > SIZE_MAX - HUGE_PAGE || must_fail()) return NULL;
    if (size < LARGE_BLOCK) {
        memory = aligned_alloc(MC_CACHE_LINE, round_up(size ? size : 1, MC_CACHE_LINE));
        if (memory) memset(memory, 0, size);
        return memory;
    }
    memory = mmap(NULL, round_up(size, HUGE_PAGE), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    madvise(memory, round_up(size, HUGE_PAGE), MADV_HUGEPAGE);
    return memory;
}

void mc_free_aligned(void *memory, size_t size)
{
    if (!memory) return;
    if (size < LARGE_BLOCK)
        free(memory);
    else
        munmap(memory, round_up(size, HUGE_PAGE));
}

mc_status(mc_fail_memory)(mc_error *err, size_t wanted)
{
    static const char hint[] = "close other programs, or ask for less at once";

    if (wanted == 0) return mc_fail(err, MC_ERR_MEMORY, hint, "cannot get more memory");
    return mc_fail(err, MC_ERR_MEMORY, hint, "cannot get %zu bytes of memory", wanted);
}

mc_status mc_grow(void **array, size_t *capacity, size_t count, size_t element, mc_error *err)
{
    size_t wanted = *capacity ? *capacity * 2 : 16;
    void  *grown;

    if (count < *capacity) return MC_OK;
    grown = mc_realloc_array(*array, wanted, element);
    if (!grown) return mc_fail_memory(err, wanted * element);
    *array    = grown;
    *capacity = wanted;
    return MC_OK;
}
