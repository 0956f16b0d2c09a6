/* crm_json.c - a CRM as JSON, written in one pass: head, then layer after layer.
 *
 * All workers share out a layer's probes, a piece of some rows at a time: each is made into
 * text, learns its place from the piece before it, and is written there. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "capture/crm.h"

/* About the bytes of a piece, one of which each worker holds; a row may be longer. */
enum { PIECE = 64 << 10 };
/* A float takes 11 bytes on average; a file with less than this a float has next to nothing in
 * it. */
enum { FLOAT_BYTES_LEAST = 6 };
#define FLOAT_BYTES 10.9 /* with its comma */
/* Keys, brackets and the norm around a probe's numbers, beside its id, which is there twice. */
enum { PROBE_BYTES = 90, PART_BYTES = 60, TOKEN_BYTES = 6, OFFSET_BYTES = 6 };

static mc_status flush(mc_crm_writer *writer, mc_error *err)
{
    MC_TRY(mc_buffer_status(&writer->text, err));
    MC_TRY(mc_new_file_write(&writer->output, writer->size, writer->text.data,
                             writer->text.size, err));
    writer->size += writer->text.size;
    writer->text.size = 0;
    return MC_OK;
}

/* Text that is JSON already. */
static void put_json(mc_json_writer *json, const char *key, const char *text)
{
    mc_json_key(json, key);
    mc_buffer_add_text(json->out, text);
    json->after_key   = false;
    json->has_sibling = true;
}

static size_t count_source(const mc_crm_plan *plan, const char *prefix)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->probe_count; i++)
        count += strncmp(plan->probe_ids[i], prefix, strlen(prefix)) == 0;
    return count;
}

static void put_anchors(mc_json_writer *json, const mc_crm_plan *plan)
{
    mc_json_key(json, "anchorMetadata");
    mc_json_begin_object(json);
    mc_json_add_uint(json, "totalCount", plan->probe_count);
    mc_json_add_uint(json, "semanticPrimeCount", count_source(plan, "semantic_prime:"));
    mc_json_add_uint(json, "computationalGateCount", count_source(plan, "computational_gate:"));
    mc_json_key(json, "anchorIDs");
    mc_json_begin_array(json);
    for (size_t i = 0; i < plan->probe_count; i++)
        mc_json_put_text(json, plan->probe_ids[i]);
    mc_json_end_array(json);
    mc_json_end_object(json);
}

static void put_offsets(mc_json_writer *json, const char *key, const int64_t *offsets,
                        size_t count)
{
    mc_json_key(json, key);
    mc_json_begin_array(json);
    for (size_t i = 0; i < count; i++)
        mc_json_put_int(json, offsets[i]);
    mc_json_end_array(json);
}

static void put_texts(mc_json_writer *json, const char *key, const mc_crm_texts *texts,
                      size_t probe_count)
{
    mc_json_key(json, key);
    mc_json_begin_object(json);
    mc_json_key(json, "tokenIDs");
    mc_json_begin_array(json);
    for (size_t i = 0; i < texts->token_count; i++)
        mc_json_put_int(json, texts->token_ids[i]);
    mc_json_end_array(json);
    put_offsets(json, "textOffsets", texts->text_offsets, texts->text_count + 1);
    put_offsets(json, "probeOffsets", texts->probe_offsets, probe_count + 1);
    mc_json_end_object(json);
}

static uint64_t count_floats(const mc_crm_plan *plan)
{
    uint64_t floats = 0;

    for (int p = 0; p < MC_CRM_PART_COUNT; p++)
        if (mc_crm_plan_has(plan, (mc_crm_part)p))
            floats += mc_crm_part_halves((mc_crm_part)p) *
                      mc_crm_plan_rows(plan, (mc_crm_part)p) * plan->hidden *
                      plan->layers.count;
    return floats;
}

static mc_status size_of(const mc_crm_plan *plan, uint64_t *size, mc_error *err)
{
    uint64_t ids   = 0;
    uint64_t texts = plan->texts.text_count + plan->control_texts.text_count;
    uint64_t parts = 1;

    (void)err;
    for (int p = MC_CRM_SPLIT; p < MC_CRM_PART_COUNT; p++)
        parts += mc_crm_plan_has(plan, (mc_crm_part)p);
    for (size_t i = 0; i < plan->probe_count; i++)
        ids += strlen(plan->probe_ids[i]);
    *size = (uint64_t)(FLOAT_BYTES * (double)count_floats(plan)) +
            plan->layers.count *
                (2 * ids + plan->probe_count * (PROBE_BYTES + (parts - 1) * PART_BYTES)) +
            ids + strlen(plan->provenance) + (texts + plan->probe_count) * OFFSET_BYTES +
            (plan->texts.token_count + plan->control_texts.token_count) * TOKEN_BYTES;
    return MC_OK;
}

