/* stage.c - staging by panels, of every matrix of a program, by whoever is free. */
#include "engine/stage.h"

#include "base/alloc.h"
#include "engine/op_profile.h"

static size_t rounded(size_t bytes)
{
    return (bytes + MC_CACHE_LINE - 1) / MC_CACHE_LINE * MC_CACHE_LINE;
}

static size_t program_size(const mc_backend *backend, const mc_program *program)
{
    size_t size = 0;

    for (size_t i = 0; i < program->count; i++)
        size += rounded(backend->staged_size(&program->ops[i]));
    return size;
}

static void grow_to(size_t *most, size_t value)
{
    if (value > *most) *most = value;
}

static void measure(mc_stage *stage, const mc_program *program)
{
    grow_to(&stage->size, program_size(stage->backend, program));
    for (size_t i = 0; i < program->count; i++)
        grow_to(&stage->scratch_size, stage->backend->stage_scratch(&program->ops[i]));
}

mc_stage mc_stage_measure(const mc_backend *backend, const mc_lowered *model, int last_block,
                          size_t workers, size_t depth)
{
    mc_stage result = { .backend = backend, .workers = workers, .depth = depth };

    measure(&result, &model->embed);
    measure(&result, &model->final);
    for (int block = 0; block < last_block; block++)
        measure(&result, &model->blocks[block]);
    result.scratch_size = rounded(result.scratch_size * sizeof(float)) / sizeof(float);
    return result;
}

size_t mc_stage_bytes(const mc_stage *stage)
{
    return stage->depth * stage->size + stage->workers * stage->scratch_size * sizeof(float);
}

mc_status mc_stage_create(const mc_backend *backend, const mc_lowered *model, int last_block,
                          size_t workers, size_t depth, mc_stage *stage, mc_error *err)
{
    mc_stage result = mc_stage_measure(backend, model, last_block, workers, depth);

    result.memory  = mc_alloc_aligned(depth * result.size);
    result.scratch = mc_alloc_aligned(workers * result.scratch_size * sizeof(float));
    if (!result.memory || !result.scratch) {
        mc_stage_clear(&result);
        return mc_fail_memory(err, mc_stage_bytes(&result));
    }
    *stage = result;
    return MC_OK;
}

void mc_stage_clear(mc_stage *stage)
{
    mc_free_aligned(stage->memory, stage->depth * stage->size);
    mc_free_aligned(stage->scratch, stage->workers * stage->scratch_size * sizeof(float));
    *stage = (mc_stage){ 0 };
}

size_t mc_stage_panels(const mc_backend *backend, const mc_program *program)
{
    size_t count = 0;

    for (size_t i = 0; i < program->count; i++)
        count += backend->stage_jobs(&program->ops[i]);
    return count;
}

static char *place_of(const mc_stage *stage, const mc_program *program, size_t phase,
                      size_t index)
{
    size_t offset = phase % stage->depth * stage->size;

    for (size_t i = 0; i < index; i++)
        offset += rounded(stage->backend->staged_size(&program->ops[i]));
    return (char *)stage->memory + offset;
}

void mc_stage_run(const mc_stage *stage, const mc_program *program, size_t phase, size_t panel,
                  size_t worker)
{
    for (size_t i = 0; i < program->count; i++) {
        const mc_op *op   = &program->ops[i];
        size_t       jobs = stage->backend->stage_jobs(op);
        if (panel < jobs) {
            mc_profile_mark begun = mc_profile_begin();
            stage->backend->stage(stage->backend, op, panel, place_of(stage, program, phase, i),
                                  stage->scratch + worker * stage->scratch_size);
            mc_op_profile_end_stage(begun, stage->backend, op);
            return;
        }
        panel -= jobs;
    }
}

const void *mc_stage_of(const mc_stage *stage, const mc_program *program, size_t phase,
                        size_t index)
{
    if (stage->backend->staged_size(&program->ops[index]) == 0) return NULL;
    return place_of(stage, program, phase, index);
}

/* Single rows are read from these, not the whole matrix. */
static bool reads_rows(const mc_op *op)
{
    return op->kind == MC_OP_EMBED || op->kind == MC_OP_POSITION;
}

uint64_t mc_stage_stored_size(const mc_program *program)
{
    uint64_t size = 0;

    for (size_t i = 0; i < program->count; i++)
        for (size_t w = 0; w < MC_STACK_MAX && !reads_rows(&program->ops[i]); w++) {
            const mc_op *op = &program->ops[i];
            if (mc_weight_present(&op->weights[w]))
                size += mc_weight_stored_size(&op->weights[w]);
            if (mc_weight_present(&op->biases[w]))
                size += mc_weight_stored_size(&op->biases[w]);
        }
    return size;
}

static void advise_tensor(const mc_store *store, const mc_tensor *tensor, mc_file_advice advice)
{
    if (tensor) mc_file_map_advise(mc_store_file(store, tensor->file), tensor->bytes, advice);
}

void mc_stage_advise(const mc_store *store, const mc_program *program, mc_file_advice advice)
{
    if (!store) return;
    for (size_t i = 0; i < program->count; i++) {
        const mc_op *op = &program->ops[i];
        if (reads_rows(op)) continue;
        for (size_t w = 0; w < MC_STACK_MAX; w++) {
            advise_tensor(store, op->weights[w].tensor, advice);
            for (size_t part = 0; part < MC_WEIGHT_PARTS; part++)
                advise_tensor(store, op->weights[w].parts[part], advice);
        }
    }
}
