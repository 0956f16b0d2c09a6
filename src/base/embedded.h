/* embedded.h - data files that the build compiles into the program (cmake/embed.py). */
#ifndef MC_BASE_EMBEDDED_H
#define MC_BASE_EMBEDDED_H

#include <stddef.h>

typedef struct mc_embedded {
    const char *name; /* the file's stem; NULL ends a table */
    const char *text; /* NUL-terminated beyond `size` */
    size_t      size;
} mc_embedded;

extern const mc_embedded mc_atlas_data[]; /* data/atlas, in the order of the names */

#endif
