/* charsmap.h - SentencePiece's compiled normalization: a double-array trie of strings and what
 * replaces them.
 *
 *     u32 size of the trie in bytes | units of the trie, u32 each | texts, NUL after each
 *
 * A unit packs label, offset to the children and a leaf bit (the layout of darts-clone). */
#ifndef MC_TOKENIZER_CHARSMAP_H
#define MC_TOKENIZER_CHARSMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Checks the sizes; the trie's own links are checked at every step. */
mc_status mc_charsmap_check(const char *map, size_t size, mc_error *err);
/* What replaces the shortest string of the map that `text` begins with; false: nothing does. */
bool mc_charsmap_find(const char *map, size_t map_size, const char *text, size_t size,
                      const char **replacement, size_t *replacement_size);

#endif
