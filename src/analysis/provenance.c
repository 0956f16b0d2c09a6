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

static void put(mc_json_writer *w, const char *key, const char *text)
{
    mc_json_key(w, key);
    mc_json_put_text(w, text);
}

static void put_model(mc_json_writer *w, const mc_provenance *p)
{
    mc_json_key(w, "model");
    mc_json_begin_object(w);
    put(w, "name", p->model->name);
    put(w, "format", p->model->format);
    put(w, "architecture", p->model->architecture);
    put(w, "weightType", p->model->weight_type);
    put(w, "contentHash", p->model_hash);
    mc_json_key(w, "blocks");
    mc_json_put_uint(w, p->model->layer_count);
    mc_json_key(w, "parameters");
    mc_json_put_uint(w, p->model->parameters);
    mc_json_end_object(w);
}

static void put_tokenizer(mc_json_writer *w, const mc_provenance *p)
{
    mc_json_key(w, "tokenizer");
    mc_json_begin_object(w);
    put(w, "source", p->tokenizer->source);
    put(w, "kind", p->tokenizer->kind);
    put(w, "hash", p->tokenizer->hash);
    mc_json_key(w, "addsBos");
    mc_json_put_bool(w, p->tokenizer->adds_bos);
    mc_json_key(w, "addsEos");
    mc_json_put_bool(w, p->tokenizer->adds_eos);
    put(w, "decision", p->tokenizer->decision);
    mc_json_end_object(w);
}

static void put_atlas(mc_json_writer *w, const mc_provenance *p)
{
    mc_json_key(w, "atlas");
    mc_json_begin_object(w);
    put(w, "name", p->atlas->name);
    put(w, "selection", p->atlas->selection);
    put(w, "version", p->atlas->version);
    put(w, "sha256", p->atlas->sha256);
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
    put(&writer, "program", "modelcypher");
    put(&writer, "version", mc_version());
    put(&writer, "createdAt", p->created_at);
    put_model(&writer, p);
    put_tokenizer(&writer, p);
    put_atlas(&writer, p);
    put(&writer, "layerConvention",
        "0: embedding output; k: residual stream after block k, before the final norm; "
        "final: after the final norm");
    put(&writer, "pooling", mc_pooling_name(p->options->pooling));
    put(&writer, "dtype", "float32");
    put(&writer, "backend", p->backend->name);
    mc_json_end_object(&writer);
    status = mc_buffer_status(&out, err);
    if (status == MC_OK)
        *json = mc_buffer_take(&out);
    else
        mc_buffer_clear(&out);
    return status;
}
