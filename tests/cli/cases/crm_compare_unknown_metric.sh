printf '{}' > a.json
mc geometry crm-compare a.json a.json --metric mutual-kn
