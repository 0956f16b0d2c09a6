/* check.h - what tests say with: rows with names, and tolerances that name the worst element.
 */
#ifndef MC_TEST_CHECK_H
#define MC_TEST_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <modelcypher/error.h>

/* Fail with the row's name when a condition does not hold. */
#define CHECK(row, condition)                                                  \
    do {                                                                       \
        if (!(condition)) fail_msg("%s: %s does not hold", (row), #condition); \
    } while (0)

/* |got - want| <= tolerance; written so that a NaN fails. */
#define CHECK_NEAR(row, got, want, tolerance)                                                  \
    do {                                                                                       \
        double check_got = (got), check_want = (want);                                         \
        if (!(fabs(check_got - check_want) <= (tolerance)))                                    \
            fail_msg("%s: got %.17g, want %.17g (tolerance %g)", (row), check_got, check_want, \
                     (double)(tolerance));                                                     \
    } while (0)

/* The call succeeds, or the test ends with the error's text. */
#define CHECK_OK(row, call)                                                                   \
    do {                                                                                      \
        if ((call) != MC_OK)                                                                  \
            fail_msg("%s: %s: %s: %s (%s)", (row), #call, err.subject, err.reason, err.hint); \
    } while (0)

#endif
