MC_OUTPUT=yaml mc geometry atlas list
