"""What each subject gets at each visit, as arrays: amounts, the weights they are by, what was given, caps, vials."""
