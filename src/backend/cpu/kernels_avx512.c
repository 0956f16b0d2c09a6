/* kernels_avx512.c - the kernels for one instruction set; see kernels_template.h. */
#include <math.h>

#include "backend/cpu/v16_avx512.h"

#define GEMM_ROWS 12
#define GEMM_PANELS 2
#define KERNELS mc_kernels_avx512
#define KERNELS_NAME "avx512"
#include "backend/cpu/kernels_template.h"
