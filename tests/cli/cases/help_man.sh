# Pages for man(1), from the tables; the words of a name as a shell gives them.
mc help man system config
mc help man | grep -A3 '^.SH \(NAME\|SYNOPSIS\|EXIT\)'
mc help man system
