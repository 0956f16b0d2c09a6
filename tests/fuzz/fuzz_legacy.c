/* fuzz_legacy.c - any bytes as the files of a tokenizer from before tokenizer.json. An input is
 * three files with a byte 0x1e between them: tokenizer_config.json, the vocabulary, the merges.
 * What vocabulary it is follows from its beginning, as a file's name says it in a folder. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tokenizer/legacy.h"
#include "tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct part {
    char  *text; /* of its exact size */
    size_t size;
} part;

/* What stands before the next separator, which is skipped. */
static part next_part(const uint8_t **data, size_t *left)
{
    const uint8_t *end    = *left ? memchr(*data, 0x1e, *left) : NULL;
    size_t         size   = end ? (size_t)(end - *data) : *left;
    part           result = { malloc(size ? size : 1), size };

    if (!result.text) exit(2);
    if (size) memcpy(result.text, *data, size);
    *data += size + (end != NULL);
    *left -= size + (end != NULL);
    return result;
}

static mc_status read_files(const mc_legacy_files *files, const part *vocabulary,
                            const part *merges, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_json  *json = NULL;
    mc_status status;

    if (vocabulary->size && vocabulary->text[0] == 0x0a)
        return mc_read_sentencepiece_tokenizer(files, vocabulary->text, vocabulary->size,
                                               tokenizer, err);
    if (!vocabulary->size || vocabulary->text[0] != '{')
        return mc_read_words_tokenizer(files, vocabulary->text, vocabulary->size, tokenizer,
                                       err);
    MC_TRY(mc_json_parse(vocabulary->text, vocabulary->size, &json, err));
    status = mc_read_merges_tokenizer(files, mc_json_root(json), merges->text, merges->size,
                                      tokenizer, err);
    mc_json_free(json);
    return status;
}

static void encode(const mc_tokenizer *tokenizer)
{
    static const char text[] = "Hello, World! 123 don't\n\n <s> \xc3\xa9\xe4\xb8\xad";
    int32_t          *ids    = NULL;
    size_t            count  = 0;
    mc_error          err    = { 0 };

    if (mc_tokenizer_encode(tokenizer, text, strlen(text), true, &ids, &count, &err) != MC_OK &&
        (!err.reason[0] || ids))
        abort();
    mc_tokenizer_free_ids(ids);
}

static void open_files(const mc_json *config, const part *vocabulary, const part *merges)
{
    mc_legacy_files files     = { .tokenizer_config = mc_json_root(config) };
    mc_error        err       = { 0 };
    mc_tokenizer   *tokenizer = mc_tokenizer_create(&err);

    if (!tokenizer) return;
    if (read_files(&files, vocabulary, merges, tokenizer, &err) == MC_OK)
        encode(tokenizer);
    else if (!err.reason[0])
        abort();
    mc_tokenizer_close(tokenizer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    part     config     = next_part(&data, &size);
    part     vocabulary = next_part(&data, &size);
    part     merges     = next_part(&data, &size);
    mc_json *json       = NULL;

    if (mc_json_parse(config.text, config.size, &json, NULL) == MC_OK)
        open_files(json, &vocabulary, &merges);
    mc_json_free(json);
    free(config.text);
    free(vocabulary.text);
    free(merges.text);
    return 0;
}
