/* spectrum.c - eigenvalues and influences. */
#include "geometry/spectrum.h"

#include <math.h>
#include <string.h>

#include "geometry/matrix.h"
#include "linalg/linalg.h"

mc_status mc_spectrum_make(const mc_cloud *cloud, bool with_axes, mc_arena *keep,
                           mc_spectrum *spectrum, mc_error *err)
{
    const size_t  n = cloud->rows;
    mc_arena_mark mark;
    double       *copy;

    *spectrum = (mc_spectrum){ 0 };
    MC_TRY(mc_take_doubles(keep, n, &spectrum->values, err));
    if (with_axes) MC_TRY(mc_take_doubles(keep, n * n, &spectrum->axes, err));
    mark = mc_arena_save(keep);
    MC_TRY(mc_take_doubles(keep, n * n, &copy, err));
    memcpy(copy, cloud->gram, n * n * sizeof *copy);
    MC_TRY(mc_eigen(copy, n, spectrum->values, spectrum->axes, keep, err));
    mc_arena_reset(keep, mark);
    while (spectrum->count + 1 < n &&
           spectrum->values[spectrum->count] > 1e-14 * spectrum->values[0])
        spectrum->total += spectrum->values[spectrum->count++];
    return MC_OK;
}

double mc_spectrum_entropy(const mc_spectrum *spectrum, const mc_cloud *cloud,
                           double *influence)
{
    const size_t n       = cloud->rows;
    double       entropy = 0;

    for (size_t k = 0; k < spectrum->count; k++) {
        const double share = spectrum->values[k] / spectrum->total;
        entropy -= share * log(share);
    }
    if (!influence) return entropy;
    for (size_t i = 0; i < n; i++)
        influence[i] = -entropy * (double)n * cloud->gram[i * n + i] / spectrum->total;
    for (size_t k = 0; k < spectrum->count; k++) {
        const double  share = spectrum->values[k] / spectrum->total;
        const double *axis  = spectrum->axes + k * n;
        for (size_t i = 0; i < n; i++)
            influence[i] -= (double)n * share * log(share) * axis[i] * axis[i];
    }
    return entropy;
}

void mc_log_interval(double value, const double *influence, size_t n, double *low, double *high)
{
    const double error = sqrt(mc_dot(influence, influence, n)) / (double)n;

    *low  = value * exp(-1.959963984540054 * error);
    *high = value * exp(1.959963984540054 * error);
}
