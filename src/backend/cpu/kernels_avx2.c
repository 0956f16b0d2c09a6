/* kernels_avx2.c - the kernels for one instruction set; see kernels_template.h. */
#include <math.h>

#include "backend/cpu/v16_avx2.h"

#define GEMM_ROWS 6
#define GEMM_PANELS 1
#define KERNELS mc_kernels_avx2
#define KERNELS_NAME "avx2"
#include "backend/cpu/kernels_template.h"
