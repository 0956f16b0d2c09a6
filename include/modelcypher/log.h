/* log.h - messages about the work, for a program that wants to show them. */
#ifndef MODELCYPHER_LOG_H
#define MODELCYPHER_LOG_H

#include <modelcypher/export.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mc_log_level {
    MC_LOG_TRACE,
    MC_LOG_DEBUG, /* every stage reports its seconds */
    MC_LOG_INFO,
    MC_LOG_WARN,
    MC_LOG_ERROR
} mc_log_level;

/* `message` is one line without a line end, valid during the call. May come from any thread. */
typedef void mc_log_function(void *context, mc_log_level level, const char *message);

/* Where messages of `least` and above go; NULL: nowhere (the default). Set it before other
 * calls. */
MC_API void mc_log_set(mc_log_function *function, void *context, mc_log_level least);

#ifdef __cplusplus
}
#endif
#endif
