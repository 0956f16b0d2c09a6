mc help commands >/dev/full
