mc geometry atlas show good
