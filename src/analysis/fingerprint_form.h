/* fingerprint_form.h - a fingerprint as JSON, there and back.
 *
 * A sketch is a text of four hexadecimal digits an entry (two's complement, high digit first),
 * the upper triangle by rows: numpy.frombuffer(bytes.fromhex(text), ">i2"). */
#ifndef MC_ANALYSIS_FINGERPRINT_FORM_H
#define MC_ANALYSIS_FINGERPRINT_FORM_H

#include <modelcypher/fingerprint.h>

#include "base/buffer.h"
#include "report/report.h"
#include "report/schema.h"

/* Part of every cache key: a program that writes another shape does not read this one's. */
#define MC_FINGERPRINT_SCHEMA "mc.geometry.fingerprint.v1"
extern const mc_schema mc_fingerprint_schema;

/* A number of a layer's profile: the writer and the reader walk the same table. */
typedef struct mc_profile_member {
    const char *group, *key; /* NULL: the end */
    bool        is_count;    /* a size_t; else a double */
    size_t      offset;      /* in mc_layer_profile */
} mc_profile_member;
extern const mc_profile_member mc_profile_members[];

typedef struct mc_profile_estimate {
    const char *key; /* NULL: the end */
    size_t      offset;
} mc_profile_estimate;
extern const mc_profile_estimate mc_profile_estimates[];

/* Fill the root of a report. MC_ERR_MEMORY. */
mc_status mc_fingerprint_report(const mc_fingerprint *fingerprint, mc_report *report,
                                mc_error *err);
/* The same as JSON text, on one line. */
mc_status mc_fingerprint_print(const mc_fingerprint *fingerprint, mc_buffer *out,
                               mc_error *err);
/* MC_ERR_CORRUPT with the layer and member that is not as it should be. */
mc_status mc_fingerprint_parse(const char *text, size_t size, mc_fingerprint **fingerprint,
                               mc_error *err);

#endif
