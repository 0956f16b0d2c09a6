mc help commands -z
