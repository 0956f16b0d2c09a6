"""Validation against the part of JSON Schema 2020-12 that `mc help schema` uses; anything else in
a schema is a fault, so that nothing goes unchecked."""

KNOWN = {"$schema", "$id", "description", "type", "properties", "required",
         "additionalProperties", "items"}
TYPES = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "string": lambda v: isinstance(v, str),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}


def faults_of(schema, value, where="$"):
    if set(schema) - KNOWN:
        return [f"{where}: schema uses {sorted(set(schema) - KNOWN)}"]
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(TYPES[name](value) for name in types):
        return [f"{where}: {value!r} is not {' or '.join(types)}"]
    faults = []
    if isinstance(value, dict):
        known, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        faults += [f"{where}: {key} is missing"
                   for key in schema.get("required", []) if key not in value]
        for key, member in value.items():
            inner = known.get(key, rest)
            if inner is True:
                continue
            if inner is False:
                faults.append(f"{where}: {key} is not in the schema")
            else:
                faults += faults_of(inner, member, f"{where}.{key}")
    if isinstance(value, list):
        for i, element in enumerate(value):
            faults += faults_of(schema["items"], element, f"{where}[{i}]")
    return faults
