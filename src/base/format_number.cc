// format_number.cc - shortest round-trip text of a number, by the C++ library (C has no such
// call).
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/json_write.h"

// "-0" would be read back as an integer, which has no negative zero.
template <typename T> static size_t format_number(char *out, T number)
{
    if (number == 0 && std::signbit(number)) {
        std::memcpy(out, "-0.0", 4);
        return 4;
    }
    return static_cast<size_t>(std::to_chars(out, out + 32, number).ptr - out);
}

size_t mc_format_float(char *out, float number)
{
    return format_number(out, number);
}

size_t mc_format_double(char *out, double number)
{
    return format_number(out, number);
}
