/* json_value.h - JSON that was read, as part of a report. */
#ifndef MC_REPORT_JSON_VALUE_H
#define MC_REPORT_JSON_VALUE_H

#include "base/json.h"
#include "report/report.h"

void mc_value_add_json(mc_value *in, const char *key, mc_json_value json);

#endif
