/* test_dtype.c - every stored type widened to the bit as independent decoders do it
 * (tests/oracle/make_dtype.py), and the table itself. */
#include <ctype.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "format/store.h"
#include "format/widen.h"
#include "support/check.h"

static mc_store *open_golden(const char *name, mc_file_map *map)
{
    char      path[512];
    mc_store *store = NULL;
    mc_error  err   = { 0 };
    char     *end   = path + snprintf(path, sizeof path, "%s/golden/dtype/", MC_TEST_FOLDER);

    for (; *name; name++)
        *end++ = (char)tolower((unsigned char)*name);
    strcpy(end, ".safetensors");
    CHECK_OK(path, mc_file_map_open(path, map, &err));
    CHECK_OK(path, mc_store_open_bytes(&mc_format_safetensors, map->bytes, &store, &err));
    return store;
}

static void check_values(const char *row, const float *got, mc_span want, size_t count)
{
    assert_int_equal(want.size, count * sizeof *got);
    for (size_t i = 0; i < count; i++) {
        float    value;
        uint32_t bits;
        memcpy(&value, want.data + i * sizeof value, sizeof value);
        memcpy(&bits, &value, sizeof bits);
        if (memcmp(&value, got + i, sizeof value) != 0)
            fail_msg("%s: value %zu is %.9g, should be %.9g (%08x)", row, i, (double)got[i],
                     (double)value, bits);
    }
}

static void widening_gives_the_exact_values(void **state)
{
    size_t types = 0;

    (void)state;
    for (int i = 1; i < MC_DTYPE_COUNT; i++) {
        const mc_dtype_info *info = mc_dtype_get((mc_dtype)i);
        mc_file_map          map;
        mc_store            *store;
        const mc_tensor     *stored, *values;
        float               *got;
        uint8_t             *shifted;
        size_t               count;

        if (!info->widen) continue;
        store  = open_golden(info->name, &map);
        stored = mc_store_find(store, "stored");
        values = mc_store_find(store, "values");
        CHECK(info->name, stored && values && stored->bytes.size % info->block_size == 0);
        count = stored->bytes.size / info->block_size * info->block_length;
        got   = mc_alloc_array(count, sizeof *got);
        info->widen(stored->bytes.data, got, count);
        check_values(info->name, got, values->bytes, count);
        /* Nothing may depend on alignment. */
        shifted = mc_alloc(stored->bytes.size + 1);
        memcpy(shifted + 1, stored->bytes.data, stored->bytes.size);
        memset(got, 0, count * sizeof *got);
        info->widen(shifted + 1, got, count);
        check_values(info->name, got, values->bytes, count);
        mc_free(shifted);
        mc_free(got);
        mc_store_close(store);
        mc_file_map_close(&map);
        types++;
    }
    assert_true(types >= 38);
}

static void half_precision_corners(void **state)
{
    static const struct {
        uint16_t half;
        uint32_t single;
    } rows[] = { { 0x0000, 0x00000000 }, { 0x8000, 0x80000000 }, { 0x0001, 0x33800000 },
                 { 0x03ff, 0x387fc000 }, { 0x0400, 0x38800000 }, { 0x3c00, 0x3f800000 },
                 { 0x7bff, 0x477fe000 }, { 0x7c00, 0x7f800000 }, { 0xfc00, 0xff800000 } };

    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(rows); i++) {
        float    value = mc_float_from_half(rows[i].half);
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        assert_int_equal(bits, rows[i].single);
    }
    assert_true(isnan(mc_float_from_half(0x7e00)));
}

/* The value of a small float by its definition. */
static double by_definition(unsigned bits, int exponent_bits, int fraction_bits)
{
    int      bias     = (1 << (exponent_bits - 1)) - 1;
    int      exponent = (int)(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
    unsigned fraction = bits & ((1u << fraction_bits) - 1);
    double   sign     = bits >> (exponent_bits + fraction_bits) & 1 ? -1.0 : 1.0;

    if (exponent == 0) return sign * ldexp((double)fraction, 1 - bias - fraction_bits);
    return sign *
           ldexp((double)(fraction | 1u << fraction_bits), exponent - bias - fraction_bits);
}

static void every_half(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 0x10000; bits++) {
        float    got  = mc_float_from_half((uint16_t)bits);
        unsigned rest = bits & 0x7fff;
        if (rest > 0x7c00)
            assert_true(isnan(got));
        else if (rest == 0x7c00)
            assert_true(isinf(got) && (got < 0) == (bits >= 0x8000));
        else
            assert_true((double)got == by_definition(bits, 5, 10) &&
                        !signbit(got) == (bits < 0x8000));
    }
}

static void every_byte_float(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        uint8_t byte = (uint8_t)i;
        float   e4m3, e5m2, e8m0;
        mc_widen_f8_e4m3(&byte, &e4m3, 1);
        mc_widen_f8_e5m2(&byte, &e5m2, 1);
        mc_widen_f8_e8m0(&byte, &e8m0, 1);
        assert_true((i & 0x7f) == 0x7f ? isnan(e4m3) : (double)e4m3 == by_definition(i, 4, 3));
        if ((i & 0x7c) == 0x7c)
            assert_true(i & 3 ? isnan(e5m2) : isinf(e5m2));
        else
            assert_true((double)e5m2 == by_definition(i, 5, 2));
        assert_true(i == 255 ? isnan(e8m0) : (double)e8m0 == ldexp(1.0, (int)i - 127));
    }
}

static void the_table_is_consistent(void **state)
{
    (void)state;
    for (int i = 1; i < MC_DTYPE_COUNT; i++) {
        const mc_dtype_info *info = mc_dtype_get((mc_dtype)i);

        CHECK("named", info->name != NULL);
        CHECK(info->name, info->block_length > 0 && info->block_size > 0);
        CHECK(info->name, info->safetensors_name || info->gguf_id >= 0);
        if (info->gguf_id >= 0)
            CHECK(info->name, mc_dtype_from_gguf((uint32_t)info->gguf_id) == (mc_dtype)i);
        if (info->safetensors_name)
            CHECK(info->name,
                  mc_dtype_from_safetensors(info->safetensors_name,
                                            strlen(info->safetensors_name)) == (mc_dtype)i);
    }
    assert_int_equal(mc_dtype_from_safetensors("F3", 2), MC_DTYPE_NONE);
    assert_int_equal(mc_dtype_from_gguf(4), MC_DTYPE_NONE);
}

static void row_sizes(void **state)
{
    uint64_t bytes = 0;

    (void)state;
    assert_true(mc_dtype_row_size(MC_DTYPE_Q4_1, 64, &bytes));
    assert_int_equal(bytes, 40);
    assert_false(mc_dtype_row_size(MC_DTYPE_Q4_1, 33, &bytes));
    assert_false(mc_dtype_row_size(MC_DTYPE_F32, UINT64_MAX, &bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widening_gives_the_exact_values),
        cmocka_unit_test(half_precision_corners),
        cmocka_unit_test(every_half),
        cmocka_unit_test(every_byte_float),
        cmocka_unit_test(the_table_is_consistent),
        cmocka_unit_test(row_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
