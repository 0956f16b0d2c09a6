/* fingerprint.h - the parts of a fingerprint: made, read and written in different files. */
#ifndef MC_ANALYSIS_FINGERPRINT_H
#define MC_ANALYSIS_FINGERPRINT_H

#include <modelcypher/fingerprint.h>

mc_status mc_fingerprint_create(mc_fingerprint **fingerprint, mc_error *err);
/* mc_arena_array() in its storage; *out (a pointer to any object) is set. */
mc_status mc_fingerprint_take(mc_fingerprint *fingerprint, size_t count, size_t size, void *out,
                              mc_error *err);
mc_status mc_fingerprint_keep(mc_fingerprint *fingerprint, const char *text, const char **out,
                              mc_error *err);
/* Take over the provenance, and from it the texts that have a member of their own. */
mc_status mc_fingerprint_identify(mc_fingerprint *fingerprint, const char *provenance,
                                  mc_error *err);

/* Whether a file begins like a saved fingerprint. */
bool mc_fingerprint_is_file(const char *path);

#endif
