/* bind.c - names of roles, and the checks on what they find. */
#include "model/bind.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

enum { NAME_TEXT = 256 };

/* What older files carry along without meaning: buffers that are computed anew. */
static const char *const inert_suffixes[] = {
    ".rotary_emb.inv_freq",
    ".rotary_emb.cos_cached",
    ".rotary_emb.sin_cached",
    ".masked_bias",
    ".attn.bias",
    ".attention.bias",
    /* Scales of activations and of cached keys and values: here both stay float32. */
    ".input_scale",
    ".activation_scale",
    ".k_scale",
    ".v_scale",
};

/* A stem is "a" or "a|b|...": its alternatives. */
typedef struct alternative {
    const char *text;
    size_t      size;
} alternative;

static bool next_alternative(const char **rest, alternative *out)
{
    const char *bar = *rest ? strchr(*rest, '|') : NULL;

    if (!*rest) return false;
    *out  = (alternative){ *rest, bar ? (size_t)(bar - *rest) : strlen(*rest) };
    *rest = bar ? bar + 1 : NULL;
    return true;
}

/* The first "%d" of the stem is the block, a second one the part. */
static void print_name(const char *prefix, alternative stem, size_t block, size_t part,
                       const char *suffix, char out[NAME_TEXT])
{
    size_t numbers[2] = { block, part }, seen = 0;
    size_t used = (size_t)snprintf(out, NAME_TEXT, "%s", prefix);

    for (size_t i = 0; i < stem.size && used < NAME_TEXT - 32; i++) {
        if (stem.text[i] == '%' && seen < 2)
            used += (size_t)snprintf(out + used, NAME_TEXT - used, "%zu", numbers[seen++]), i++;
        else
            out[used++] = stem.text[i];
    }
    snprintf(out + used, NAME_TEXT - used, "%s", suffix);
}

static const char *stem_of(const mc_binder *binder, mc_role role)
{
    return binder->arch->names->stems[role][binder->dialect];
}

static const mc_tensor *find_under(const mc_binder *binder, const char *prefix, mc_role role,
                                   size_t block, size_t part, const char *suffix)
{
    const char      *rest   = stem_of(binder, role);
    const mc_tensor *tensor = NULL;
    alternative      stem;

    while (!tensor && next_alternative(&rest, &stem)) {
        char name[NAME_TEXT];
        print_name(prefix, stem, block, part, suffix, name);
        tensor = mc_store_find(binder->store, name);
    }
    return tensor;
}

static const char *find_prefix(const mc_binder *binder)
{
    const char *const *prefixes = binder->arch->names->prefixes;

    if (binder->dialect == MC_DIALECT_GGUF) return "";
    for (; *prefixes; prefixes++)
        if (find_under(binder, *prefixes, MC_ROLE_EMBED, 0, 0, ".weight")) return *prefixes;
    return binder->arch->names->prefixes[0]; /* the error will name the usual place */
}

mc_status mc_binder_init(mc_binder *binder, const mc_store *store, const mc_arch *arch,
                         const mc_hparams *hparams, mc_error *err)
{
    size_t          count = mc_store_tensor_count(store);
    mc_quantization quantization;

    MC_TRY(mc_quantization_read(store, &quantization, err));
    *binder      = (mc_binder){ .store        = store,
                                .arch         = arch,
                                .hparams      = hparams,
                                .dialect      = mc_store_dialect(store),
                                .quantization = quantization };
    binder->used = mc_calloc(count, sizeof *binder->used);
    if (!binder->used) return mc_fail_memory(err, count);
    binder->prefix = find_prefix(binder);
    return MC_OK;
}

void mc_binder_clear(mc_binder *binder)
{
    mc_free(binder->used);
    binder->used = NULL;
}

const mc_tensor *mc_bind_find(const mc_binder *binder, mc_role role, size_t block, size_t part,
                              const char *suffix)
{
    return find_under(binder, binder->prefix, role, block, part, suffix);
}

static mc_status fail_missing(const mc_binder *binder, mc_role role, size_t block, size_t part,
                              const char *suffix, mc_error *err)
{
    const char *rest = stem_of(binder, role);
    alternative stem;
    char        name[NAME_TEXT];

    if (!next_alternative(&rest, &stem))
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use the model in another format",
                       "architecture '%s' is not known in this format with this configuration",
                       binder->arch->name);
    print_name(binder->prefix, stem, block, part, suffix, name);
    mc_fail(err, MC_ERR_TENSOR_MISSING,
            "weights and configuration do not belong together, or a file is missing",
            "the model has no such tensor");
    return mc_fail_about(err, MC_ERR_TENSOR_MISSING, "%s: tensor '%s'",
                         mc_store_path(binder->store), name);
}

