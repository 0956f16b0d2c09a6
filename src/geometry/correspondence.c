/* correspondence.c - two optimal assignments of layers. Greedy matching, which depends on the
 * order of the layers, is deliberately not here.
 *
 * Both work on a dense matrix with no more rows than columns: undefined layers are taken out
 * first and the matrix is turned when needed. */
#include "geometry/correspondence.h"

#include <math.h>
#include <stdbool.h>

#include "geometry/matrix.h"

typedef struct dense {
    double *score;           /* rows x cols */
    size_t *row_of, *col_of; /* where they stood */
    size_t  rows, cols;
    bool    turned;
} dense;

static bool has_score(const double *score, size_t count, size_t step)
{
    for (size_t i = 0; i < count; i++)
        if (!isnan(score[i * step])) return true;
    return false;
}

static void turn(dense *d, double *space)
{
    size_t *rows = d->row_of, count = d->rows;

    for (size_t i = 0; i < d->rows; i++)
        for (size_t j = 0; j < d->cols; j++)
            space[j * d->rows + i] = d->score[i * d->cols + j];
    d->score  = space;
    d->row_of = d->col_of;
    d->col_of = rows;
    d->rows   = d->cols;
    d->cols   = count;
    d->turned = true;
}

/* A single undefined score among defined ones loses against any similarity or distance. */
#define UNDEFINED_SCORE (-1e6)

static mc_status make_dense(const double *score, size_t rows, size_t cols, mc_arena *scratch,
                            dense *d, mc_error *err)
{
    double *space;

    *d = (dense){ 0 };
    MC_TRY(mc_take_doubles(scratch, rows * cols, &d->score, err));
    MC_TRY(mc_take_doubles(scratch, rows * cols, &space, err));
    MC_TRY(mc_take_sizes(scratch, rows, &d->row_of, err));
    MC_TRY(mc_take_sizes(scratch, cols, &d->col_of, err));
    for (size_t i = 0; i < rows; i++)
        if (has_score(score + i * cols, cols, 1)) d->row_of[d->rows++] = i;
    for (size_t j = 0; j < cols; j++)
        if (has_score(score + j, rows, cols)) d->col_of[d->cols++] = j;
    for (size_t i = 0; i < d->rows; i++)
        for (size_t j = 0; j < d->cols; j++) {
            const double own          = score[d->row_of[i] * cols + d->col_of[j]];
            d->score[i * d->cols + j] = isnan(own) ? UNDEFINED_SCORE : own;
        }
    if (d->rows > d->cols) turn(d, space);
    return MC_OK;
}

/* partner[i]: the column of row i. Links ascend in what the caller calls the row. */
static size_t write_links(const dense *d, const size_t *partner, size_t (*link)[2])
{
    for (size_t i = 0; i < d->rows; i++) {
        size_t row = d->row_of[i], col = d->col_of[partner[i]], at = i;
        if (d->turned) {
            size_t swap = row;
            row         = col;
            col         = swap;
        }
        for (; at > 0 && link[at - 1][0] > row; at--) {
            link[at][0] = link[at - 1][0];
            link[at][1] = link[at - 1][1];
        }
        link[at][0] = row;
        link[at][1] = col;
    }
    return d->rows;
}

/* best[i][j]: the largest sum that matches the first i rows within the first j columns. Where
 * leaving a column out costs nothing it is left out, so ties go to the lower columns. */
