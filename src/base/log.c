/* log.c - messages to a callback, and the clock they are timed with. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static struct {
    mc_log_function *function;
    void            *context;
    mc_log_level     least;
} sink;

void mc_log_set(mc_log_function *function, void *context, mc_log_level least)
{
    sink.function = function;
    sink.context  = context;
    sink.least    = least;
}

int mc_log_enabled(mc_log_level level)
{
    return sink.function && level >= sink.least;
}

void mc_log(mc_log_level level, const char *format, ...)
{
    char    message[1024];
    va_list args;

    if (!mc_log_enabled(level)) return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    sink.function(sink.context, level, message);
}

double mc_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
