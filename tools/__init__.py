"""One file for each thing a model can do for a reader; the list is `toolbox.TOOLS`."""
