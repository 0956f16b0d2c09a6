/* op_profile.h - one operation on one tile, as a row of the profile. */
#ifndef MC_ENGINE_OP_PROFILE_H
#define MC_ENGINE_OP_PROFILE_H

#include "backend/backend.h"
#include "base/profile.h"

/* What an operation on this tile reads, writes and computes: for mc_profile_end(). Empty while
 * nothing is recorded. */
mc_profile_call mc_op_profile_call(const mc_op *op, const mc_tile *tile);

/* Behind one job of staging: a part of the operation's weights, widened and laid out. */
void mc_op_profile_end_stage(mc_profile_mark begun, const mc_backend *backend, const mc_op *op);

#endif
