/* open.c - finding a model's tokenizer: one row a kind of file, the first that is there. */
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tokenizer/legacy.h"
#include "tokenizer/readers.h"

/* Gemma's tokenizer.json, the largest of those about, has 33 MB. */
static const size_t file_limit = (size_t)1 << 30;

/* Where files are looked for: beside a store, or in a folder. */
typedef struct file_source {
    const mc_store *store;
    const char     *folder;
} file_source;

typedef struct loaded_file {
    char  *path; /* NULL: there is none */
    char  *text;
    size_t size;
} loaded_file;

static mc_status find_file(const file_source *source, const char *name, char **path,
                           mc_error *err)
{
    if (source->store) return mc_store_beside(source->store, name, path, err);
    return mc_path_find(source->folder, name, path, err);
}

/* A file that may be missing. */
static mc_status load_file(const file_source *source, const char *name, loaded_file *file,
                           mc_error *err)
{
    *file = (loaded_file){ 0 };
    MC_TRY(find_file(source, name, &file->path, err));
    if (!file->path) return MC_OK;
    return mc_file_read(file->path, file_limit, &file->text, &file->size, err);
}

static void clear_file(loaded_file *file)
{
    mc_free(file->path);
    mc_free(file->text);
}

static mc_status open_json(const file_source *source, const loaded_file *file,
                           mc_tokenizer **tokenizer, mc_error *err)
{
    loaded_file config = { 0 };
    mc_status   status = load_file(source, "tokenizer_config.json", &config, err);

    if (status == MC_OK)
        status = mc_tokenizer_open_json(file->text, file->size, config.text, config.size,
                                        tokenizer, err);
    clear_file(&config);
    return status;
}

/* ---- folders from before tokenizer.json ---- */

typedef struct legacy_json {
    loaded_file file;
    mc_json    *json;
} legacy_json;

static mc_status load_json(const file_source *source, const char *name, legacy_json *out,
                           mc_json_value *root, mc_error *err)
{
    mc_status status = load_file(source, name, &out->file, err);

    *root = (mc_json_value){ 0 };
    if (status != MC_OK || !out->file.path) return status;
    status = mc_json_parse(out->file.text, out->file.size, &out->json, err);
    if (status != MC_OK) return mc_fail_about(err, status, "%s", out->file.path);
    *root = mc_json_root(out->json);
    return MC_OK;
}

typedef mc_status read_legacy(const file_source *source, const loaded_file *file,
                              const mc_legacy_files *files, mc_tokenizer *tokenizer,
                              mc_error *err);

static mc_status read_vocab_json(const file_source *source, const loaded_file *file,
                                 const mc_legacy_files *files, mc_tokenizer *tokenizer,
                                 mc_error *err)
{
    loaded_file merges = { 0 };
    mc_json    *json   = NULL;
    mc_status   status = load_file(source, "merges.txt", &merges, err);

    if (status == MC_OK && !merges.path)
        status = mc_fail(err, MC_ERR_TOKENIZER, "fetch the model's files again",
                         "there is vocab.json, but no merges.txt");
    if (status == MC_OK) status = mc_json_parse(file->text, file->size, &json, err);
    if (status == MC_OK)
        status = mc_read_merges_tokenizer(files, mc_json_root(json), merges.text, merges.size,
                                          tokenizer, err);
    if (status == MC_OK)
        mc_hash_print(mc_hash_join(mc_hash_bytes(file->text, file->size),
                                   mc_hash_bytes(merges.text, merges.size)),
                      tokenizer->hash);
    mc_json_free(json);
    clear_file(&merges);
    return status;
}

static mc_status read_model_file(const file_source *source, const loaded_file *file,
                                 const mc_legacy_files *files, mc_tokenizer *tokenizer,
                                 mc_error *err)
{
    (void)source;
    mc_hash_print(mc_hash_bytes(file->text, file->size), tokenizer->hash);
    return mc_read_sentencepiece_tokenizer(files, file->text, file->size, tokenizer, err);
}

static mc_status read_vocab_text(const file_source *source, const loaded_file *file,
                                 const mc_legacy_files *files, mc_tokenizer *tokenizer,
                                 mc_error *err)
{
    (void)source;
    mc_hash_print(mc_hash_bytes(file->text, file->size), tokenizer->hash);
    return mc_read_words_tokenizer(files, file->text, file->size, tokenizer, err);
}

/* Load what lies beside the file, and read. */
static mc_status open_legacy(const file_source *source, const loaded_file *file,
                             read_legacy *read, mc_tokenizer **tokenizer, mc_error *err)
{
    static const char *const names[] = { "tokenizer_config.json", "config.json",
                                         "special_tokens_map.json", "added_tokens.json" };
    mc_legacy_files          files   = { { 0 }, { 0 }, { 0 }, { 0 } };
    mc_json_value *roots[] = { &files.tokenizer_config, &files.config, &files.special_tokens,
                               &files.added_tokens };
    legacy_json    json[4] = { { { 0 }, NULL } };
    mc_tokenizer  *made    = mc_tokenizer_create(err);
    mc_status      status  = made ? MC_OK : MC_ERR_MEMORY;

    for (int i = 0; status == MC_OK && i < 4; i++)
        status = load_json(source, names[i], &json[i], roots[i], err);
    if (status == MC_OK) status = read(source, file, &files, made, err);
    for (int i = 0; i < 4; i++) {
        mc_json_free(json[i].json);
        clear_file(&json[i].file);
    }
    if (status == MC_OK)
        *tokenizer = made;
    else
        mc_tokenizer_close(made);
    return status;
}

