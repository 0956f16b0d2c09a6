/* fail_malloc.c - preloaded into a program: the n-th call of the C library's allocator fails,
 * from whoever it comes, our code, the C++ library, PCRE2 or the system's own.
 *
 *     FAIL_AT=n           counted from the moment at which the program names its process
 *     FAIL_FOR_GOOD=1     and every later one
 *     FAIL_COUNT=<file>   the number of calls is written there at the end */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_ulong calls;
static atomic_ulong fail_at;
static atomic_int   for_good, counting;

static int must_fail(void)
{
    unsigned long number, at = atomic_load(&fail_at);

    if (!atomic_load(&counting)) return 0;
    number = atomic_fetch_add(&calls, 1) + 1;
    if (at == 0 || number < at || (number > at && !atomic_load(&for_good))) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return must_fail() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return must_fail() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (must_fail()) return ENOMEM;
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

int prctl(int option, ...)
{
    int (*next)(int, unsigned long, unsigned long, unsigned long, unsigned long);
    va_list       list;
    unsigned long argument;

    va_start(list, option);
    argument = va_arg(list, unsigned long);
    va_end(list);
    *(void **)&next = dlsym(RTLD_NEXT, "prctl");
    if (option == PR_SET_NAME && !atomic_exchange(&counting, 1)) {
        const char *at = getenv("FAIL_AT"), *good = getenv("FAIL_FOR_GOOD");
        atomic_store(&for_good, good != NULL);
        atomic_store(&fail_at, at ? strtoul(at, NULL, 10) : 0);
    }
    return next(option, argument, 0, 0, 0);
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("FAIL_COUNT");
    FILE       *file;

    atomic_store(&counting, 0);
    file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "%lu\n", atomic_load(&calls));
    fclose(file);
}
