mc atlas list