static mc_status fail_shape(const mc_binder *binder, const mc_tensor *tensor, size_t rows,
                            size_t cols, mc_error *err)
{
    char shape[MC_SHAPE_TEXT];

    mc_tensor_print_shape(tensor, shape);
    if (cols > 0)
        mc_fail(err, MC_ERR_TENSOR_SHAPE,
                "weights and configuration do not belong together; fetch both again",
                "has shape [%s], the configuration asks for [%zu, %zu]", shape, rows, cols);
    else
        mc_fail(err, MC_ERR_TENSOR_SHAPE,
                "weights and configuration do not belong together; fetch both again",
                "has shape [%s], the configuration asks for [%zu]", shape, rows);
    return mc_fail_about(err, MC_ERR_TENSOR_SHAPE, "%s: tensor '%s'",
                         mc_store_path(binder->store), tensor->name);
}

static mc_status check_dtype(const mc_binder *binder, const mc_tensor *tensor, mc_error *err)
{
    const mc_dtype_info *info = mc_dtype_get(tensor->dtype);

    if (info->widen && (binder->dialect == MC_DIALECT_GGUF || !mc_dtype_is_code(tensor->dtype)))
        return MC_OK;
    mc_fail(err, MC_ERR_DTYPE, "fetch the model in F32, F16, BF16 or a supported quantisation",
            "is stored as %s, which is no type of weights%s", info->name,
            tensor->dtype == MC_DTYPE_U32
                ? " (MLX's codes, without '.scales' or not counted by 'quantization'?)"
                : "");
    return mc_fail_about(err, MC_ERR_DTYPE, "%s: tensor '%s'", mc_store_path(binder->store),
                         tensor->name);
}

static void mark(mc_binder *binder, const mc_tensor *tensor)
{
    binder->used[tensor - mc_store_tensor(binder->store, 0)] = true;
}

void mc_bind_ignore(mc_binder *binder, mc_role role, size_t block)
{
    const mc_tensor *weight = mc_bind_find(binder, role, block, 0, ".weight");
    const mc_tensor *bias   = mc_bind_find(binder, role, block, 0, ".bias");

    if (weight) mark(binder, weight);
    if (bias) mark(binder, bias);
}

static mc_status bind(mc_binder *binder, mc_role role, size_t block, size_t part,
                      const char *suffix, const mc_tensor **tensor, mc_error *err)
{
    *tensor = mc_bind_find(binder, role, block, part, suffix);
    if (!*tensor) return fail_missing(binder, role, block, part, suffix, err);
    MC_TRY(check_dtype(binder, *tensor, err));
    mark(binder, *tensor);
    return MC_OK;
}

/* Some writers give every quantised layer a bias, of zeros where the model has none. */
static void mark_zero_bias(mc_binder *binder, const char *module)
{
    char             name[NAME_TEXT + 8];
    const mc_tensor *bias;
    size_t           i = 0;

    snprintf(name, sizeof name, "%s.bias", module);
    bias = mc_store_find(binder->store, name);
    while (bias && i < bias->bytes.size && bias->bytes.data[i] == 0)
        i++;
    if (bias && i == bias->bytes.size) mark(binder, bias);
}

/* A weight in parts; *weight is absent when it is not one. */
static mc_status bind_parts(mc_binder *binder, mc_role role, size_t block, size_t rows,
                            size_t cols, mc_weight *weight, mc_error *err)
{
    const char *rest  = stem_of(binder, role);
    mc_weight   found = { 0 };
    char        module[NAME_TEXT];
    alternative stem;

    *weight = found;
    while (!mc_weight_present(&found) && next_alternative(&rest, &stem)) {
        print_name(binder->prefix, stem, block, 0, "", module);
        MC_TRY(mc_quantization_bind(&binder->quantization, binder->store, module, rows, cols,
                                    &found, err));
    }
    if (!mc_weight_present(&found)) return MC_OK;
    mark(binder, found.tensor);
    mark_zero_bias(binder, module);
    for (size_t i = 0; i < MC_WEIGHT_PARTS; i++)
        if (found.parts[i]) mark(binder, found.parts[i]);
    *weight = found;
    return MC_OK;
}

static mc_status bind_plain(mc_binder *binder, mc_role role, size_t block, size_t rows,
                            size_t cols, mc_weight *weight, mc_error *err)
{
    const mc_tensor *tensor;

    MC_TRY(bind(binder, role, block, 0, ".weight", &tensor, err));
    if (tensor->rank != 2 || tensor->shape[0] != rows || tensor->shape[1] != cols)
        return fail_shape(binder, tensor, rows, cols, err);
    *weight = (mc_weight){ .tensor = tensor, .rows = rows, .cols = cols };
    return MC_OK;
}

mc_status mc_bind_matrix(mc_binder *binder, mc_role role, size_t block, size_t rows,
                         size_t cols, mc_weight *weight, mc_error *err)
{
    MC_TRY(bind_parts(binder, role, block, rows, cols, weight, err));
    if (mc_weight_present(weight)) return MC_OK;
    return bind_plain(binder, role, block, rows, cols, weight, err);
}

