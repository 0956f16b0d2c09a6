/* pieces.c - runs stages over pieces: what rewriting and cutting have in common. */
#include "tokenizer/pieces.h"

#include <string.h>

#include "base/alloc.h"
#include "tokenizer/utf8.h"

/* Compatibility decompositions reach 11 times the bytes; added spaces 7. */
enum { GROWTH_MOST = 256 };

mc_status mc_stages_add(mc_stages *stages, mc_stage stage, mc_error *err)
{
    mc_status status = mc_grow((void **)&stages->items, &stages->capacity, stages->count,
                               sizeof *stages->items, err);

    if (status == MC_OK) {
        stages->items[stages->count++] = stage;
        return MC_OK;
    }
    mc_regex_free(stage.regex);
    mc_free(stage.content);
    return status;
}

void mc_stages_clear(mc_stages *stages)
{
    for (size_t i = 0; i < stages->count; i++) {
        mc_regex_free(stages->items[i].regex);
        mc_free(stages->items[i].content);
    }
    mc_free(stages->items);
    *stages = (mc_stages){ 0 };
}

mc_status mc_work_begin(mc_work *work, const char *text, size_t size, mc_error *err)
{
    work->err = err;
    work->text_limit =
        size > SIZE_MAX / GROWTH_MOST ? SIZE_MAX : size * GROWTH_MOST + (1 << 20);
    mc_buffer_add(&work->text, text, size);
    MC_TRY(mc_buffer_status(&work->text, err));
    MC_TRY(
        mc_work_add_piece(work, (mc_piece){ 0, size, size ? mc_utf8_length(*text) : 0, -1 }));
    mc_work_swap_pieces(work);
    return MC_OK;
}

void mc_work_clear(mc_work *work)
{
    mc_buffer_clear(&work->text);
    mc_buffer_clear(&work->next_text);
    mc_free(work->pieces);
    mc_free(work->next);
    mc_free(work->ranges);
    mc_free(work->model);
    mc_free(work->ids);
    mc_matcher_clear(&work->matcher);
    *work = (mc_work){ 0 };
}

mc_status mc_work_add_id(mc_work *work, int32_t id)
{
    MC_TRY(mc_grow((void **)&work->ids, &work->id_capacity, work->id_count, sizeof *work->ids,
                   work->err));
    work->ids[work->id_count++] = id;
    return MC_OK;
}

void *mc_work_scratch(mc_work *work, size_t size)
{
    if (size > work->model_size || !work->model) {
        mc_free(work->model);
        work->model_size = size + size / 2 + 1024;
        work->model      = mc_alloc(work->model_size);
        if (!work->model) work->model_size = 0;
    }
    return work->model;
}

mc_status mc_work_add_range(mc_work *work, size_t start, size_t end, bool match)
{
    MC_TRY(mc_grow((void **)&work->ranges, &work->range_capacity, work->range_count,
                   sizeof *work->ranges, work->err));
    work->ranges[work->range_count++] = (mc_range){ start, end, match };
    return MC_OK;
}

mc_status mc_work_add_piece(mc_work *work, mc_piece piece)
{
    MC_TRY(mc_grow((void **)&work->next, &work->next_capacity, work->next_count,
                   sizeof *work->next, work->err));
    work->next[work->next_count++] = piece;
    return MC_OK;
}

void mc_work_swap_pieces(mc_work *work)
{
    mc_piece *pieces   = work->pieces;
    size_t    capacity = work->capacity;

    work->pieces        = work->next;
    work->count         = work->next_count;
    work->capacity      = work->next_capacity;
    work->next          = pieces;
    work->next_capacity = capacity;
    work->next_count    = 0;
}

mc_status mc_work_check_growth(const mc_work *work)
{
    if (work->next_text.failed || work->next_text.size <= work->text_limit) return MC_OK;
    return mc_fail(work->err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                   "its normalizers make the text more than %d times as long", GROWTH_MOST);
}

static mc_status rewrite_all(mc_work *work, const mc_stage *stage)
{
    mc_buffer swapped;

    work->next_text.size = 0;
    for (size_t i = 0; i < work->count; i++) {
        mc_piece piece  = work->pieces[i];
        mc_piece result = piece;

        result.start = work->next_text.size;
        if (piece.id < 0)
            MC_TRY(stage->kind->rewrite(stage, work, piece, &result.origin));
        else
            result.size = 0; /* a token's text is not needed any more */
        if (piece.id < 0) result.size = work->next_text.size - result.start;
        MC_TRY(mc_work_check_growth(work));
        MC_TRY(mc_work_add_piece(work, result));
    }
    MC_TRY(mc_buffer_status(&work->next_text, work->err));
    swapped         = work->text;
    work->text      = work->next_text;
    work->next_text = swapped;
    mc_work_swap_pieces(work);
    return MC_OK;
}

/* Neighbouring ranges become one where the behavior says so. Going backwards for "next". */
static void merge_ranges(mc_work *work, mc_split_behavior behavior)
{
    mc_range *ranges = work->ranges;
    size_t    count = work->range_count, used = 0;
    bool      before = false;

    for (size_t i = 0; i < count; i++) {
        bool     backwards = behavior == MC_SPLIT_MERGED_WITH_NEXT;
        mc_range range     = ranges[backwards ? count - 1 - i : i];
        bool     joins =
            behavior == MC_SPLIT_CONTIGUOUS ? range.match == before : range.match && !before;
        size_t last = backwards ? count - used : used - 1;

        before = range.match;
        if (joins && used && backwards)
            ranges[last].start = range.start;
        else if (joins && used)
            ranges[last].end = range.end;
        else
            ranges[backwards ? count - 1 - used++ : used++] = range;
    }
    if (behavior == MC_SPLIT_MERGED_WITH_NEXT)
        memmove(ranges, ranges + count - used, used * sizeof *ranges);
    work->range_count = used;
}

static mc_status cut_piece(mc_work *work, const mc_stage *stage, mc_piece piece)
{
    work->range_count = 0;
    MC_TRY(stage->kind->cut(stage, work, work->text.data + piece.start, piece.size));
    for (size_t i = 0; stage->invert && i < work->range_count; i++)
        work->ranges[i].match = !work->ranges[i].match;
    if (stage->behavior > MC_SPLIT_REMOVED) merge_ranges(work, stage->behavior);
    for (size_t i = 0; i < work->range_count; i++) {
        mc_range range = work->ranges[i];

        if (range.start == range.end) continue;
        if (range.match && stage->behavior == MC_SPLIT_REMOVED) continue;
        MC_TRY(mc_work_add_piece(work,
                                 mc_piece_part(piece, range.start, range.end - range.start)));
    }
    return MC_OK;
}

static mc_status cut_all(mc_work *work, const mc_stage *stage)
{
    for (size_t i = 0; i < work->count; i++) {
        if (work->pieces[i].id >= 0)
            MC_TRY(mc_work_add_piece(work, work->pieces[i]));
        else if (work->pieces[i].size)
            MC_TRY(cut_piece(work, stage, work->pieces[i]));
    }
    mc_work_swap_pieces(work);
    return MC_OK;
}

mc_status mc_work_run(mc_work *work, const mc_stage *stage)
{
    return stage->kind->rewrite ? rewrite_all(work, stage) : cut_all(work, stage);
}
