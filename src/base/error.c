/* error.c - filling and naming errors. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *mc_status_title(mc_status status)
{
#define TITLE(name, code, title) \
    case name: return title;
    switch (status) {
        MC_STATUS_LIST(TITLE)
    }
#undef TITLE
    return "unknown status";
}

const char *mc_status_code(mc_status status)
{
#define CODE(name, code, title) \
    case name: return "MC-" #code;
    switch (status) {
        MC_STATUS_LIST(CODE)
    }
#undef CODE
    return "MC-1006";
}

static void fill(mc_error *err, mc_status status, const char *hint)
{
    err->status     = status;
    err->subject[0] = '\0';
    snprintf(err->hint, sizeof err->hint, "%s", hint ? hint : "");
}

mc_status(mc_fail)(mc_error *err, mc_status status, const char *hint, const char *reason, ...)
{
    va_list args;

    if (status == MC_OK) status = MC_ERR_INTERNAL;
    if (!err) return status;
    fill(err, status, hint);
    va_start(args, reason);
    vsnprintf(err->reason, sizeof err->reason, reason, args);
    va_end(args);
    return status;
}

static mc_status status_of_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR: return MC_ERR_NOT_FOUND;
    case ENOSPC:
    case EDQUOT: return MC_ERR_DISK_FULL;
    case ENOMEM: return MC_ERR_MEMORY;
    default: return MC_ERR_IO;
    }
}

mc_status(mc_fail_errno)(mc_error *err, const char *hint, const char *what, ...)
{
    int       number = errno;
    mc_status status = status_of_errno(number);
    va_list   args;
    size_t    used;

    if (!err) return status;
    fill(err, status, hint);
    va_start(args, what);
    vsnprintf(err->reason, sizeof err->reason, what, args);
    va_end(args);
    used = strlen(err->reason);
    snprintf(err->reason + used, sizeof err->reason - used, ": %s", strerror(number));
    return status;
}

mc_status(mc_fail_about)(mc_error *err, mc_status status, const char *subject, ...)
{
    va_list args;

    if (status == MC_OK) status = MC_ERR_INTERNAL;
    if (!err || err->subject[0]) return status;
    va_start(args, subject);
    vsnprintf(err->subject, sizeof err->subject, subject, args);
    va_end(args);
    return status;
}
