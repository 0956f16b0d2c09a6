/* quantization.c - from a configuration's words to checked parts. Nothing is guessed from
 * shapes: widths and group sizes are the configuration's, and shapes that do not follow from
 * them are refused. */
#include "model/quantization.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "model/weight_schemes.h"

enum { NAME_TEXT = 320 };

static const char fetch_again[] = "fetch the model's configuration again";
static const char belong_not[] =
    "weights and configuration do not belong together; fetch both again";
static const char use_another[] =
    "fetch the model in BF16, as GGUF, or quantised by MLX, GPTQ or AWQ";

/* The value's text for a message, cut to what fits; "" when it is no text. */
static int print_text(mc_json_value value, const char **text)
{
    size_t size = 0;

    *text = "";
    mc_json_string(value, text, &size);
    return size < 60 ? (int)size : 60;
}

static mc_status fail_scheme(mc_json_value name, const char *what, mc_error *err)
{
    const char *text;
    int         size = print_text(name, &text);

    return mc_fail(err, MC_ERR_UNSUPPORTED, use_another, "not supported: %.*s%s%s",
                   size > 0 ? size : 7, size > 0 ? text : "unnamed", *what ? " " : "", what);
}

/* A whole number of at most `most`, or `otherwise` when the key is absent. */
static mc_status read_size(const mc_quantization *quant, mc_json_value table, const char *key,
                           size_t otherwise, size_t *out, mc_error *err)
{
    mc_json_value value = mc_json_get(table, key);
    uint64_t      number;

    if (mc_json_type_of(value) == MC_JSON_NONE || mc_json_type_of(value) == MC_JSON_NULL) {
        *out = otherwise;
        return MC_OK;
    }
    if (!mc_json_uint64(value, &number) || number > 1 << 20)
        return mc_fail(err, MC_ERR_CONFIG, fetch_again, "'%s' of '%s' is no sensible number",
                       key, quant->key);
    *out = (size_t)number;
    return MC_OK;
}

/* MLX */

static const struct {
    const char    *name;
    mc_scheme_kind kind;
    size_t         bits, group; /* when nothing is said; all that is possible but for affine */
} mlx_modes[] = {
    { "affine", MC_SCHEME_MLX_AFFINE, 4, 64 },
    { "mxfp4", MC_SCHEME_MLX_MXFP4, 4, 32 },
    { "mxfp8", MC_SCHEME_MLX_MXFP8, 8, 32 },
    { "nvfp4", MC_SCHEME_MLX_NVFP4, 4, 16 },
};

static mc_status check_mlx(const mc_quantization *quant, size_t mode, mc_error *err)
{
    bool fine = quant->bits == mlx_modes[mode].bits && quant->group == mlx_modes[mode].group;

    if (mlx_modes[mode].kind == MC_SCHEME_MLX_AFFINE)
        fine = mc_weight_scheme_find(MC_SCHEME_MLX_AFFINE, quant->bits) &&
               (quant->group == 32 || quant->group == 64 || quant->group == 128);
    if (fine) return MC_OK;
    return mc_fail(err, MC_ERR_UNSUPPORTED, use_another,
                   "not supported: MLX mode '%s' with %zu bits in groups of %zu",
                   mlx_modes[mode].name, quant->bits, quant->group);
}

/* Mode, width and group from the table as a whole or from the entry of one module. */
static mc_status read_mlx(mc_quantization *quant, mc_json_value table, mc_error *err)
{
    mc_json_value name = mc_json_get(table, "mode");
    size_t        mode = 0;

    if (mc_json_type_of(name) != MC_JSON_NONE) {
        while (mode < MC_ARRAY_LEN(mlx_modes) && !mc_json_string_is(name, mlx_modes[mode].name))
            mode++;
        if (mode == MC_ARRAY_LEN(mlx_modes))
            return fail_scheme(name, "(a mode of MLX quantisation)", err);
    }
    quant->mode = mlx_modes[mode].name;
    MC_TRY(read_size(quant, table, "bits", mlx_modes[mode].bits, &quant->bits, err));
    MC_TRY(read_size(quant, table, "group_size", mlx_modes[mode].group, &quant->group, err));
    return check_mlx(quant, mode, err);
}

