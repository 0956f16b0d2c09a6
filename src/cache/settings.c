/* settings.c - the two variables. */
#include "cache/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DAY = 24 * 3600 };

typedef struct unit {
    const char *name;
    uint64_t    value;
} unit;

static const unit times[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", DAY }, { NULL } };
/* As --max-memory reads them. */
static const unit sizes[] = { { "", 1 },
                              { "b", 1 },
                              { "kb", 1000 },
                              { "mb", 1000000 },
                              { "gb", 1000000000 },
                              { "tb", 1000000000000 },
                              { "k", (uint64_t)1 << 10 },
                              { "m", (uint64_t)1 << 20 },
                              { "g", (uint64_t)1 << 30 },
                              { "t", (uint64_t)1 << 40 },
                              { "kib", (uint64_t)1 << 10 },
                              { "mib", (uint64_t)1 << 20 },
                              { "gib", (uint64_t)1 << 30 },
                              { "tib", (uint64_t)1 << 40 },
                              { NULL } };

/* "<digits><unit>", "0" with any or none. */
static bool parse(const char *text, const unit *units, uint64_t *value)
{
    char              *end;
    unsigned long long number;

    if (text[0] < '0' || text[0] > '9') return false;
    errno  = 0;
    number = strtoull(text, &end, 10);
    if (errno != 0) return false;
    *value = 0;
    if (number == 0 && !*end) return true;
    for (; units->name; units++)
        if (strcasecmp(end, units->name) == 0 && number <= INT64_MAX / units->value) {
            *value = number * units->value;
            return true;
        }
    return false;
}

mc_status mc_cache_settings_read(mc_cache_settings *settings, mc_error *err)
{
    const char *age = getenv("MC_CACHE_TTL"), *size = getenv("MC_CACHE_SIZE");
    uint64_t    seconds = (uint64_t)7 * DAY, bytes = (uint64_t)20 << 30;
    bool        never = age && strcmp(age, "never") == 0;

    if (age && age[0] && !never && !parse(age, times, &seconds))
        return mc_fail(err, MC_ERR_USAGE,
                       "give a number and s, m, h or d (12h), 0 for none, or never",
                       "MC_CACHE_TTL: '%s' is no time", age);
    if (size && size[0] && !parse(size, sizes, &bytes))
        return mc_fail(err, MC_ERR_USAGE, "write it as 4GiB, 500M or a number of bytes",
                       "MC_CACHE_SIZE: '%s' is no size", size);
    *settings = (mc_cache_settings){ .off  = !never && seconds == 0,
                                     .age  = never ? 0 : (int64_t)seconds,
                                     .size = bytes };
    return MC_OK;
}
