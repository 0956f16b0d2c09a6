mc help schem
