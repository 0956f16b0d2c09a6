// format_number.cc - shortest round-trip text of a number, by the C++ library (C has no such
// call).
#include <charconv>

#include "base/json_write.h"

size_t mc_format_float(char *out, float number)
{
    return static_cast<size_t>(std::to_chars(out, out + 32, number).ptr - out);
}

size_t mc_format_double(char *out, double number)
{
    return static_cast<size_t>(std::to_chars(out, out + 32, number).ptr - out);
}
