/* error.h - how every function of the library reports failure.
 *
 * A function that can fail returns mc_status and takes `mc_error *err` last (NULL: the caller
 * does not care why). On failure out-parameters are untouched and `err` says what, why and what
 * to do. The struct is caller-owned and of fixed size: reporting "no memory" needs none. It
 * begins as zeros: `mc_error err = { 0 };` in C, `mc_error err = {};` in C++. The library never
 * prints, exits or aborts. */
#ifndef MODELCYPHER_ERROR_H
#define MODELCYPHER_ERROR_H

#include <modelcypher/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One list: the enum, mc_status_title(), the published codes (MC-nnnn) and docs/errors.md
 * expand it. Codes are stable: a number is never reused. */
#define MC_STATUS_LIST(X)                                                        \
    X(MC_OK, 0, "ok")                                                            \
    X(MC_ERR_ARGUMENT, 1001, "argument does not make sense")                     \
    X(MC_ERR_USAGE, 1002, "command line is not understood")                      \
    X(MC_ERR_MEMORY, 1003, "not enough memory")                                  \
    X(MC_ERR_NUMERIC, 1004, "result is undefined for this data")                 \
    X(MC_ERR_INTERRUPTED, 1005, "interrupted")                                   \
    X(MC_ERR_INTERNAL, 1006, "a defect of this program")                         \
    X(MC_ERR_IO, 1101, "the operating system refused the operation")             \
    X(MC_ERR_NOT_FOUND, 1102, "no such file or folder")                          \
    X(MC_ERR_CORRUPT, 1103, "file contradicts itself or its format")             \
    X(MC_ERR_TRUNCATED, 1104, "file ends too early")                             \
    X(MC_ERR_DISK_FULL, 1105, "no space left on the disk")                       \
    X(MC_ERR_UNSAFE_PATH, 1106, "path leaves the model's folder")                \
    X(MC_ERR_UNSUPPORTED, 1201, "valid input that is not supported")             \
    X(MC_ERR_ARCHITECTURE, 1202, "unknown model architecture")                   \
    X(MC_ERR_CONFIG, 1203, "model configuration is incomplete or contradictory") \
    X(MC_ERR_TENSOR_MISSING, 1204, "tensor is missing")                          \
    X(MC_ERR_TENSOR_SHAPE, 1205, "tensor has the wrong shape")                   \
    X(MC_ERR_DTYPE, 1206, "unknown or unsupported data type")                    \
    X(MC_ERR_TOKENIZER, 1301, "tokenizer is missing or not supported")           \
    X(MC_ERR_ENCODING, 1302, "text is not valid UTF-8")                          \
    X(MC_ERR_ATLAS, 1401, "unknown atlas or broken atlas file")                  \
    X(MC_ERR_LAYER, 1501, "layer is out of range")                               \
    X(MC_ERR_CRM, 1502, "not a usable concept response matrix")                  \
    X(MC_ERR_CHECK, 1601, "a condition or validation did not hold")

#define MC_STATUS_ENUM(name, code, title) name = code,
typedef enum mc_status { MC_STATUS_LIST(MC_STATUS_ENUM) } mc_status;
#undef MC_STATUS_ENUM

typedef struct mc_error {
    mc_status status;
    char      subject[512]; /* what was being worked on: a path, a tensor, an option */
    char      reason[384];  /* what is wrong with it, with the offending values */
    char      hint[384];    /* what the user can do; "" when nothing useful is known */
} mc_error;

/* The fixed title of a status, e.g. "tensor is missing". Static; never NULL. */
MC_API const char *mc_status_title(mc_status status);

/* The published code of a status, e.g. "MC-1204". Static; never NULL. */
MC_API const char *mc_status_code(mc_status status);

#ifdef __cplusplus
}
#endif
#endif
