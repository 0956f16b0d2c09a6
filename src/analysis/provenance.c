/* provenance.c - a result file's origin as JSON. */
#include "analysis/provenance.h"

#include <modelcypher/version.h>
#include <stdlib.h>
#include <time.h>

#include "base/buffer.h"
#include "base/json_write.h"

void mc_time_print(char text[MC_TIME_TEXT])
{
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    time_t      now   = fixed && *fixed ? (time_t)strtoll(fixed, NULL, 10) : time(NULL);
    struct tm   parts = { 0 };

    gmtime_r(&now, &parts);
    strftime(text, MC_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

static void put_model(mc_json_writer *w, const mc_provenance *p)
{
    mc_json_key(w, "model");
    mc_json_begin_object(w);
    mc_json_add_text(w, "name", p->model->name);
    mc_json_add_text(w, "format", p->model->format);
    mc_json_add_text(w, "architecture", p->model->architecture);
    mc_json_add_text(w, "weightType", p->model->weight_type);
    mc_json_add_text(w, "contentHash", p->model_hash);
    mc_json_add_uint(w, "blocks", p->model->layer_count);
    mc_json_add_uint(w, "parameters", p->model->parameters);
    mc_json_end_object(w);
}

static void put_tokenizer(mc_json_writer *w, const mc_provenance *p)
{
    mc_json_key(w, "tokenizer");
    mc_json_begin_object(w);
    mc_json_add_text(w, "source", p->tokenizer->source);
    mc_json_add_text(w, "kind", p->tokenizer->kind);
    mc_json_add_text(w, "hash", p->tokenizer->hash);
    mc_json_add_bool(w, "addsBos", p->tokenizer->adds_bos);
    mc_json_add_bool(w, "addsEos", p->tokenizer->adds_eos);
    mc_json_add_text(w, "decision", p->tokenizer->decision);
    mc_json_end_object(w);
}

static void put_atlas(mc_json_writer *w, const mc_provenance *p)
{
    mc_json_key(w, "atlas");
    mc_json_begin_object(w);
    mc_json_add_text(w, "name", p->atlas->name);
    mc_json_add_text(w, "selection", p->atlas->selection);
    mc_json_add_text(w, "version", p->atlas->version);
    mc_json_add_text(w, "sha256", p->atlas->sha256);
    mc_json_key(w, "textsPerProbe");
    if (p->options->texts_per_probe)
        mc_json_put_uint(w, p->options->texts_per_probe);
    else
        mc_json_put_text(w, "all");
    mc_json_end_object(w);
}

mc_status mc_provenance_print(const mc_provenance *p, char **json, mc_error *err)
{
    mc_buffer      out    = { 0 };
    mc_json_writer writer = mc_json_writer_init(&out, 0);
    mc_status      status;

    mc_json_begin_object(&writer);
    mc_json_add_text(&writer, "program", "modelcypher");
    mc_json_add_text(&writer, "version", mc_version());
    mc_json_add_text(&writer, "createdAt", p->created_at);
    put_model(&writer, p);
    put_tokenizer(&writer, p);
    put_atlas(&writer, p);
    mc_json_add_text(
        &writer, "layerConvention",
        "0: embedding output; k: residual stream after block k, before the final norm; "
        "final: after the final norm");
    mc_json_add_text(&writer, "pooling", mc_pooling_name(p->options->pooling));
    mc_json_add_text(&writer, "dtype", "float32");
    mc_json_add_text(&writer, "backend", p->backend->name);
    mc_json_end_object(&writer);
    status = mc_buffer_status(&out, err);
    if (status == MC_OK)
        *json = mc_buffer_take(&out);
    else
        mc_buffer_clear(&out);
    return status;
}
