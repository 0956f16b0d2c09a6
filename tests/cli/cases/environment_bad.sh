MC_OUTPUT=xml mc help commands