mc_status mc_bind_linear(mc_binder *binder, mc_role role, size_t block, size_t rows,
                         size_t cols, mc_weight *weight, mc_error *err)
{
    /* Weights in parts have one layout, whatever the plain ones have. */
    MC_TRY(bind_parts(binder, role, block, rows, cols, weight, err));
    if (mc_weight_present(weight)) return MC_OK;
    if (!binder->hparams->transposed[binder->dialect])
        return bind_plain(binder, role, block, rows, cols, weight, err);
    MC_TRY(bind_plain(binder, role, block, cols, rows, weight, err));
    weight->rows       = rows;
    weight->cols       = cols;
    weight->transposed = true;
    if (mc_dtype_get(weight->tensor->dtype)->block_length == 1) return MC_OK;
    mc_fail(err, MC_ERR_DTYPE, "use the model in F32, F16 or BF16",
            "is stored transposed and as %s, which do not go together",
            mc_dtype_get(weight->tensor->dtype)->name);
    return mc_fail_about(err, MC_ERR_DTYPE, "%s: tensor '%s'", mc_store_path(binder->store),
                         weight->tensor->name);
}

mc_status mc_bind_vector(mc_binder *binder, mc_role role, size_t block, size_t part,
                         const char *suffix, size_t length, mc_weight *weight, mc_error *err)
{
    const mc_tensor *tensor;
    bool             fits, heads = role == MC_ROLE_Q_NORM || role == MC_ROLE_K_NORM;

    MC_TRY(bind(binder, role, block, part, suffix, &tensor, err));
    fits = tensor->rank == 1 && tensor->shape[0] == length;
    /* The heads' norms as [heads, columns], and a single value. */
    if (tensor->rank == 2 && tensor->shape[1] > 1 && length % tensor->shape[1] == 0)
        fits = tensor->shape[0] == length / tensor->shape[1] && (tensor->shape[0] > 1 || heads);
    if (tensor->rank == 0) fits = length == 1;
    if (!fits) return fail_shape(binder, tensor, length, 0, err);
    *weight = (mc_weight){ .tensor = tensor, .rows = length, .cols = 1 };
    return MC_OK;
}

static bool ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text), tail = strlen(suffix);

    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

/* The block a tensor belongs to; false when it belongs to none of the model's. */
static bool parse_block(const mc_binder *binder, const char *name, size_t *block)
{
    const char *stem   = stem_of(binder, MC_ROLE_O); /* every block has one */
    size_t      prefix = strlen(binder->prefix);
    size_t      length = (size_t)(strstr(stem, "%d") - stem);

    if (strncmp(name, binder->prefix, prefix) != 0 || strncmp(name + prefix, stem, length) != 0)
        return false;
    name += prefix + length;
    if (*name < '0' || *name > '9') return false;
    *block = 0;
    for (; *name >= '0' && *name <= '9' && *block < binder->hparams->layers; name++)
        *block = *block * 10 + (size_t)(*name - '0');
    return *name == '.' && *block < binder->hparams->layers;
}

/* Before the first block and behind the last, but for the logits: only GGUF's names are known.
 */
static bool is_end(const mc_binder *binder, const char *name)
{
    static const char *const ends[] = { "token_embd", "position_embd", "output_norm" };

    for (size_t i = 0; binder->dialect == MC_DIALECT_GGUF && i < MC_ARRAY_LEN(ends); i++)
        if (strncmp(name, ends[i], strlen(ends[i])) == 0) return true;
    return false;
}

static mc_status fail_unused(const mc_binder *binder, const char *name, const char *part,
                             mc_error *err)
{
    mc_fail(err, MC_ERR_UNSUPPORTED,
            "use a variant of the model without it, or report this with the model's name",
            "is a part of %s that '%s' with this configuration has no use for", part,
            binder->arch->name);
    return mc_fail_about(err, MC_ERR_UNSUPPORTED, "%s: tensor '%s'",
                         mc_store_path(binder->store), name);
}

mc_status mc_bind_check_unused(const mc_binder *binder, mc_error *err)
{
    for (size_t i = 0; i < mc_store_tensor_count(binder->store); i++) {
        const char *name  = mc_store_tensor(binder->store, i)->name;
        bool        inert = binder->used[i];
        size_t      block;
        char        part[40];

        for (size_t j = 0; !inert && j < MC_ARRAY_LEN(inert_suffixes); j++)
            inert = ends_with(name, inert_suffixes[j]);
        if (inert) continue;
        if (is_end(binder, name)) return fail_unused(binder, name, "the model", err);
        if (!parse_block(binder, name, &block)) continue;
        snprintf(part, sizeof part, "block %zu", block + 1);
        return fail_unused(binder, name, part, err);
    }
    return MC_OK;
}
