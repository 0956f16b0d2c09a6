/* question.h - asking before something that cannot be undone. A command that asks has
 * MC_USES_QUESTION. */
#ifndef MC_CLI_QUESTION_H
#define MC_CLI_QUESTION_H

#include "cli/command.h"

/* MC_OK when the answer is yes: typed at a terminal, or given before with --yes. MC_ERR_USAGE
 * where nobody can be asked (no terminal, --no-prompt, --ai); MC_ERR_INTERRUPTED: it is no. */
mc_status mc_question_confirm(const mc_session *session, const char *question, mc_error *err);

#endif
