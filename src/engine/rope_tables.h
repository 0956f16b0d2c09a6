/* rope_tables.h - cos and sin of every position, made once a pass. */
#ifndef MC_ENGINE_ROPE_TABLES_H
#define MC_ENGINE_ROPE_TABLES_H

#include "backend/backend.h"
#include "engine/plan.h"

typedef struct mc_rope_tables {
    mc_rope_table        *tables; /* each with its own values */
    size_t                count;
    const mc_rope_table **of_text; /* [texts of the plan][ropes of the model] */
} mc_rope_tables;

mc_status mc_rope_tables_create(const mc_lowered *model, const mc_plan *plan,
                                mc_rope_tables *tables, mc_error *err);
void      mc_rope_tables_clear(mc_rope_tables *tables);
/* Of the tables that mc_rope_tables_create() makes. */
size_t mc_rope_tables_bytes(const mc_lowered *model, const mc_plan *plan);

/* Texts longer than this have angles of their own: the least switch_length; 0: there is none.
 */
size_t mc_rope_alone_above(const mc_lowered *model);

#endif
