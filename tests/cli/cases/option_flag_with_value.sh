mc help commands --ai=yes
