/* export.h - what the shared library shows, and nothing else. */
#ifndef MODELCYPHER_EXPORT_H
#define MODELCYPHER_EXPORT_H

#if defined(__GNUC__)
#define MC_API __attribute__((visibility("default")))
#define MC_MUST_CHECK __attribute__((warn_unused_result))
#define MC_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define MC_API
#define MC_MUST_CHECK
#define MC_PRINTF(text, first)
#endif

#endif
