/* hash.h - content hashes: XXH3-128 for what programs compare (weights, tokenizers, cache
 * keys), SHA-256 for what people compare (the atlas). */
#ifndef MC_BASE_HASH_H
#define MC_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct mc_hash {
    uint64_t low, high;
} mc_hash;

#define MC_HASH_TEXT 33   /* 32 hex digits and a NUL */
#define MC_SHA256_TEXT 65 /* 64 hex digits and a NUL */

mc_hash mc_hash_bytes(const void *bytes, size_t size);
/* The same of bytes that come in pieces: as if they lay behind one another. */
typedef struct mc_hasher mc_hasher;
mc_hasher               *mc_hasher_create(void); /* NULL: no memory */
void                     mc_hasher_reset(mc_hasher *hasher);
void                     mc_hasher_add(mc_hasher *hasher, const void *bytes, size_t size);
mc_hash                  mc_hasher_sum(const mc_hasher *hasher);
void                     mc_hasher_free(mc_hasher *hasher); /* NULL is fine */

/* A hash of two hashes, order matters. */
mc_hash mc_hash_join(mc_hash first, mc_hash second);
bool    mc_hash_equal(mc_hash first, mc_hash second);
void    mc_hash_print(mc_hash hash, char text[MC_HASH_TEXT]);

/* SHA-256 (FIPS 180-4) as hex. */
void mc_sha256(const void *bytes, size_t size, char text[MC_SHA256_TEXT]);

#endif