/* GPTQ, AWQ, FP8: quantization_config */

/* -1 or null: one group for the whole row. */
static mc_status read_group(mc_quantization *quant, mc_error *err)
{
    mc_json_value value = mc_json_get(quant->table, "group_size");
    int64_t       number;

    if (mc_json_type_of(value) == MC_JSON_NULL ||
        (mc_json_int64(value, &number) && number == -1)) {
        quant->group = 0;
        return MC_OK;
    }
    MC_TRY(read_size(quant, quant->table, "group_size", 128, &quant->group, err));
    if (quant->group > 0) return MC_OK;
    return mc_fail(err, MC_ERR_CONFIG, fetch_again, "'group_size' of '%s' is 0", quant->key);
}

/* The layout: older files call it checkpoint_format (GPTQ) or version (AWQ). */
static mc_json_value format_of(mc_json_value table, const char *older)
{
    mc_json_value format = mc_json_get(table, older);

    return mc_json_type_of(format) == MC_JSON_STRING ? format : mc_json_get(table, "format");
}

/* GPTQModel's sizes for single modules: "+:regex" or "regex"; "-:regex" leaves modules alone,
 * which their tensors show. */
static mc_status check_dynamic(mc_json_value dynamic, mc_error *err)
{
    for (mc_json_iter it = mc_json_iterate(dynamic); mc_json_next(&it);)
        if (!it.key || it.key_size < 2 || memcmp(it.key, "-:", 2) != 0)
            return mc_fail(err, MC_ERR_UNSUPPORTED, use_another,
                           "not supported: gptq with other sizes for some modules ('dynamic')");
    return MC_OK;
}

static mc_status read_gptq(mc_quantization *quant, mc_error *err)
{
    mc_json_value format = format_of(quant->table, "checkpoint_format");
    bool          marlin = false;

    mc_json_bool(mc_json_get(quant->table, "is_marlin_format"), &marlin);
    if (marlin)
        return mc_fail(err, MC_ERR_UNSUPPORTED, use_another,
                       "not supported: gptq in marlin layout");
    quant->method      = MC_QUANT_GPTQ;
    quant->plain_zeros = mc_json_string_is(format, "gptq_v2");
    if (mc_json_type_of(format) == MC_JSON_STRING && !quant->plain_zeros &&
        !mc_json_string_is(format, "gptq"))
        return fail_scheme(format, "(a layout of gptq)", err);
    MC_TRY(check_dynamic(mc_json_get(quant->table, "dynamic"), err));
    MC_TRY(read_size(quant, quant->table, "bits", 0, &quant->bits, err));
    if (quant->bits == 0)
        return mc_fail(err, MC_ERR_CONFIG, fetch_again, "'bits' of '%s' is missing or 0",
                       quant->key);
    if (!mc_weight_scheme_find(MC_SCHEME_GPTQ, quant->bits))
        return mc_fail(err, MC_ERR_UNSUPPORTED, use_another,
                       "not supported: gptq with %zu bits", quant->bits);
    return read_group(quant, err);
}

static mc_status read_awq(mc_quantization *quant, mc_error *err)
{
    mc_json_value format = format_of(quant->table, "version");
    bool          zeros  = true;

    quant->method = MC_QUANT_AWQ;
    if (mc_json_string_is(mc_json_get(quant->table, "backend"), "llm-awq"))
        return mc_fail(err, MC_ERR_UNSUPPORTED, use_another, "not supported: awq by llm-awq");
    if (mc_json_type_of(format) == MC_JSON_STRING && !mc_json_string_is(format, "gemm") &&
        !mc_json_string_is(format, "GEMM"))
        return fail_scheme(format, "(a layout of awq)", err);
    mc_json_bool(mc_json_get(quant->table, "zero_point"), &zeros);
    MC_TRY(read_size(quant, quant->table, "bits", 4, &quant->bits, err));
    if (quant->bits != 4 || !zeros)
        return mc_fail(err, MC_ERR_UNSUPPORTED, use_another,
                       "not supported: awq with %zu bits%s", quant->bits,
                       zeros ? "" : " without zero points");
    return read_group(quant, err);
}

