/* encode.c - a text through all parts of a tokenizer. Everything that changes is the caller's
 * mc_work, so that threads share a tokenizer freely. */
#include <string.h>

#include "base/alloc.h"
#include "tokenizer/parts.h"
#include "tokenizer/utf8.h"

/* Positions inside a piece are 32 bits. */
static const size_t text_most = (size_t)1 << 30;

static mc_status run_stages(mc_work *work, const mc_stages *stages)
{
    for (size_t i = 0; i < stages->count; i++)
        MC_TRY(mc_work_run(work, &stages->items[i]));
    return MC_OK;
}

static mc_status add_ids(mc_work *work, const mc_id_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        MC_TRY(mc_work_add_id(work, list->ids[i]));
    return MC_OK;
}

static mc_status encode_pieces(const mc_tokenizer *tokenizer, mc_work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        mc_piece piece = work->pieces[i];

        if (piece.id >= 0)
            MC_TRY(mc_work_add_id(work, piece.id));
        else if (piece.size)
            MC_TRY(tokenizer->kind->encode(tokenizer->model, &tokenizer->vocab, work,
                                           work->text.data + piece.start, piece.size));
    }
    return MC_OK;
}

static mc_status encode(const mc_tokenizer *tokenizer, mc_work *work, const char *text,
                        size_t size, bool add_special, mc_error *err)
{
    MC_TRY(mc_work_begin(work, text, size, err));
    MC_TRY(mc_added_cut(&tokenizer->added, work, false));
    MC_TRY(run_stages(work, &tokenizer->normalizers));
    MC_TRY(mc_added_cut(&tokenizer->added, work, true));
    MC_TRY(run_stages(work, &tokenizer->pre_tokenizers));
    if (add_special) MC_TRY(add_ids(work, &tokenizer->before));
    MC_TRY(encode_pieces(tokenizer, work));
    if (add_special) MC_TRY(add_ids(work, &tokenizer->after));
    return MC_OK;
}

mc_status mc_tokenizer_encode(const mc_tokenizer *tokenizer, const char *text, size_t size,
                              bool add_special, int32_t **ids, size_t *count, mc_error *err)
{
    mc_work   work = { 0 };
    mc_status status;

    if (!tokenizer || !ids || !count || (!text && size))
        return mc_fail(err, MC_ERR_ARGUMENT, "", "a tokenizer, a text and places for the ids");
    if (size > text_most)
        return mc_fail(err, MC_ERR_ARGUMENT, "encode it in parts",
                       "a text of %zu bytes is longer than %zu", size, text_most);
    MC_TRY(mc_utf8_require(text, size, err));
    status = encode(tokenizer, &work, text, size, add_special, err);
    if (status == MC_OK && !work.ids) {
        work.ids = mc_alloc(sizeof *work.ids);
        if (!work.ids) status = mc_fail_memory(err, sizeof *work.ids);
    }
    if (status == MC_OK) {
        *ids     = work.ids;
        *count   = work.id_count;
        work.ids = NULL;
    }
    mc_work_clear(&work);
    return status;
}

void mc_tokenizer_free_ids(int32_t *ids)
{
    mc_free(ids);
}
