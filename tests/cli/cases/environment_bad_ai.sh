MC_AI_MODE=perhaps mc help commands
