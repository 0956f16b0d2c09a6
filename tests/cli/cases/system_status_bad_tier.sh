MC_CPU=sse9 mc system status