static mc_status read_fp8(mc_quantization *quant, mc_error *err)
{
    mc_json_value block    = mc_json_get(quant->table, "weight_block_size");
    uint64_t      sizes[2] = { 0 };
    size_t        i        = 0;

    quant->method = MC_QUANT_FP8;
    if (mc_json_type_of(block) == MC_JSON_NONE || mc_json_type_of(block) == MC_JSON_NULL)
        return MC_OK;
    for (mc_json_iter it = mc_json_iterate(block); mc_json_next(&it) && i < 2; i++)
        mc_json_uint64(it.value, &sizes[i]);
    if (mc_json_count(block) != 2 || sizes[0] == 0 || sizes[1] == 0 || sizes[0] > 1 << 20 ||
        sizes[1] > 1 << 20)
        return mc_fail(err, MC_ERR_CONFIG, fetch_again,
                       "'weight_block_size' is not two whole numbers");
    quant->block_rows = (size_t)sizes[0];
    quant->block_cols = (size_t)sizes[1];
    return MC_OK;
}

static mc_status read_method(mc_quantization *quant, mc_error *err)
{
    mc_json_value method = mc_json_get(quant->table, "quant_method");

    if (mc_json_string_is(method, "gptq")) return read_gptq(quant, err);
    if (mc_json_string_is(method, "awq")) return read_awq(quant, err);
    if (mc_json_string_is(method, "fp8") || mc_json_string_is(method, "fbgemm_fp8"))
        return read_fp8(quant, err);
    if (mc_json_type_of(method) == MC_JSON_STRING) {
        bool four = false;
        if (!mc_json_string_is(method, "bitsandbytes")) return fail_scheme(method, "", err);
        mc_json_bool(mc_json_get(quant->table, "load_in_4bit"), &four);
        return fail_scheme(method, four ? "4-bit" : "8-bit", err);
    }
    return mc_fail(err, MC_ERR_UNSUPPORTED, use_another,
                   "not supported: a 'quantization_config' that names no 'quant_method'");
}

/* The key's object in the configuration or its text part. */
static mc_json_value find_table(const mc_store *store, const char *key)
{
    static const char *const parts[] = { "text_config", "llm_config", "language_config" };
    mc_json_value            config  = mc_store_config(store);
    mc_json_value            table   = mc_json_get(config, key);

    for (size_t i = 0; i < MC_ARRAY_LEN(parts) && mc_json_type_of(table) != MC_JSON_OBJECT; i++)
        table = mc_json_get(mc_json_get(config, parts[i]), key);
    return table;
}

mc_status mc_quantization_read(const mc_store *store, mc_quantization *quant, mc_error *err)
{
    mc_quantization result = { .key = "quantization" };
    mc_status       status;

    result.table = find_table(store, result.key);
    if (mc_json_type_of(result.table) == MC_JSON_OBJECT) {
        result.method = MC_QUANT_MLX;
        status        = read_mlx(&result, result.table, err);
    } else {
        result.key   = "quantization_config";
        result.table = find_table(store, result.key);
        status =
            mc_json_type_of(result.table) == MC_JSON_OBJECT ? read_method(&result, err) : MC_OK;
    }
    if (status != MC_OK)
        return mc_fail_about(err, status, "%s/config.json", mc_store_path(store));
    *quant = result;
    return MC_OK;
}

/* The parts of a module */

typedef struct finder {
    const mc_store *store;
    const char     *module;
    size_t          rows, cols;
    mc_error       *err;
} finder;

static const mc_tensor *find_part(const finder *f, const char *suffix)
{
    char name[NAME_TEXT];

    snprintf(name, sizeof name, "%s.%s", f->module, suffix);
    return mc_store_find(f->store, name);
}

/* Stamp the part that an error is about. */
static mc_status about(const finder *f, const char *suffix, mc_status status)
{
    return mc_fail_about(f->err, status, "%s: tensor '%s.%s'", mc_store_path(f->store),
                         f->module, suffix);
}

/* Bit sets of types that a part may have. */
#define TYPE(name) ((uint64_t)1 << MC_DTYPE_##name)
static const uint64_t words  = TYPE(U32) | TYPE(I32);
static const uint64_t bytes  = TYPE(U8);
static const uint64_t floats = TYPE(F16) | TYPE(BF16) | TYPE(F32) | TYPE(F64) | TYPE(F8_E8M0);
static const uint64_t small  = TYPE(F8_E4M3) | TYPE(F8_E5M2);
_Static_assert(MC_DTYPE_COUNT <= 64, "types fit a bit set");

