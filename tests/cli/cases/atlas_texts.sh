printf 'the cat\nthe dog' >t.txt
mc geometry atlas list --texts t.txt --ai
