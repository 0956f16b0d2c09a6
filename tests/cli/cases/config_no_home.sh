# Without a home folder there is no file, and everything goes on.
unset HOME MODELCYPHER_HOME
mc system config | head -3
mc help commands | head -1
