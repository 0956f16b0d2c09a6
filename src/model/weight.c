/* weight.c - widening: whatever the file does to a matrix is undone here. */
#include "model/weight.h"

#include <string.h>

#include "base/checked.h"

const char *mc_weight_type_name(const mc_weight *weight)
{
    return weight->scheme ? weight->scheme->name : mc_dtype_get(weight->tensor->dtype)->name;
}

uint64_t mc_weight_stored_size(const mc_weight *weight)
{
    double   values = (double)weight->rows * (double)weight->cols, stored = 1.0;
    uint64_t bytes = weight->tensor->bytes.size;

    for (size_t i = 0; i < MC_WEIGHT_PARTS; i++)
        if (weight->parts[i]) bytes += weight->parts[i]->bytes.size;
    for (int i = 0; i < weight->tensor->rank; i++)
        stored *= (double)weight->tensor->shape[i];
    if (weight->scheme) stored = (double)weight->stored_rows * (double)weight->cols;
    return stored > 0.0 ? (uint64_t)((double)bytes * values / stored) : 0;
}

static size_t stored_row(const mc_weight *w, size_t row)
{
    if (w->row_block == 0) return w->row_first + row;
    return w->row_first + row / w->row_block * w->row_stride + row % w->row_block;
}

/* One element of a plain tensor, for storage that rows cannot be cut from. */
static float element(const mc_tensor *tensor, uint64_t index)
{
    const mc_dtype_info *info = mc_dtype_get(tensor->dtype);
    const uint8_t *block = tensor->bytes.data + index / info->block_length * info->block_size;
    float          values[512]; /* no type has longer blocks */

    info->widen(block, values, info->block_length);
    return values[index % info->block_length];
}

/* Of stored rows of a plain [out, in] tensor. */
static void widen_plain(const mc_weight *w, mc_weight_area area, float *out, size_t stride)
{
    const mc_dtype_info *info = mc_dtype_get(w->tensor->dtype);
    const uint8_t       *from;
    uint64_t             size = 0;

    if (!mc_dtype_row_size(w->tensor->dtype, w->cols, &size)) {
        /* Rows that do not end at a block: vectors and other odd shapes. */
        for (size_t i = 0; i < area.count; i++)
            for (size_t j = 0; j < area.columns; j++)
                out[i * stride + j] =
                    element(w->tensor, (area.first + i) * w->cols + area.at + j);
        return;
    }
    from = w->tensor->bytes.data + area.first * size +
           area.at / info->block_length * info->block_size;
    for (size_t i = 0; i < area.count; i++)
        info->widen(from + i * size, out + i * stride, area.columns);
}

/* Of a stored [in, out] tensor: a run of each stored row is a piece of a column of `out`. Types
 * of one value a block only (lowering checks). */
static void widen_transposed(const mc_weight *w, mc_weight_area area, float *out, size_t stride)
{
    const mc_dtype_info *info    = mc_dtype_get(w->tensor->dtype);
    uint64_t             columns = w->tensor->shape[w->tensor->rank - 1];
    float                run[256];

    for (size_t done = 0; done < area.count;) {
        size_t many = area.count - done < 256 ? area.count - done : 256;
        for (size_t j = 0; j < area.columns; j++) {
            uint64_t at = (area.at + j) * columns + area.first + done;
            info->widen(w->tensor->bytes.data + at * info->block_size, run, many);
            for (size_t i = 0; i < many; i++)
                out[(done + i) * stride + j] = run[i];
        }
        done += many;
    }
}

static void widen_run(const mc_weight *w, mc_weight_area area, float *out, size_t stride)
{
    if (w->scheme)
        w->scheme->widen(w, area, out, stride);
    else if (w->transposed)
        widen_transposed(w, area, out, stride);
    else
        widen_plain(w, area, out, stride);
}

void mc_weight_widen_area(const mc_weight *weight, mc_weight_area area, float *out,
                          size_t stride)
{
    for (size_t done = 0; done < area.count;) {
        mc_weight_area run = { stored_row(weight, area.first + done), area.count - done,
                               area.at, area.columns };
        /* Neighbours in the view are neighbours in the file up to the end of a block of rows.
         */
        if (weight->row_block) {
            size_t left = weight->row_block - (area.first + done) % weight->row_block;
            if (run.count > left) run.count = left;
        }
        widen_run(weight, run, out + done * stride, stride);
        done += run.count;
    }
    if (weight->add == 0.0f) return;
    for (size_t i = 0; i < area.count; i++)
        for (size_t j = 0; j < area.columns; j++)
            out[i * stride + j] += weight->add;
}

void mc_weight_widen(const mc_weight *weight, size_t first, size_t count, float *out,
                     size_t stride)
{
    mc_weight_widen_area(weight, (mc_weight_area){ first, count, 0, weight->cols }, out,
                         stride);
}

const uint8_t *mc_weight_stored_rows(const mc_weight *weight, size_t first, size_t count)
{
    const mc_dtype_info *info  = mc_dtype_get(weight->tensor->dtype);
    size_t               block = weight->row_block;

    if (weight->scheme || weight->transposed || weight->add != 0.0f || info->block_length != 1)
        return NULL;
    if (block && first % block + count > block) return NULL;
    return weight->tensor->bytes.data +
           stored_row(weight, first) * weight->cols * info->block_size;
}

void mc_weight_widen_vector(const mc_weight *weight, float *out)
{
    /* A plain run of values is one row: quantised blocks may span several of a vector's "rows".
     */
    mc_weight whole = *weight;

    if (weight->row_block || weight->row_first || weight->scheme) {
        mc_weight_widen(weight, 0, weight->rows, out, 1);
        return;
    }
    whole.rows = 1;
    whole.cols = weight->rows;
    mc_weight_widen(&whole, 0, 1, out, whole.cols);
}
