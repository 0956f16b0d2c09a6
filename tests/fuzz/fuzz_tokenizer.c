/* fuzz_tokenizer.c - any bytes as a tokenizer: a GGUF file by its magic, a SentencePiece model
 * by its first byte, a tokenizer.json otherwise. What opens encodes a few texts, and every id
 * of theirs has a piece. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "format/store.h"
#include "tokenizer/legacy.h"
#include "tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const texts[] = {
    "",
    "Hello, World! 123 don't\n\n",
    "  <s>[MASK] \xc3\xa9\xcc\xa7 \xe4\xb8\xad \xf0\x9f\x98\x80\xe2\x80\x8d\xf0\x9f\x91\xa9\t",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\xe2\x96\x81\xe2\x96\x81",
};

static void encode(const mc_tokenizer *tokenizer, const char *text)
{
    mc_error  err   = { 0 };
    int32_t  *ids   = NULL;
    size_t    count = 0;
    mc_status status =
        mc_tokenizer_encode(tokenizer, text, strlen(text), true, &ids, &count, &err);

    if (status != MC_OK && (!err.reason[0] || ids)) abort();
    for (size_t i = 0; ids && i < count; i++) {
        char        bytes[8];
        const char *spelling;
        size_t      length;

        if (mc_tokenizer_spelling(tokenizer, ids[i], &spelling, &length))
            mc_tokenizer_piece(tokenizer, ids[i], bytes, sizeof bytes);
    }
    mc_tokenizer_free_ids(ids);
}

static mc_status open_gguf(const uint8_t *data, size_t size, mc_tokenizer **tokenizer,
                           mc_error *err)
{
    mc_store *store;
    mc_status status =
        mc_store_open_bytes(&mc_format_gguf, (mc_span){ data, size }, &store, err);

    if (status != MC_OK) return status;
    status = mc_tokenizer_open_store(store, tokenizer, err);
    mc_store_close(store);
    return status;
}

static mc_status open_pieces(const uint8_t *data, size_t size, mc_tokenizer **tokenizer,
                             mc_error *err)
{
    static const char config[] = "{\"tokenizer_class\":\"LlamaTokenizer\"}";
    mc_json          *json     = NULL;
    mc_tokenizer     *made     = NULL;
    mc_status         status   = mc_json_parse(config, strlen(config), &json, err);

    if (status == MC_OK) {
        mc_legacy_files files = { .tokenizer_config = mc_json_root(json) };

        made = mc_tokenizer_create(err);
        status =
            made ? mc_read_sentencepiece_tokenizer(&files, (const char *)data, size, made, err)
                 : MC_ERR_MEMORY;
    }
    mc_json_free(json);
    if (status == MC_OK)
        *tokenizer = made;
    else
        mc_tokenizer_close(made);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t      *copy      = malloc(size ? size : 1);
    mc_tokenizer *tokenizer = NULL;
    mc_error      err       = { 0 };
    mc_status     status;

    if (!copy) return 0;
    if (size) memcpy(copy, data, size);
    if (size >= 4 && memcmp(copy, "GGUF", 4) == 0)
        status = open_gguf(copy, size, &tokenizer, &err);
    else if (size && copy[0] == 0x0a)
        status = open_pieces(copy, size, &tokenizer, &err);
    else
        status = mc_tokenizer_open_json((const char *)copy, size, NULL, 0, &tokenizer, &err);
    free(copy);
    if (status != MC_OK && (!err.reason[0] || tokenizer)) abort();
    for (size_t i = 0; tokenizer && i < sizeof texts / sizeof *texts; i++)
        encode(tokenizer, texts[i]);
    mc_tokenizer_close(tokenizer);
    return 0;
}
