mc model explain