static mc_status fail_part_shape(const finder *f, const char *suffix, const mc_tensor *tensor,
                                 size_t rows, size_t cols)
{
    char has[MC_SHAPE_TEXT], want[64];

    mc_tensor_print_shape(tensor, has);
    snprintf(want, sizeof want, cols ? "%zu, %zu" : "%zu", rows, cols);
    return about(f, suffix,
                 mc_fail(f->err, MC_ERR_TENSOR_SHAPE, belong_not,
                         "has shape [%s], the configuration asks for [%s]", has, want));
}

/* The part must be there, of one of the types, and [rows, cols]; cols 0: a vector. */
static mc_status need_part(const finder *f, const char *suffix, uint64_t types, size_t rows,
                           size_t cols, const mc_tensor **part)
{
    const mc_tensor *tensor = find_part(f, suffix);

    if (!tensor)
        return about(f, suffix,
                     mc_fail(f->err, MC_ERR_TENSOR_MISSING, belong_not,
                             "the quantised weight is incomplete without this tensor"));
    if (!(types >> tensor->dtype & 1))
        return about(f, suffix,
                     mc_fail(f->err, MC_ERR_DTYPE, belong_not,
                             "is stored as %s, which this scheme does not have here",
                             mc_dtype_get(tensor->dtype)->name));
    if (tensor->rank != (cols ? 2 : 1) || tensor->shape[0] != rows ||
        (cols && tensor->shape[1] != cols))
        return fail_part_shape(f, suffix, tensor, rows, cols);
    *part = tensor;
    return MC_OK;
}

static mc_status fail_group(const finder *f, size_t group)
{
    return about(f, "scales",
                 mc_fail(f->err, MC_ERR_TENSOR_SHAPE, belong_not,
                         "rows of %zu values do not divide into groups of %zu", f->cols,
                         group));
}

/* The entry for this module: false leaves it alone, an object has its own sizes, otherwise it
 * is quantised when it has scales. */
static mc_status apply_override(const finder *f, mc_quantization *quant, bool *quantised)
{
    mc_json_value entry = mc_json_get(quant->table, f->module);
    mc_status     status;

    *quantised = find_part(f, "scales") != NULL;
    if (mc_json_bool(entry, quantised)) return MC_OK;
    if (mc_json_type_of(entry) != MC_JSON_OBJECT) return MC_OK;
    *quantised = true;
    status     = read_mlx(quant, entry, f->err);
    if (status == MC_OK) return MC_OK;
    return mc_fail_about(f->err, status, "%s/config.json: '%s'", mc_store_path(f->store),
                         f->module);
}

static mc_status bind_mlx(const finder *f, const mc_quantization *whole, mc_weight *weight)
{
    mc_quantization quant  = *whole;
    mc_weight       result = { .rows = f->rows, .cols = f->cols, .stored_rows = f->rows };
    size_t          mode   = 0, groups;
    bool            quantised;

    MC_TRY(apply_override(f, &quant, &quantised));
    if (!quantised) return MC_OK;
    while (strcmp(mlx_modes[mode].name, quant.mode) != 0)
        mode++;
    if (f->cols % quant.group != 0) return fail_group(f, quant.group);
    groups        = f->cols / quant.group;
    result.scheme = mc_weight_scheme_find(mlx_modes[mode].kind, quant.bits);
    result.bits   = quant.bits;
    result.group  = quant.group;
    MC_TRY(need_part(f, "weight", words, f->rows, f->cols * quant.bits / 32, &result.tensor));
    MC_TRY(need_part(f, "scales", mode == 0 ? floats : bytes, f->rows, groups,
                     &result.parts[MC_PART_SCALES]));
    if (mode == 0)
        MC_TRY(need_part(f, "biases", floats, f->rows, groups, &result.parts[MC_PART_ZEROS]));
    *weight = result;
    return MC_OK;
}

