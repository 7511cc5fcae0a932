import pkgutil


def all_modules():
    return [module.name for module in pkgutil.iter_modules(__path__)]
