MC_AI_MODE=1 mc hepl --trace-id t
