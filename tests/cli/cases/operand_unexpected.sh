mc help commands one
