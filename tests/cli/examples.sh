# The folder in which the examples of the help pages are run.