mc_status mc_match_monotone(const double *score, size_t rows, size_t cols, mc_arena *scratch,
                            size_t (*link)[2], size_t *count, mc_error *err)
{
    mc_arena_mark mark = mc_arena_save(scratch);
    dense         d;
    double       *best;
    size_t       *partner;

    MC_TRY(make_dense(score, rows, cols, scratch, &d, err));
    const size_t width = d.cols + 1;
    MC_TRY(mc_take_doubles(scratch, (d.rows + 1) * width, &best, err));
    MC_TRY(mc_take_sizes(scratch, d.rows, &partner, err));
    for (size_t j = 0; j < width; j++)
        best[j] = 0;
    for (size_t i = 1; i <= d.rows; i++) {
        best[i * width + i - 1] = -INFINITY;
        for (size_t j = i; j <= d.cols; j++) {
            const double with =
                best[(i - 1) * width + j - 1] + d.score[(i - 1) * d.cols + j - 1];
            const double without = best[i * width + j - 1];
            best[i * width + j]  = with > without ? with : without;
        }
    }
    for (size_t i = d.rows, j = d.cols; i > 0; i--, j--) {
        while (best[i * width + j] == best[i * width + j - 1])
            j--;
        partner[i - 1] = j - 1;
    }
    *count = write_links(&d, partner, link);
    mc_arena_reset(scratch, mark);
    return MC_OK;
}

/* Shortest augmenting paths with potentials (Kuhn 1955, Munkres 1957; in the form of Jonker &
 * Volgenant 1987). Row and column 0 are a dummy; owner[j] is the row of column j. */
typedef struct hungarian {
    double *row_price, *col_price, *least;
    size_t *owner, *previous;
    bool   *seen;
} hungarian;

static void augment(const dense *d, hungarian *h, size_t row)
{
    size_t col = 0;

    h->owner[0] = row;
    for (size_t j = 0; j <= d->cols; j++) {
        h->least[j] = INFINITY;
        h->seen[j]  = false;
    }
    do {
        const size_t i     = h->owner[col];
        double       delta = INFINITY;
        size_t       next  = 0;
        h->seen[col]       = true;
        for (size_t j = 1; j <= d->cols; j++) {
            if (h->seen[j]) continue;
            const double cost =
                -d->score[(i - 1) * d->cols + j - 1] - h->row_price[i] - h->col_price[j];
            if (cost < h->least[j]) {
                h->least[j]    = cost;
                h->previous[j] = col;
            }
            if (h->least[j] < delta) {
                delta = h->least[j];
                next  = j;
            }
        }
        for (size_t j = 0; j <= d->cols; j++) {
            if (h->seen[j]) {
                h->row_price[h->owner[j]] += delta;
                h->col_price[j] -= delta;
            } else
                h->least[j] -= delta;
        }
        col = next;
    } while (h->owner[col] != 0);
    for (; col != 0; col = h->previous[col])
        h->owner[col] = h->owner[h->previous[col]];
}

mc_status mc_match_assignment(const double *score, size_t rows, size_t cols, mc_arena *scratch,
                              size_t (*link)[2], size_t *count, mc_error *err)
{
    mc_arena_mark mark = mc_arena_save(scratch);
    dense         d;
    hungarian     h;
    size_t       *partner;
    void         *seen;

    MC_TRY(make_dense(score, rows, cols, scratch, &d, err));
    MC_TRY(mc_take_doubles(scratch, d.rows + 1, &h.row_price, err));
    MC_TRY(mc_take_doubles(scratch, d.cols + 1, &h.col_price, err));
    MC_TRY(mc_take_doubles(scratch, d.cols + 1, &h.least, err));
    MC_TRY(mc_take_sizes(scratch, d.cols + 1, &h.owner, err));
    MC_TRY(mc_take_sizes(scratch, d.cols + 1, &h.previous, err));
    MC_TRY(mc_take_sizes(scratch, d.rows, &partner, err));
    MC_TRY(mc_arena_array(scratch, d.cols + 1, sizeof *h.seen, &seen, err));
    h.seen = seen;
    for (size_t i = 0; i <= d.rows; i++)
        h.row_price[i] = 0;
    for (size_t j = 0; j <= d.cols; j++) {
        h.col_price[j] = 0;
        h.owner[j] = h.previous[j] = 0;
    }
    for (size_t i = 1; i <= d.rows; i++)
        augment(&d, &h, i);
    for (size_t j = 1; j <= d.cols; j++)
        if (h.owner[j]) partner[h.owner[j] - 1] = j - 1;
    *count = write_links(&d, partner, link);
    mc_arena_reset(scratch, mark);
    return MC_OK;
}
