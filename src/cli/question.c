/* question.c - one question, one line of answer. */
#include "cli/question.h"

#include "cli/output.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

mc_status mc_question_confirm(const mc_session *session, const char *question, mc_error *err)
{
    const mc_globals *g = &session->globals;
    char              answer[16];

    if (g->yes) return MC_OK;
    if (g->ai || g->no_prompt || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return mc_fail(err, MC_ERR_USAGE, "add --yes if that is meant",
                       "nobody can be asked here: %s", question);
    mc_output_question(question);
    if (fgets(answer, sizeof answer, stdin) &&
        (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0))
        return MC_OK;
    return mc_fail(err, MC_ERR_INTERRUPTED, "", "nothing was done");
}
