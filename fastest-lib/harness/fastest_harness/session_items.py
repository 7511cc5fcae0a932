"""``session.items`` of a session whose files are collected one by one."""


class SessionItems(list):
    """A list that ``fill()`` gives the items of when it is first asked for anything."""

    def __init__(self, fill):
        super().__init__()
        self._fill = fill

    def _complete(self):
        fill, self._fill = self._fill, None
        if fill is not None:
            try:
                list.extend(self, fill())
            except BaseException:
                self._fill = fill
                raise


def _completed(name):
    method = getattr(list, name)

    def call(self, *args, **kwargs):
        self._complete()
        return method(self, *args, **kwargs)

    call.__name__ = name
    return call


_AS_THEY_ARE = {"__class_getitem__", "__getattribute__", "__init__", "__new__", "__sizeof__"}

for _name, _value in list(vars(list).items()):
    if callable(_value) and _name not in _AS_THEY_ARE:
        setattr(SessionItems, _name, _completed(_name))


class Undisturbed:
    """Context in which files are collected while a test runs: its output stays with it."""

    _METHODS = ("resume_global_capture", "suspend_global_capture", "read_global_capture")

    def __init__(self, config):
        self._manager = config.pluginmanager.getplugin("capturemanager")

    def __enter__(self):
        for name in self._METHODS if self._manager is not None else ():
            setattr(self._manager, name, lambda *args, **kwargs: ("", ""))

    def __exit__(self, *_):
        for name in self._METHODS if self._manager is not None else ():
            delattr(self._manager, name)