static mc_status open_vocab_json(const file_source *source, const loaded_file *file,
                                 mc_tokenizer **tokenizer, mc_error *err)
{
    return open_legacy(source, file, read_vocab_json, tokenizer, err);
}

static mc_status open_model_file(const file_source *source, const loaded_file *file,
                                 mc_tokenizer **tokenizer, mc_error *err)
{
    return open_legacy(source, file, read_model_file, tokenizer, err);
}

static mc_status open_vocab_text(const file_source *source, const loaded_file *file,
                                 mc_tokenizer **tokenizer, mc_error *err)
{
    return open_legacy(source, file, read_vocab_text, tokenizer, err);
}

/* ---- all kinds ---- */

typedef struct file_row {
    const char *name;
    mc_status (*open)(const file_source *source, const loaded_file *file,
                      mc_tokenizer **tokenizer, mc_error *err);
} file_row;

static const file_row rows[] = {
    { "tokenizer.json", open_json },
    { "vocab.json", open_vocab_json },
    { "tokenizer.model", open_model_file },
    { "vocab.txt", open_vocab_text },
    { NULL, NULL },
};

static mc_status open_files(const file_source *source, const char *subject,
                            mc_tokenizer **tokenizer, mc_error *err)
{
    for (const file_row *row = rows; row->name; row++) {
        loaded_file file   = { 0 };
        mc_status   status = load_file(source, row->name, &file, err);
        bool        there  = file.path != NULL;

        if (status == MC_OK && there) status = row->open(source, &file, tokenizer, err);
        if (status != MC_OK)
            status = mc_fail_about(err, status, "%s", there ? file.path : subject);
        clear_file(&file);
        if (there || status != MC_OK) return status;
    }
    mc_fail(
        err, MC_ERR_TOKENIZER, "put the model's tokenizer.json beside its weights",
        "there is no tokenizer (tokenizer.json, vocab.json with merges.txt, tokenizer.model)");
    return mc_fail_about(err, MC_ERR_TOKENIZER, "%s", subject);
}

static mc_status open_gguf(const mc_store *store, mc_tokenizer **tokenizer, mc_error *err)
{
    mc_tokenizer *made   = mc_tokenizer_create(err);
    mc_status     status = made ? mc_read_gguf_tokenizer(store, made, err) : MC_ERR_MEMORY;

    if (status == MC_OK) {
        *tokenizer = made;
        return MC_OK;
    }
    mc_tokenizer_close(made);
    return mc_fail_about(err, status, "%s", mc_store_path(store));
}

mc_status mc_tokenizer_open_store(const mc_store *store, mc_tokenizer **tokenizer,
                                  mc_error *err)
{
    file_source source = { .store = store };
    double      begin  = mc_clock();
    mc_status   status;

    status = mc_store_dialect(store) == MC_DIALECT_GGUF
                 ? open_gguf(store, tokenizer, err)
                 : open_files(&source, mc_store_path(store), tokenizer, err);
    if (status == MC_OK)
        mc_log(MC_LOG_DEBUG, "tokenizer: %s, %zu ids, %.3f s", (*tokenizer)->info.source,
               (*tokenizer)->info.vocabulary, mc_clock() - begin);
    return status;
}

/* A tokenizer.json by its own path; its folder may have the configuration. */
static mc_status open_json_path(const char *path, mc_tokenizer **tokenizer, mc_error *err)
{
    const char *slash  = strrchr(path, '/');
    char       *folder = slash ? mc_strndup(path, (size_t)(slash - path) + 1) : mc_strdup(".");
    file_source source = { .folder = folder };
    loaded_file file   = { 0 };
    mc_status   status = folder ? MC_OK : mc_fail_memory(err, strlen(path));

    if (status == MC_OK) status = mc_file_read(path, file_limit, &file.text, &file.size, err);
    if (status == MC_OK) status = open_json(&source, &file, tokenizer, err);
    mc_free(folder);
    clear_file(&file);
    return status == MC_OK ? MC_OK : mc_fail_about(err, status, "%s", path);
}

static mc_status look_for_tokenizer(const char *folder, bool *found, mc_error *err)
{
    *found = false;
    for (const file_row *row = rows; row->name && !*found; row++) {
        char *path = NULL;

        MC_TRY(mc_path_find(folder, row->name, &path, err));
        *found = path != NULL;
        mc_free(path);
    }
    return MC_OK;
}

mc_status mc_tokenizer_open(const char *model, mc_tokenizer **tokenizer, mc_error *err)
{
    size_t    size  = model ? strlen(model) : 0;
    bool      found = false;
    mc_store *store;
    mc_status status;

    if (!model || !tokenizer) return mc_fail(err, MC_ERR_ARGUMENT, "", "no model is named");
    if (mc_path_is_folder(model)) MC_TRY(look_for_tokenizer(model, &found, err));
    if (found) {
        file_source source = { .folder = model };
        return open_files(&source, model, tokenizer, err);
    }
    if (size > 5 && strcmp(model + size - 5, ".json") == 0)
        return open_json_path(model, tokenizer, err);
    MC_TRY(mc_store_open(model, &store, err));
    status = mc_tokenizer_open_store(store, tokenizer, err);
    mc_store_close(store);
    return status;
}
