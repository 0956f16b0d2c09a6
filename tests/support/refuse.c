/* refuse.c - the expected status of a file to refuse is in its name. */
#include "support/refuse.h"

#include <ctype.h>

#include "base/checked.h"
#include "support/check.h"

static const struct {
    mc_status   status;
    const char *name;
} statuses[] = {
#define ROW(status, code, title) { status, #status },
    MC_STATUS_LIST(ROW)
#undef ROW
};

static mc_status expected(const char *name)
{
    const char *open = strchr(name, '('), *close = strchr(name, ')');
    char        wanted[64] = "MC_ERR_";
    size_t      used       = strlen(wanted);

    CHECK(name, open && close && close > open && close - open < 50);
    for (const char *at = open + 1; at < close && used + 1 < sizeof wanted; at++)
        wanted[used++] = (char)toupper((unsigned char)*at);
    wanted[used] = '\0';
    for (size_t i = 0; i < MC_ARRAY_LEN(statuses); i++)
        if (strcmp(statuses[i].name, wanted) == 0) return statuses[i].status;
    fail_msg("%s: no such status", name);
    return MC_OK;
}

void mc_test_refused(const char *name, mc_status status, const mc_error *err)
{
    if (status != expected(name))
        fail_msg("%s: gave '%s': %s: %s", name, mc_status_title(status), err->subject,
                 err->reason);
    CHECK(name, err->status == status);
    CHECK(name, err->reason[0] && err->hint[0] && err->subject[0]);
}
