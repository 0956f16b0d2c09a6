/* hash.c - XXH3-128 (libxxhash) and SHA-256 (FIPS 180-4, section 6.2). */
#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* the size of the state, so that our allocator holds it */
#include <xxhash.h>

#include "base/alloc.h"

struct mc_hasher {
    XXH3_state_t state;
};

mc_hash mc_hash_bytes(const void *bytes, size_t size)
{
    XXH128_hash_t hash = XXH3_128bits(bytes, size);

    return (mc_hash){ hash.low64, hash.high64 };
}

mc_hasher *mc_hasher_create(void)
{
    mc_hasher *hasher = mc_alloc_aligned(sizeof *hasher);

    if (hasher) XXH3_128bits_reset(&hasher->state);
    return hasher;
}

void mc_hasher_reset(mc_hasher *hasher)
{
    XXH3_128bits_reset(&hasher->state);
}

void mc_hasher_add(mc_hasher *hasher, const void *bytes, size_t size)
{
    XXH3_128bits_update(&hasher->state, bytes, size);
}

mc_hash mc_hasher_sum(const mc_hasher *hasher)
{
    XXH128_hash_t hash = XXH3_128bits_digest(&hasher->state);

    return (mc_hash){ hash.low64, hash.high64 };
}

void mc_hasher_free(mc_hasher *hasher)
{
    mc_free_aligned(hasher, sizeof *hasher);
}

bool mc_hash_equal(mc_hash first, mc_hash second)
{
    return first.low == second.low && first.high == second.high;
}

mc_hash mc_hash_join(mc_hash first, mc_hash second)
{
    mc_hash pair[2] = { first, second };

    return mc_hash_bytes(pair, sizeof pair);
}

void mc_hash_print(mc_hash hash, char text[MC_HASH_TEXT])
{
    snprintf(text, MC_HASH_TEXT, "%016" PRIx64 "%016" PRIx64, hash.high, hash.low);
}

static uint32_t rotate_right(uint32_t word, int by)
{
    return word >> by | word << (32 - by);
}

/* FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first
 * 64 primes. */
static const uint32_t sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2
};

static void sha256_block(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64], v[8];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (rotate_right(a, 7) ^ rotate_right(a, 18) ^ a >> 3) + w[i - 7] +
               (rotate_right(b, 17) ^ rotate_right(b, 19) ^ b >> 10);
    }
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t s1 = rotate_right(v[4], 6) ^ rotate_right(v[4], 11) ^ rotate_right(v[4], 25);
        uint32_t s0 = rotate_right(v[0], 2) ^ rotate_right(v[0], 13) ^ rotate_right(v[0], 22);
        uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + sha256_k[i] + w[i];
        uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

void mc_sha256(const void *bytes, size_t size, char text[MC_SHA256_TEXT])
{
    uint32_t state[8]  = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                           0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    uint8_t  tail[128] = { 0 };
    size_t   whole     = size / 64 * 64;
    size_t   rest      = size - whole;
    size_t   padded    = rest < 56 ? 64 : 128;

    for (size_t i = 0; i < whole; i += 64)
        sha256_block(state, (const uint8_t *)bytes + i);
    if (rest > 0) memcpy(tail, (const uint8_t *)bytes + whole, rest);
    tail[rest] = 0x80;
    for (int i = 0; i < 8; i++)
        tail[padded - 1 - (size_t)i] = (uint8_t)((uint64_t)size * 8 >> (8 * i));
    for (size_t i = 0; i < padded; i += 64)
        sha256_block(state, tail + i);
    for (int i = 0; i < 8; i++)
        snprintf(text + 8 * i, 9, "%08" PRIx32, state[i]);
}
