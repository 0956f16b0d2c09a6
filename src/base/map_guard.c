/* map_guard.c - the SIGBUS handler and the list of ranges that it looks through.
 *
 * The handler may run in any thread, at any instruction that reads a mapping. It touches
 * lock-free atomics and makes two system calls, mmap and sigaction. Entries of the list are
 * never freed, only used again: the handler can always walk it. */
#include "base/map_guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <modelcypher/system.h>

#include "base/alloc.h"

struct mc_map_guard {
    atomic_uintptr_t base; /* 0: not in use */
    atomic_size_t    size;
    atomic_int       hit;
    mc_map_guard    *next; /* set once, before the entry is published */
};

_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2 && ATOMIC_LONG_LOCK_FREE == 2,
               "a signal handler may only touch lock-free atomics");

static _Atomic(mc_map_guard *) guards;
static atomic_int              hits, disabled;
static uintptr_t               page_size;
static struct sigaction        before; /* what was set when this handler was */
static pthread_mutex_t         installing = PTHREAD_MUTEX_INITIALIZER;

/* The signal that is being passed on in this thread. In the thread's own block: a handler must
 * not be the first to touch a variable that is allocated when it is touched. */
static _Thread_local const siginfo_t *passing __attribute__((tls_model("initial-exec")));

/* ---- in the handler ---- */

static mc_map_guard *find_guard(uintptr_t at)
{
    for (mc_map_guard *guard = atomic_load(&guards); guard; guard = guard->next) {
        uintptr_t base = atomic_load(&guard->base);
        size_t    size = atomic_load(&guard->size);
        /* Read again: the entry may just be getting another range. */
        if (base && at - base < size && atomic_load(&guard->base) == base) return guard;
    }
    return NULL;
}

/* Zeros from the page at `at` to the end of the range; what lies before stays the file's. */
static bool replace(mc_map_guard *guard, uintptr_t at)
{
    uintptr_t end   = atomic_load(&guard->base) + atomic_load(&guard->size);
    uintptr_t first = at / page_size * page_size;

    atomic_store(&guard->hit, 1);
    atomic_fetch_add(&hits, 1);
    return mmap((void *)first, end - first, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                -1, 0) != MAP_FAILED;
}

/* The system ends a process that cannot go on, whether or not it ignores the signal: so shall
 * it be when the instruction is tried again, or the signal that was sent is here again. */
static void end_process(int number, const siginfo_t *info)
{
    struct sigaction standard = { .sa_handler = SIG_DFL };

    sigaction(number, &standard, NULL);
    if (info->si_code <= 0) raise(number);
}

/* Not ours: as if this handler did not exist. A handler that was set after this one and passes
 * on to it gets its signal back once, not for ever. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    bool returned = passing == info;

    passing = info;
    if (returned)
        end_process(number, info);
    else if (before.sa_flags & SA_SIGINFO)
        before.sa_sigaction(number, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
        before.sa_handler(number);
    else if (info->si_code > 0 || before.sa_handler == SIG_DFL)
        end_process(number, info);
    passing = NULL;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    int           kept  = errno;
    uintptr_t     at    = (uintptr_t)info->si_addr;
    mc_map_guard *guard = info->si_code > 0 ? find_guard(at) : NULL;

    if (!guard || !replace(guard, at)) pass_on(number, info, context);
    errno = kept;
}

/* ---- outside of it ---- */

/* Again with every range: a program may have set its own handler since the last one. */
static mc_status install(mc_error *err)
{
    struct sigaction action = { .sa_sigaction = on_bus_error,
                                .sa_flags     = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
    struct sigaction now;
    int              failed;

    if (atomic_load(&disabled)) return MC_OK;
    sigemptyset(&action.sa_mask);
    pthread_mutex_lock(&installing);
    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    failed    = sigaction(SIGBUS, NULL, &now);
    if (!failed && !(now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_bus_error)) {
        before = now;
        failed = sigaction(SIGBUS, &action, NULL);
    }
    pthread_mutex_unlock(&installing);
    return failed ? mc_fail_errno(err, "", "cannot handle SIGBUS") : MC_OK;
}

/* An entry that nobody uses, or a new one. */
static mc_map_guard *take_entry(uintptr_t base)
{
    mc_map_guard *entry;

    for (entry = atomic_load(&guards); entry; entry = entry->next) {
        uintptr_t unused = 0;
        if (atomic_load(&entry->size) == 0 &&
            atomic_compare_exchange_strong(&entry->base, &unused, base))
            return entry;
    }
    entry = mc_calloc(1, sizeof *entry);
    if (!entry) return NULL;
    atomic_store(&entry->base, base);
    entry->next = atomic_load(&guards);
    while (!atomic_compare_exchange_weak(&guards, &entry->next, entry))
        ;
    return entry;
}

mc_status mc_map_guard_create(const void *base, size_t size, mc_map_guard **guard,
                              mc_error *err)
{
    mc_map_guard *entry;

    MC_TRY(install(err));
    entry = take_entry((uintptr_t)base);
    if (!entry) return mc_fail_memory(err, sizeof *entry);
    atomic_store(&entry->hit, 0);
    atomic_store(&entry->size, size);
    *guard = entry;
    return MC_OK;
}

void mc_map_guard_release(mc_map_guard *guard)
{
    if (!guard) return;
    atomic_store(&guard->size, 0);
    atomic_store(&guard->base, 0);
}

bool mc_map_guard_hit(const mc_map_guard *guard)
{
    return guard && atomic_load(&guard->hit) != 0;
}

mc_status mc_map_guard_check_all(mc_error *err)
{
    if (atomic_load(&hits) == 0) return MC_OK;
    return mc_fail(err, MC_ERR_IO,
                   "leave the files alone while they are read, check the disk, and run again",
                   "a file that was being read was cut short, or could not be read");
}

void mc_fault_guard_disable(void)
{
    atomic_store(&disabled, 1);
}
