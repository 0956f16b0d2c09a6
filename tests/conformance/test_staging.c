/* test_staging.c - staged matrices hold the weights to the bit: every stored type and scheme,
 * whatever view of it, on every cpu tier, against rows widened one by one. */
#include "backend/backend.h"
#include "backend/cpu/kernels.h"
#include "format/dtype.h"
#include "model/weight_schemes.h"
#include "support/check.h"
#include "support/lab.h"

static mc_test_lab lab;

/* Finite numbers in every type: the highest bit of an exponent is not set. */
static uint8_t *stored_bytes(size_t size)
{
    uint8_t *bytes = mc_test_take(&lab, size);

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(mc_test_below(&lab, 256) & 0xbf);
    return bytes;
}

static mc_tensor *stored_tensor(mc_dtype dtype, size_t rows, size_t cols, size_t skip)
{
    const mc_dtype_info *info   = mc_dtype_get(dtype);
    size_t               size   = rows * cols / info->block_length * info->block_size;
    mc_tensor           *tensor = mc_test_take(&lab, sizeof *tensor);

    *tensor = (mc_tensor){ .name  = info->name,
                           .dtype = dtype,
                           .rank  = 2,
                           .shape = { rows, cols },
                           .bytes = { stored_bytes(skip + size) + skip, size } };
    return tensor;
}

static mc_weight plain_weight(mc_dtype dtype, size_t rows, size_t cols, size_t skip)
{
    return (mc_weight){ .tensor = stored_tensor(dtype, rows, cols, skip),
                        .rows   = rows,
                        .cols   = cols };
}

/* Of the stacked rows. */
static const float *row_of(const mc_op *op, size_t row, float *values)
{
    size_t i = 0;

    for (; row >= op->weights[i].rows; i++)
        row -= op->weights[i].rows;
    mc_weight_widen(&op->weights[i], row, 1, values, op->weights[i].cols);
    return values;
}

/* Panels are [k][16], each followed by an unused line. A gated product's two matrices begin
 * with a panel of their own, others follow one another. */
static void check_panels(const char *name, const mc_op *op, const float *staged)
{
    size_t k = op->weights[0].cols, rows = mc_op_stacked_rows(op);
    float *values = mc_test_take(&lab, k * sizeof *values);

    for (size_t row = 0; row < rows; row++) {
        size_t at = row, own = op->weights[0].rows;
        if (op->gated && row >= own) at = mc_panels(own) * MC_PANEL + row - own;
        row_of(op, row, values);
        for (size_t i = 0; i < k; i++) {
            const float *got =
                staged + (at / MC_PANEL * (k + 1) + i) * MC_PANEL + at % MC_PANEL;
            if (memcmp(got, values + i, sizeof *got) != 0)
                fail_msg("%s: [%zu, %zu] is staged as %.9g, should be %.9g", name, row, i,
                         (double)*got, (double)values[i]);
        }
    }
    for (size_t at = rows; !op->gated && at % MC_PANEL; at++)
        for (size_t i = 0; i < k; i++)
            CHECK(name, staged[(at / MC_PANEL * (k + 1) + i) * MC_PANEL + at % MC_PANEL] == 0);
}

static void check_op(const char *what, const mc_op *op)
{
    for (size_t i = 0; mc_backend_cpu_tier_name(i); i++) {
        const mc_backend *tier = mc_backend_cpu_tier(mc_backend_cpu_tier_name(i));
        char              name[200];
        float            *staged, *scratch;

        if (!tier) continue;
        snprintf(name, sizeof name, "%s, %zu columns, cpu %s", what, op->weights[0].cols,
                 tier->tier);
        staged  = mc_test_take(&lab, tier->staged_size(op));
        scratch = mc_test_take(&lab, tier->stage_scratch(op) * sizeof *scratch);
        memset(staged, 0xff, tier->staged_size(op));
        memset(scratch, 0xff, tier->stage_scratch(op) * sizeof *scratch);
        for (size_t job = tier->stage_jobs(op); job-- > 0;)
            tier->stage(tier, op, job, staged, scratch);
        check_panels(name, op, staged);
    }
}

static mc_op product(size_t stack, const mc_weight *weights, bool gated)
{
    mc_op op = { .kind = MC_OP_MATMUL, .stack = stack, .gated = gated };

    memcpy(op.weights, weights, stack * sizeof *weights);
    op.dst.width = gated ? weights[0].rows : mc_op_stacked_rows(&op);
    return op;
}

static void check_type(mc_dtype dtype, size_t cols, size_t skip)
{
    const char     *name    = mc_dtype_get(dtype)->name;
    const mc_weight three[] = { plain_weight(dtype, 5, cols, skip),
                                plain_weight(dtype, 32, cols, skip),
                                plain_weight(dtype, 20, cols, skip) };
    const mc_weight two[]   = { plain_weight(dtype, 24, cols, skip),
                                plain_weight(dtype, 24, cols, skip) };
    mc_op           op      = product(3, three, false);

    check_op(name, &op);
    op = product(2, two, true);
    check_op(name, &op);
    mc_test_lab_clear(&lab);
}

