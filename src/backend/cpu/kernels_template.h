/* kernels_template.h - the kernels, written once over `v16`.
 *
 * A tier's file includes its v16_*.h, defines GEMM_ROWS (rows of the largest micro-kernel),
 * GEMM_PANELS (panels of 16 columns it takes side by side) and KERNELS (name of the table) and
 * then this file. Nothing here depends on the width of the machine's registers: sums run in
 * sixteen lanes joined by one tree, tails are padded. */
#include "backend/cpu/kernels.h"
#include "backend/cpu/kernels/activation.h"
#include "backend/cpu/kernels/attention.h"
#include "backend/cpu/kernels/gemm.h"
#include "backend/cpu/kernels/panels.h"
#include "backend/cpu/kernels/peak.h"
#include "backend/cpu/kernels/rotary.h"
#include "backend/cpu/kernels/rows.h"

const mc_kernels KERNELS = {
    .name         = KERNELS_NAME,
    .pack_f32     = pack_f32,
    .pack_f16     = pack_f16,
    .pack_bf16    = pack_bf16,
    .gemm         = gemm,
    .norm         = norm,
    .activate     = activate,
    .multiply     = multiply,
    .add_scaled   = add_scaled,
    .scale        = scale_by,
    .pack_rows    = pack_rows,
    .pack_columns = pack_columns,
    .rotate       = rotate,
    .fold_scores  = fold_scores,
    .finish       = finish,
    .fma_rounds   = fma_rounds,
};
