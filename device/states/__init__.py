"""One file a state, named like it; the class in it is called State. In memory is the current one only."""