/* Every entry of g_idx is the number of a group. */
static mc_status check_order(const finder *f, const mc_tensor *order, size_t groups)
{
    for (size_t i = 0; i < f->cols; i++) {
        uint32_t group;
        memcpy(&group, order->bytes.data + 4 * i, sizeof group);
        if (group >= groups)
            return about(f, "g_idx",
                         mc_fail(f->err, MC_ERR_CORRUPT, "the model is damaged; fetch it again",
                                 "input %zu belongs to group %" PRIu32 " of %zu", i, group,
                                 groups));
    }
    return MC_OK;
}

/* Columns of words along `count` codes; whole words only. */
static mc_status word_count(const finder *f, size_t count, size_t bits, size_t *out)
{
    if (count % 32 == 0 || (32 % bits == 0 && count % (32 / bits) == 0)) {
        *out = count * bits / 32;
        return MC_OK;
    }
    return about(f, "qweight",
                 mc_fail(f->err, MC_ERR_TENSOR_SHAPE, "use another variant of the model",
                         "%zu codes of %zu bits do not fill whole words", count, bits));
}

/* Group size of a row and the number of its groups, the last of which may be shorter. */
static void count_groups(const finder *f, size_t stated, size_t *group, size_t *groups)
{
    *group  = stated ? stated : f->cols;
    *groups = (f->cols + *group - 1) / *group;
}

static mc_status bind_gptq(const finder *f, const mc_quantization *quant, mc_weight *weight)
{
    mc_weight result = { .rows = f->rows, .cols = f->cols, .stored_rows = f->rows };
    size_t    down, across, groups;
    bool      ordered = false;

    result.bits   = quant->bits;
    result.scheme = mc_weight_scheme_find(
        quant->plain_zeros ? MC_SCHEME_GPTQ_V2 : MC_SCHEME_GPTQ, quant->bits);
    count_groups(f, quant->group, &result.group, &groups);
    MC_TRY(word_count(f, f->cols, quant->bits, &down));
    MC_TRY(word_count(f, f->rows, quant->bits, &across));
    MC_TRY(need_part(f, "qweight", words, down, f->rows, &result.tensor));
    MC_TRY(need_part(f, "scales", floats, groups, f->rows, &result.parts[MC_PART_SCALES]));
    MC_TRY(need_part(f, "qzeros", words, groups, across, &result.parts[MC_PART_ZEROS]));
    mc_json_bool(mc_json_get(quant->table, "desc_act"), &ordered);
    if (ordered || find_part(f, "g_idx")) {
        MC_TRY(need_part(f, "g_idx", words, f->cols, 0, &result.parts[MC_PART_ORDER]));
        MC_TRY(check_order(f, result.parts[MC_PART_ORDER], groups));
    }
    *weight = result;
    return MC_OK;
}

static mc_status bind_awq(const finder *f, const mc_quantization *quant, mc_weight *weight)
{
    mc_weight result = { .rows = f->rows, .cols = f->cols, .stored_rows = f->rows };
    size_t    across, groups;

    result.bits   = quant->bits;
    result.scheme = mc_weight_scheme_find(MC_SCHEME_AWQ, quant->bits);
    count_groups(f, quant->group, &result.group, &groups);
    MC_TRY(word_count(f, f->rows, quant->bits, &across));
    MC_TRY(need_part(f, "qweight", words, f->cols, across, &result.tensor));
    MC_TRY(need_part(f, "scales", floats, groups, f->rows, &result.parts[MC_PART_SCALES]));
    MC_TRY(need_part(f, "qzeros", words, groups, across, &result.parts[MC_PART_ZEROS]));
    *weight = result;
    return MC_OK;
}

static uint64_t element_count(const mc_tensor *tensor)
{
    uint64_t count = 1;

    for (int i = 0; i < tensor->rank; i++)
        count *= tensor->shape[i];
    return count;
}

/* One scale, or one for each row ([rows] or [rows, 1]). */
static bool is_simple_scale(const mc_tensor *scale, size_t rows)
{
    uint64_t count = element_count(scale);

    return count == 1 || (count == rows && scale->rank >= 1 && scale->shape[0] == rows);
}