static void every_type(void **state)
{
    static const size_t counts[] = { 1, 2, 15, 16, 17, 255, 256, 300 };

    (void)state;
    for (int type = 1; type < MC_DTYPE_COUNT; type++) {
        const mc_dtype_info *info = mc_dtype_get((mc_dtype)type);
        if (!info->widen) continue;
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            if (info->block_length == 1 || counts[i] <= 2)
                check_type((mc_dtype)type, counts[i] * info->block_length, 0);
        check_type((mc_dtype)type, 768, 1); /* not aligned */
    }
}

/* Parts of stacked tensors, rows interleaved, stored transposed, a constant added. */
static void every_view(void **state)
{
    static const mc_dtype types[] = { MC_DTYPE_F32, MC_DTYPE_F16, MC_DTYPE_BF16,
                                      MC_DTYPE_Q8_0 };

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        mc_weight part = plain_weight(types[i], 96, 288, 0), woven, added, turned;
        mc_op     op;

        part.row_first    = 3;
        part.rows         = 40;
        woven             = part;
        woven.row_block   = 20;
        woven.row_stride  = 44;
        added             = part;
        added.add         = 1.0f;
        turned            = part;
        turned.tensor     = stored_tensor(types[i], 288, 96, 0);
        turned.transposed = mc_dtype_get(types[i])->block_length == 1;
        op                = product(
                           4, (const mc_weight[]){ part, woven, added, turned.transposed ? turned : part },
                           false);
        check_op(part.tensor->name, &op);
        mc_test_lab_clear(&lab);
    }
}

/* The parts that any of the schemes looks at; groups of 64, of which the last is cut short. */
static mc_weight scheme_weight(mc_scheme_kind kind, size_t bits, bool ordered)
{
    enum { ROWS = 40, COLS = 672, GROUP = 32 };
    mc_tensor *scales = stored_tensor(MC_DTYPE_F16, COLS / GROUP, ROWS, 0);
    mc_tensor *zeros  = stored_tensor(MC_DTYPE_F16, COLS / GROUP, ROWS, 0);
    mc_tensor *order  = stored_tensor(MC_DTYPE_F32, 1, COLS, 0);
    mc_weight  weight = { .tensor      = stored_tensor(MC_DTYPE_F8_E4M3, ROWS, COLS, 0),
                          .parts       = { scales, zeros, ordered ? order : NULL },
                          .scheme      = mc_weight_scheme_find(kind, bits),
                          .bits        = bits,
                          .group       = GROUP,
                          .block_rows  = 16,
                          .rows        = ROWS,
                          .cols        = COLS,
                          .stored_rows = ROWS };

    for (uint32_t i = 0; i < COLS; i++) {
        uint32_t group = mc_test_below(&lab, COLS / GROUP);
        memcpy((uint8_t *)(uintptr_t)order->bytes.data + 4 * i, &group, sizeof group);
    }
    return weight;
}

static void every_scheme(void **state)
{
    static const struct {
        mc_scheme_kind kind;
        size_t         bits;
        bool           ordered;
    } examples[] = { { MC_SCHEME_MLX_AFFINE, 2, false }, { MC_SCHEME_MLX_AFFINE, 3, false },
                     { MC_SCHEME_MLX_AFFINE, 4, false }, { MC_SCHEME_MLX_AFFINE, 5, false },
                     { MC_SCHEME_MLX_AFFINE, 6, false }, { MC_SCHEME_MLX_AFFINE, 8, false },
                     { MC_SCHEME_MLX_MXFP4, 4, false },  { MC_SCHEME_MLX_MXFP8, 8, false },
                     { MC_SCHEME_MLX_NVFP4, 4, false },  { MC_SCHEME_GPTQ, 2, false },
                     { MC_SCHEME_GPTQ, 3, false },       { MC_SCHEME_GPTQ, 4, false },
                     { MC_SCHEME_GPTQ, 4, true },        { MC_SCHEME_GPTQ_V2, 3, true },
                     { MC_SCHEME_GPTQ_V2, 8, false },    { MC_SCHEME_AWQ, 4, false },
                     { MC_SCHEME_FP8_BLOCKS, 0, false }, { MC_SCHEME_FP8_SCALED, 0, false } };

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        mc_weight whole =
            scheme_weight(examples[i].kind, examples[i].bits, examples[i].ordered);
        mc_weight part = whole;
        mc_op     op;

        part.row_first = 3;
        part.rows      = 30;
        op             = product(2, (const mc_weight[]){ whole, part }, false);
        check_op(whole.scheme->name, &op);
        mc_test_lab_clear(&lab);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type),
        cmocka_unit_test(every_view),
        cmocka_unit_test(every_scheme),
    };

    return cmocka_run_group_tests_name("staging", tests, NULL, NULL);
}
