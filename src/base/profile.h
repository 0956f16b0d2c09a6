/* profile.h - marks around what is worth timing; see <modelcypher/profile.h>. */
#ifndef MC_BASE_PROFILE_H
#define MC_BASE_PROFILE_H

#include <modelcypher/profile.h>

#include "base/error.h"

/* When a call began, and what its thread's operations had done until then; zeros while nothing
 * is recorded. */
typedef struct mc_profile_mark {
    double wall, cpu, bytes, flop;
} mc_profile_mark;

/* What it was. `name` is static. */
typedef struct mc_profile_call {
    mc_profile_kind kind;
    const char     *name;
    size_t          columns, depth;
    double          bytes, flop;
} mc_profile_call;

bool            mc_profile_is_on(void);
mc_profile_mark mc_profile_begin(void);
void            mc_profile_end(mc_profile_mark begun, const mc_profile_call *call);
/* The same for a stage of which nothing more is known than its name. */
void mc_profile_end_stage(mc_profile_mark begun, const char *name);
/* The thread is about to end. */
void mc_profile_leave(void);

#endif