static mc_status check_space(mc_crm_writer *writer, mc_error *err)
{
    return mc_new_file_check_space(&writer->output,
                                   count_floats(&writer->plan) * FLOAT_BYTES_LEAST, err);
}

static mc_status begin(mc_crm_writer *writer, mc_error *err)
{
    const mc_crm_plan *plan = &writer->plan;
    mc_json_writer    *json = &writer->json;

    if (plan->pooling == MC_POOLING_ALL)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "let the name of the file end in .safetensors",
                       "the JSON form holds one row a probe, not every token");
    MC_TRY(check_space(writer, err));
    *json = mc_json_writer_init(&writer->text, 0);
    mc_json_begin_object(json);
    mc_json_add_text(json, "schema", MC_CRM_SCHEMA);
    mc_json_add_text(json, "modelIdentifier", plan->model);
    mc_json_add_text(json, "createdAt", plan->created_at);
    mc_json_add_uint(json, "layerCount", (size_t)plan->block_count);
    mc_json_add_uint(json, "hiddenDim", plan->hidden);
    put_anchors(json, plan);
    mc_json_add_text(json, "pooling", mc_pooling_name(plan->pooling));
    put_json(json, "provenance", plan->provenance);
    put_texts(json, "texts", &plan->texts, plan->probe_count);
    if (plan->control) put_texts(json, "controlTexts", &plan->control_texts, plan->probe_count);
    mc_json_key(json, "activations");
    mc_json_begin_object(json);
    return flush(writer, err);
}

typedef struct piece {
    mc_buffer      text;
    mc_json_writer json;
    size_t         not_finite;
} piece;

typedef struct layer_text {
    mc_crm_writer      *writer;
    int                 layer;
    const float *const *parts;
    size_t              rows_a_piece;
    piece              *pieces; /* one a worker */

    pthread_mutex_t mutex; /* around what follows, and the writer's size */
    pthread_cond_t  moved;
    size_t          next; /* the piece that is placed at the writer's size */
    mc_status       status;
    mc_error       *err;
} layer_text;

static void put_row(piece *p, const float *row, size_t hidden)
{
    double sum = 0;

    for (size_t j = 0; j < hidden; j++) {
        sum += (double)row[j] * (double)row[j];
        p->not_finite += isfinite(row[j]) ? 0 : 1;
    }
    mc_json_key(&p->json, "activation");
    mc_json_put_floats(&p->json, row, hidden);
    mc_json_key(&p->json, "norm");
    mc_json_put_float(&p->json, (float)sqrt(sum));
}

static void put_halves(mc_json_writer *json, const mc_crm_plan *plan, const float *first)
{
    mc_json_key(json, "split");
    mc_json_begin_array(json);
    mc_json_put_floats(json, first, plan->hidden);
    mc_json_put_floats(json, first + plan->probe_count * plan->hidden, plan->hidden);
    mc_json_end_array(json);
}

static void put_probe(piece *p, const layer_text *t, size_t row)
{
    const mc_crm_plan *plan = &t->writer->plan;
    mc_json_writer    *json = &p->json;
    size_t             at   = row * plan->hidden;

    mc_json_key(json, plan->probe_ids[row]);
    mc_json_begin_object(json);
    mc_json_add_text(json, "anchorID", plan->probe_ids[row]);
    mc_json_add_uint(json, "layer",
                     (size_t)(t->layer == MC_LAYER_FINAL ? plan->block_count + 1 : t->layer));
    put_row(p, t->parts[MC_CRM_STATE] + at, plan->hidden);
    if (plan->split) put_halves(json, plan, t->parts[MC_CRM_SPLIT] + at);
    if (plan->control) {
        mc_json_key(json, "control");
        mc_json_begin_object(json);
        put_row(p, t->parts[MC_CRM_CONTROL] + at, plan->hidden);
        if (plan->split) put_halves(json, plan, t->parts[MC_CRM_CONTROL_SPLIT] + at);
        mc_json_end_object(json);
    }
    mc_json_end_object(json);
}

static void format_rows(const layer_text *t, piece *p, size_t first)
{
    size_t left = t->writer->plan.probe_count - first;

    p->text.size        = 0;
    p->json             = mc_json_writer_init(&p->text, 0);
    p->json.has_sibling = first > 0;
    for (size_t i = 0; i < t->rows_a_piece && i < left; i++)
        put_probe(p, t, first + i);
}

