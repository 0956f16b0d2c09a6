/* error.h (base) - how the library fills an mc_error.
 *
 * The function that detects a failure gives reason and hint (mc_fail); the function that knows
 * the path stamps the subject (mc_fail_about), once: nobody overwrites a subject that is set.
 */
#ifndef MC_BASE_ERROR_H
#define MC_BASE_ERROR_H

#include <modelcypher/error.h>

/* Record a failure and return `status`. `hint` may be "" or NULL. A subject that the caller of
 * the caller set before is cleared: an error belongs to one failure. */
mc_status mc_fail(mc_error *err, mc_status status, const char *hint, const char *reason, ...)
    MC_PRINTF(4, 5);

/* The same for a failed system call: reason is "<what>: <strerror(errno)>", status is IO,
 * NOT_FOUND, DISK_FULL or MEMORY as errno says. */
mc_status mc_fail_errno(mc_error *err, const char *hint, const char *what, ...) MC_PRINTF(3, 4);

/* Say what the failed work was about, unless somebody deeper already did. Returns `status`,
 * which is a failure's. */
mc_status mc_fail_about(mc_error *err, mc_status status, const char *subject, ...)
    MC_PRINTF(3, 4);

/* A failure is never MC_OK (the functions see to it). Saying so here lets compilers and the
 * analyser follow "out-parameters are set when the status is MC_OK" without being shown how
 * each error came about. */
static inline mc_status mc_failed(mc_status status)
{
    if (status == MC_OK) __builtin_unreachable();
    return status;
}
#define mc_fail(...) mc_failed(mc_fail(__VA_ARGS__))
#define mc_fail_errno(...) mc_failed(mc_fail_errno(__VA_ARGS__))
#define mc_fail_about(...) mc_failed(mc_fail_about(__VA_ARGS__))

/* Leave a function that owns nothing yet. Functions that own something use `goto done`. */
#define MC_TRY(call)                                      \
    do {                                                  \
        mc_status mc_try_status = (call);                 \
        if (mc_try_status != MC_OK) return mc_try_status; \
    } while (0)

#endif
