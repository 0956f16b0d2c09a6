/* support.c - keeps the support library a library where no other helper is needed. */
#include "support/check.h"

const char *mc_test_folder(void);

const char *mc_test_folder(void)
{
    return MC_TEST_FOLDER;
}
