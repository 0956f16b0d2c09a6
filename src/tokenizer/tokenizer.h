/* tokenizer.h (internal) - opening a tokenizer from a model that is already open. */
#ifndef MC_TOKENIZER_TOKENIZER_H
#define MC_TOKENIZER_TOKENIZER_H

#include <modelcypher/tokenizer.h>

#include "base/error.h"
#include "format/format.h"

/* From a folder's tokenizer files or a GGUF's metadata. Keeps nothing of the store. */
mc_status mc_tokenizer_open_store(const mc_store *store, mc_tokenizer **tokenizer,
                                  mc_error *err);

/* From the text of a tokenizer.json; `config` is tokenizer_config.json, or NULL. */
mc_status mc_tokenizer_open_json(const char *text, size_t size, const char *config,
                                 size_t config_size, mc_tokenizer **tokenizer, mc_error *err);

#endif
