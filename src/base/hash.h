/* hash.h - content hashes: XXH3-128 for what programs compare (weights, tokenizers, cache
 * keys), SHA-256 for what people compare (the atlas). */
#ifndef MC_BASE_HASH_H
#define MC_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct mc_hash {
    uint64_t low, high;
} mc_hash;

#define MC_HASH_TEXT 33   /* 32 hex digits and a NUL */
#define MC_SHA256_TEXT 65 /* 64 hex digits and a NUL */

mc_hash mc_hash_bytes(const void *bytes, size_t size);
/* A hash of two hashes, order matters. */
mc_hash mc_hash_join(mc_hash first, mc_hash second);
void    mc_hash_print(mc_hash hash, char text[MC_HASH_TEXT]);

/* SHA-256 (FIPS 180-4) as hex. */
void mc_sha256(const void *bytes, size_t size, char text[MC_SHA256_TEXT]);

#endif
