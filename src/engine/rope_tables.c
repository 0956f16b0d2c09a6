/* rope_tables.c - one table for texts of ordinary length, one for each length beyond the
 * switch. */
#include "engine/rope_tables.h"

#include <math.h>

#include "base/alloc.h"

size_t mc_rope_alone_above(const mc_lowered *model)
{
    size_t least = 0;

    for (size_t i = 0; i < model->rope_count; i++) {
        size_t at = model->ropes[i].switch_length;
        if (at && (!least || at < least)) least = at;
    }
    return least;
}

/* sin and cos by argument reduction to |r| <= pi/4 in double (pi/2 in three parts, Cody & Waite
 * 1980) and Taylor series to double precision there; our own, so that every machine gives the
 * same bits. Good for |x| up to 1e6, far beyond any position. */
static void sine_cosine(double x, double *sine, double *cosine)
{
    double  n = nearbyint(x * 0.63661977236758134308);
    double  r = fma(n, -1.57079632673412561417e+00, x);
    double  z, s, c;
    int64_t quadrant = (int64_t)n & 3;

    r       = fma(n, -6.07710050630396597660e-11, r);
    r       = fma(n, -2.02226624879595063154e-21, r);
    z       = r * r;
    s       = 1.0 / 355687428096000.0; /* 1/17! ... */
    s       = fma(s, z, -1.0 / 1307674368000.0);
    s       = fma(s, z, 1.0 / 6227020800.0);
    s       = fma(s, z, -1.0 / 39916800.0);
    s       = fma(s, z, 1.0 / 362880.0);
    s       = fma(s, z, -1.0 / 5040.0);
    s       = fma(s, z, 1.0 / 120.0);
    s       = fma(s, z, -1.0 / 6.0);
    s       = fma(s * z, r, r);
    c       = 1.0 / 20922789888000.0; /* 1/16! ... */
    c       = fma(c, z, -1.0 / 87178291200.0);
    c       = fma(c, z, 1.0 / 479001600.0);
    c       = fma(c, z, -1.0 / 3628800.0);
    c       = fma(c, z, 1.0 / 40320.0);
    c       = fma(c, z, -1.0 / 720.0);
    c       = fma(c, z, 1.0 / 24.0);
    c       = fma(c, z, -0.5);
    c       = fma(c, z, 1.0);
    *sine   = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
    *cosine = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
}

static mc_status fill(const mc_rope *rope, size_t length, size_t positions,
                      mc_rope_table *table, mc_error *err)
{
    size_t pairs     = rope->rotary / 2;
    float *values    = mc_alloc_array(positions * pairs, 2 * sizeof *values);
    float *frequency = mc_alloc_array(pairs, sizeof *frequency);
    float  scale;

    if (!values || !frequency) {
        mc_free(values);
        mc_free(frequency);
        return mc_fail_memory(err, positions * pairs * 2 * sizeof *values);
    }
    mc_rope_for_length(rope, length, frequency, &scale);
    for (size_t p = 0; p < positions; p++)
        for (size_t i = 0; i < pairs; i++) {
            float angle =
                (float)p * frequency[i]; /* rounded to float32 as the reference does */
            double sine, cosine;
            sine_cosine((double)angle, &sine, &cosine);
            values[p * pairs + i]               = (float)cosine * scale;
            values[(positions + p) * pairs + i] = (float)sine * scale;
        }
    *table = (mc_rope_table){ values, values + positions * pairs, pairs };
    mc_free(frequency);
    return MC_OK;
}

/* The length that decides the angles of a text: its own beyond the switch, else "any". */
static size_t class_of(const mc_rope *rope, size_t length)
{
    if (!rope->switch_length || length <= rope->switch_length) return 0;
    return rope->dynamic ? length : rope->switch_length + 1;
}

/* Positions of a table: those of the longest text that may use it. */
static size_t positions_of(const mc_rope *rope, size_t length, size_t longest)
{
    if (class_of(rope, length) == 0)
        return rope->switch_length && rope->switch_length < longest ? rope->switch_length
                                                                    : longest;
    return rope->dynamic ? length : longest;
}

/* An earlier text of the plan with the same angles, or `text` itself. */
static size_t first_of_class(const mc_rope *rope, const mc_plan *plan, size_t text)
{
    size_t wanted = class_of(rope, plan->texts[text].length);

    for (size_t t = text; t-- > 0;)
        if (class_of(rope, plan->texts[t].length) == wanted) return t;
    return text;
}

/* The table for one text: an earlier text's of the same class, or a new one. */
static mc_status find_table(const mc_lowered *model, const mc_plan *plan, size_t text,
                            size_t rope, mc_rope_tables *tables, mc_error *err)
{
    const mc_rope *r      = &model->ropes[rope];
    size_t         ropes  = model->rope_count;
    size_t         length = plan->texts[text].length, earlier = first_of_class(r, plan, text);

    if (earlier != text) {
        tables->of_text[text * ropes + rope] = tables->of_text[earlier * ropes + rope];
        return MC_OK;
    }
    MC_TRY(fill(r, length, positions_of(r, length, plan->longest),
                &tables->tables[tables->count], err));
    tables->of_text[text * ropes + rope] = &tables->tables[tables->count++];
    return MC_OK;
}

size_t mc_rope_tables_bytes(const mc_lowered *model, const mc_plan *plan)
{
    size_t pairs = 0;

    for (size_t t = 0; t < plan->text_count; t++)
        for (size_t r = 0; r < model->rope_count; r++) {
            const mc_rope *rope = &model->ropes[r];
            if (first_of_class(rope, plan, t) == t)
                pairs += positions_of(rope, plan->texts[t].length, plan->longest) *
                         (rope->rotary / 2);
        }
    return pairs * 2 * sizeof(float);
}

/* At most this many tables can be needed: one a class and rope. */
static size_t count_classes(const mc_lowered *model, const mc_plan *plan)
{
    size_t count = model->rope_count, alone = mc_rope_alone_above(model);

    for (size_t t = 0; t < plan->text_count; t++)
        if (alone && plan->texts[t].length > alone) count += model->rope_count;
    return count;
}

mc_status mc_rope_tables_create(const mc_lowered *model, const mc_plan *plan,
                                mc_rope_tables *tables, mc_error *err)
{
    size_t         most   = count_classes(model, plan);
    mc_rope_tables result = { mc_calloc(most, sizeof *result.tables), 0,
                              mc_calloc(plan->text_count * model->rope_count,
                                        sizeof *result.of_text) };
    mc_status      status = MC_OK;

    if (!result.tables || !result.of_text)
        status = mc_fail_memory(err, plan->text_count * model->rope_count * sizeof(void *));
    for (size_t t = 0; t < plan->text_count && status == MC_OK; t++)
        for (size_t r = 0; r < model->rope_count && status == MC_OK; r++)
            status = find_table(model, plan, t, r, &result, err);
    if (status != MC_OK)
        mc_rope_tables_clear(&result);
    else
        *tables = result;
    return status;
}

void mc_rope_tables_clear(mc_rope_tables *tables)
{
    for (size_t i = 0; tables->tables && i < tables->count; i++)
        mc_free((void *)(uintptr_t)tables->tables[i].cosine);
    mc_free(tables->tables);
    mc_free(tables->of_text);
    *tables = (mc_rope_tables){ 0 };
}
