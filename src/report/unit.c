/* unit.c - numbers as people read them: with the digits that mean something to a reader.
 * Whoever needs all of them asks for JSON. */
#include <math.h>
#include <stdio.h>

#include "base/checked.h"
#include "report/write.h"

static void print_count(mc_buffer *out, double number)
{
    char   digits[32];
    size_t size = (size_t)snprintf(digits, sizeof digits, "%.0f", fabs(number));

    if (number < 0) mc_buffer_add_char(out, '-');
    for (size_t i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0) mc_buffer_add_char(out, ',');
        mc_buffer_add_char(out, digits[i]);
    }
}

static void print_bytes(mc_buffer *out, double bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
    size_t                   unit    = 0;

    while (bytes >= 1023.95 && unit + 1 < MC_ARRAY_LEN(units)) {
        bytes /= 1024;
        unit++;
    }
    mc_buffer_printf(out, "%.*f %s", unit == 0 ? 0 : 1, bytes, units[unit]);
}

static void print_seconds(mc_buffer *out, double seconds)
{
    long whole = (long)(seconds + 0.5);

    if (seconds < 0.0995)
        mc_buffer_printf(out, "%.1f ms", seconds * 1e3);
    else if (seconds < 9.995)
        mc_buffer_printf(out, "%.2f s", seconds);
    else if (seconds < 119.95)
        mc_buffer_printf(out, "%.1f s", seconds);
    else if (whole < 7200)
        mc_buffer_printf(out, "%ld min %ld s", whole / 60, whole % 60);
    else
        mc_buffer_printf(out, "%ld h %ld min", whole / 3600, whole % 3600 / 60);
}

/* Four significant digits, whole numbers whole. */
static void print_plain(mc_buffer *out, double number)
{
    double size = fabs(number);

    if (number == floor(number) && size < 1e15)
        mc_buffer_printf(out, "%.0f", number);
    else if (size >= 1000 && size < 1e15)
        mc_buffer_printf(out, "%.1f", number);
    else
        mc_buffer_printf(out, "%.4g", number);
}

double mc_unsigned_zero(double number)
{
    return fabs(number) < 0.0005 ? 0 : number;
}

void mc_unit_print(mc_buffer *out, mc_unit unit, double number)
{
    if (!isfinite(number)) {
        mc_buffer_add_text(out, isnan(number) ? "nan" : (number > 0 ? "inf" : "-inf"));
        return;
    }
    switch (unit) {
    case MC_UNIT_COUNT: print_count(out, number); break;
    case MC_UNIT_BYTES: print_bytes(out, number); break;
    case MC_UNIT_SECONDS: print_seconds(out, number); break;
    case MC_UNIT_RATIO: mc_buffer_printf(out, "%.1f %%", number * 100); break;
    case MC_UNIT_NONE:
    case MC_UNIT_ID:
    case MC_UNIT_TIME:
    case MC_UNIT_LINE: print_plain(out, number); break;
    }
}
