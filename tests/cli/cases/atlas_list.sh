mc geometry atlas list
