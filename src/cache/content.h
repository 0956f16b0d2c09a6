/* content.h - the content hash of a model whose files have not changed, without reading them.
 *
 * Remembered in the home folder by device, inode, size, modification and change time of every
 * file. As git does with its index, a file that was touched when it was hashed or later (by its
 * own times) is not remembered: it could change again without its times telling. So a clock
 * that was set back costs another reading and nothing else. */
#ifndef MC_CACHE_CONTENT_H
#define MC_CACHE_CONTENT_H

#include "format/format.h"

/* mc_store_hash(), or what it was the last time. `read` (may be NULL) says whether the weights
 * were read. */
mc_status mc_content_hash(const mc_store *store, size_t threads, char text[33], bool *read,
                          mc_error *err);

/* Whether that hash would be served without reading the weights. */
bool mc_content_is_known(const mc_store *store);

#endif
