HF_HOME=hf mc model explain models/none
