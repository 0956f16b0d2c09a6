MC_OUTPUT=yaml mc help commands
