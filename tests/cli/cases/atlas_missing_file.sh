mc geometry atlas list --atlas-file none.json
