mc geometry atlas list --atlas moral --texts t.txt
