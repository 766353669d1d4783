"""One verb one file: how each kind of command is decided; `engine.verbs` gathers them."""