static mc_status bind_fp8(const finder *f, const mc_quantization *quant, mc_weight *weight)
{
    mc_weight   result = { .rows = f->rows, .cols = f->cols, .stored_rows = f->rows };
    const char *suffix = find_part(f, "weight_scale") ? "weight_scale" : "weight_scale_inv";
    const mc_tensor *stored = find_part(f, "weight"), *scale = find_part(f, suffix);

    if (!stored || !(small >> stored->dtype & 1)) return MC_OK; /* left alone */
    if (!scale && quant->method != MC_QUANT_FP8) return MC_OK;  /* numbers like others */
    MC_TRY(need_part(f, "weight", small, f->rows, f->cols, &result.tensor));
    if (scale && is_simple_scale(scale, f->rows) && floats >> scale->dtype & 1) {
        result.scheme                = mc_weight_scheme_find(MC_SCHEME_FP8_SCALED, 0);
        result.parts[MC_PART_SCALES] = scale;
        *weight                      = result;
        return MC_OK;
    }
    if (scale && quant->block_rows == 0)
        return about(f, suffix,
                     mc_fail(f->err, MC_ERR_CONFIG, fetch_again,
                             "holds scales of blocks, but 'weight_block_size' is not set"));
    result.group      = quant->block_cols ? quant->block_cols : 1;
    result.block_rows = quant->block_rows ? quant->block_rows : 1;
    result.scheme     = mc_weight_scheme_find(MC_SCHEME_FP8_BLOCKS, 0);
    MC_TRY(need_part(f, suffix, floats, (f->rows + result.block_rows - 1) / result.block_rows,
                     (f->cols + result.group - 1) / result.group,
                     &result.parts[MC_PART_SCALES]));
    *weight = result;
    return MC_OK;
}

/* NVFP4 in GGUF: the blocks' scales are relative to one of the tensor. */
static mc_status bind_gguf(const finder *f, mc_weight *weight)
{
    const mc_tensor *stored = find_part(f, "weight"), *scale = find_part(f, "scale");

    if (!stored || !scale || stored->dtype != MC_DTYPE_NVFP4) return MC_OK;
    if (stored->rank != 2 || stored->shape[0] != f->rows || stored->shape[1] != f->cols)
        return MC_OK; /* refused with the plain ones */
    if (!(floats >> scale->dtype & 1) || !is_simple_scale(scale, f->rows))
        return about(f, "scale",
                     mc_fail(f->err, MC_ERR_TENSOR_SHAPE, "fetch the file again",
                             "is neither one number nor one for each row"));
    *weight = (mc_weight){ .tensor      = stored,
                           .parts       = { [MC_PART_SCALES] = scale },
                           .scheme      = mc_weight_scheme_find(MC_SCHEME_GGUF_SCALED, 0),
                           .rows        = f->rows,
                           .cols        = f->cols,
                           .stored_rows = f->rows };
    return MC_OK;
}

/* Codes without a word in the configuration of what they are. */
static mc_status check_plain(const finder *f)
{
    bool mlx = find_part(f, "scales") && find_part(f, "weight");

    if (!mlx && !find_part(f, "qweight")) return MC_OK;
    return about(f, mlx ? "scales" : "qweight",
                 mc_fail(f->err, MC_ERR_CONFIG, fetch_again,
                         "belongs to a quantised weight, but the configuration does not say "
                         "how it is quantised"));
}

mc_status mc_quantization_bind(const mc_quantization *quant, const mc_store *store,
                               const char *module, size_t rows, size_t cols, mc_weight *weight,
                               mc_error *err)
{
    finder f = { store, module, rows, cols, err };

    if (mc_store_dialect(store) == MC_DIALECT_GGUF) return bind_gguf(&f, weight);
    switch (quant->method) {
    case MC_QUANT_MLX: return bind_mlx(&f, quant, weight);
    case MC_QUANT_GPTQ: return find_part(&f, "qweight") ? bind_gptq(&f, quant, weight) : MC_OK;
    case MC_QUANT_AWQ: return find_part(&f, "qweight") ? bind_awq(&f, quant, weight) : MC_OK;
    case MC_QUANT_FP8: return bind_fp8(&f, quant, weight);
    case MC_QUANT_NONE: break;
    }
    MC_TRY(check_plain(&f));
    return bind_fp8(&f, quant, weight);
}