/* Pieces are taken in order, so the ones before this one are with workers and come to their
 * end. False: what came before it has failed, or this one. */
static bool find_place(layer_text *t, const piece *p, size_t number, uint64_t *place)
{
    bool fine;

    pthread_mutex_lock(&t->mutex);
    while (t->next != number)
        pthread_cond_wait(&t->moved, &t->mutex);
    if (t->status == MC_OK) t->status = mc_buffer_status(&p->text, t->err);
    fine   = t->status == MC_OK;
    *place = t->writer->size;
    t->writer->size += p->text.size;
    t->next++;
    pthread_cond_broadcast(&t->moved);
    pthread_mutex_unlock(&t->mutex);
    return fine;
}

static void put_piece(void *context, size_t job, size_t worker)
{
    layer_text *t   = context;
    piece      *p   = &t->pieces[worker];
    mc_error    err = { 0 };
    mc_status   status;
    uint64_t    place;

    format_rows(t, p, job * t->rows_a_piece);
    if (!find_place(t, p, job, &place)) return;
    status = mc_new_file_write(&t->writer->output, place, p->text.data, p->text.size, &err);
    if (status == MC_OK) return;
    pthread_mutex_lock(&t->mutex);
    if (t->status == MC_OK && t->err) *t->err = err;
    t->status = status;
    pthread_mutex_unlock(&t->mutex);
}

static size_t rows_a_piece(const mc_crm_plan *plan)
{
    size_t floats = 0;

    for (int p = 0; p < MC_CRM_PART_COUNT; p++)
        if (mc_crm_plan_has(plan, (mc_crm_part)p))
            floats += mc_crm_part_halves((mc_crm_part)p) * plan->hidden;
    return 1 + (size_t)(PIECE / (FLOAT_BYTES * (double)floats));
}

static mc_status put_pieces(layer_text *t, mc_pool *pool, mc_error *err)
{
    const size_t rows = t->writer->plan.probe_count, workers = mc_pool_size(pool);

    t->pieces = mc_calloc(workers, sizeof *t->pieces);
    if (!t->pieces) return mc_fail_memory(err, workers * sizeof *t->pieces);
    pthread_mutex_init(&t->mutex, NULL);
    pthread_cond_init(&t->moved, NULL);
    mc_pool_run(pool, (rows - 1) / t->rows_a_piece + 1, put_piece, t);
    pthread_cond_destroy(&t->moved);
    pthread_mutex_destroy(&t->mutex);
    for (size_t i = 0; i < workers; i++) {
        t->writer->not_finite += t->pieces[i].not_finite;
        mc_buffer_clear(&t->pieces[i].text);
    }
    mc_free(t->pieces);
    return t->status;
}

static mc_status put(mc_crm_writer *writer, size_t index,
                     const float *const parts[MC_CRM_PART_COUNT], const mc_crm_rows rows[2],
                     mc_error *err)
{
    layer_text t    = { .writer       = writer,
                        .layer        = writer->plan.layers.items[index],
                        .parts        = parts,
                        .rows_a_piece = rows_a_piece(&writer->plan),
                        .err          = err };
    mc_pool   *pool = NULL;
    char       name[MC_LAYER_TEXT];
    mc_status  status;

    (void)rows; /* all of them */
    mc_json_key(&writer->json, mc_layer_print(t.layer, name));
    mc_json_begin_object(&writer->json);
    MC_TRY(flush(writer, err));
    MC_TRY(mc_pool_create(writer->plan.threads, &pool, err));
    status = put_pieces(&t, pool, err);
    mc_pool_free(pool);
    if (status != MC_OK) return status;
    mc_json_end_object(&writer->json);
    return flush(writer, err);
}

static mc_status end(mc_crm_writer *writer, mc_error *err)
{
    mc_json_writer *json = &writer->json;

    mc_json_end_object(json);
    mc_json_key(json, "notes");
    mc_json_begin_array(json);
    if (writer->not_finite > 0) {
        char note[80];

        snprintf(note, sizeof note, "%zu values are not finite and written as null",
                 writer->not_finite);
        mc_json_put_text(json, note);
    }
    mc_json_end_array(json);
    mc_json_end_object(json);
    mc_buffer_add_char(&writer->text, '\n');
    return flush(writer, err);
}

const mc_crm_form mc_crm_form_json = {
    .name = "json", .size = size_of, .begin = begin, .put = put, .end = end, .in_order = true
};
