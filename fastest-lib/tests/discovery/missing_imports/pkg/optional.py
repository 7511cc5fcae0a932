import no_such_module_here
VALUE = 1
