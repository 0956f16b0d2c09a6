/* kernels_neon.c - the kernels for one instruction set; see kernels_template.h. */
#include <math.h>

#include "backend/cpu/v16_neon.h"

#define GEMM_ROWS 6
#define GEMM_PANELS 1
#define KERNELS mc_kernels_neon
#define KERNELS_NAME "neon"
#include "backend/cpu/kernels_template.h"
