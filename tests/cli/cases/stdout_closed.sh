mc help commands >&-
