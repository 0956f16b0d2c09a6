/* kernels_portable.c - the kernels for one instruction set; see kernels_template.h. */
#include <math.h>

#include "backend/cpu/v16_portable.h"

#define GEMM_ROWS 4
#define GEMM_PANELS 1
#define KERNELS mc_kernels_portable
#define KERNELS_NAME "portable"
#include "backend/cpu/kernels_template.h"
