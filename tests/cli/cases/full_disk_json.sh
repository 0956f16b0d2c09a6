mc help commands --ai --trace-id t >/dev/full
