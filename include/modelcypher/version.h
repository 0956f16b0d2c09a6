/* version.h - which library this is. */
#ifndef MODELCYPHER_VERSION_H
#define MODELCYPHER_VERSION_H

#include <modelcypher/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0". Static; never NULL. */
MC_API const char *mc_version(void);

#ifdef __cplusplus
}
#endif
#endif
