from apps.shop import handlers

PATHS = {"/": handlers.Main}
