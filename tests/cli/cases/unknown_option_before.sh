mc --ouput-format json help commands
