mc --version
mc --version --output-format json
mc help --version --ai
mc --output-format yaml --version
