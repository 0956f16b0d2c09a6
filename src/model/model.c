/* model.c - opening a model: store, hyper-parameters, programs; and what is known of it. */
#include "model/model.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "model/arch.h"
#include "model/lower.h"
#include "model/weight_schemes.h"

struct mc_model {
    mc_store      *store;
    const mc_arch *arch;
    mc_hparams     hparams;
    mc_lowered     lowered;
    mc_model_info  info;
    char           hash[MC_HASH_TEXT]; /* "" until asked for */
};

static void count_model(const mc_lowered *lowered, mc_model_info *info)
{
    mc_model_inventory sum  = { 0 };
    size_t             most = 0;

    mc_lowered_count(lowered, &sum);
    for (size_t i = 0; i < sum.kind_count; i++)
        if (sum.kinds[i].parameters > sum.kinds[most].parameters) most = i;
    info->parameters  = sum.parameters;
    info->bytes       = sum.bytes;
    info->weight_type = sum.kinds[most].name;
}

static void describe(mc_model *model)
{
    const mc_hparams *hp = &model->hparams;

    model->info = (mc_model_info){
        .path         = mc_store_path(model->store),
        .name         = mc_store_name(model->store),
        .format       = mc_store_format(model->store),
        .architecture = model->arch->name,
        .title        = model->arch->title,
        .layer_count  = model->lowered.block_count,
        .hidden_size  = model->lowered.hidden,
        .final_size   = model->lowered.final_width,
        .heads        = hp->heads,
        .kv_heads     = hp->kv_heads,
        .head_dim     = hp->head_dim,
        .ffn_size     = hp->ffn,
        .vocabulary   = model->lowered.vocabulary,
        .context      = model->lowered.context,
        .hard_context = model->lowered.hard_context,
    };
    count_model(&model->lowered, &model->info);
}

mc_status mc_model_open(const char *path, mc_model **out, mc_error *err)
{
    mc_model *model = mc_calloc(1, sizeof *model);
    mc_status status;

    if (!model) return mc_fail_memory(err, sizeof *model);
    status = mc_store_open(path, &model->store, err);
    if (status == MC_OK)
        status = mc_hparams_read(model->store, &model->arch, &model->hparams, err);
    if (status == MC_OK)
        status = mc_lower(model->store, model->arch, &model->hparams, &model->lowered, err);
    if (status != MC_OK) {
        mc_model_close(model);
        return mc_fail_about(err, status, "%s", path);
    }
    describe(model);
    *out = model;
    return MC_OK;
}

void mc_model_close(mc_model *model)
{
    if (!model) return;
    mc_lowered_clear(&model->lowered);
    mc_hparams_clear(&model->hparams);
    mc_store_close(model->store);
    mc_free(model);
}

const mc_model_info *mc_model_get_info(const mc_model *model)
{
    return &model->info;
}

const mc_store *mc_model_store(const mc_model *model)
{
    return model->store;
}

const mc_lowered *mc_model_lowered(const mc_model *model)
{
    return &model->lowered;
}

mc_status mc_model_hash(mc_model *model, const char **hash, mc_error *err)
{
    if (!model->hash[0]) MC_TRY(mc_store_hash(model->store, 0, model->hash, err));
    *hash = model->hash;
    return MC_OK;
}

mc_status mc_model_explain(const mc_model *model, char **text, mc_error *err)
{
    return mc_lowered_print(&model->lowered, text, err);
}

void mc_model_free_text(char *text)
{
    mc_free(text);
}

const char *mc_model_architecture(size_t index, const char **gguf, const char **title)
{
    for (size_t i = 0; i < index; i++)
        if (!mc_arch_table[i].name) return NULL;
    if (gguf) *gguf = mc_arch_table[index].gguf;
    if (title) *title = mc_arch_table[index].title;
    return mc_arch_table[index].name;
}

const char *mc_model_weight_type(size_t index)
{
    const mc_weight_scheme *scheme;

    for (int type = 1; type < MC_DTYPE_COUNT; type++) {
        const mc_dtype_info *info = mc_dtype_get((mc_dtype)type);
        if (info->widen && !mc_dtype_is_code((mc_dtype)type) && index-- == 0) return info->name;
    }
    scheme = mc_weight_scheme_at(index);
    return scheme ? scheme->name : NULL;
}
