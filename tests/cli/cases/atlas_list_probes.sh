mc geometry atlas list --atlas compositional | head -20
