mc geometry atlas list --atlas semantic_prims
