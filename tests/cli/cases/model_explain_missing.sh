mc model explain models/none
