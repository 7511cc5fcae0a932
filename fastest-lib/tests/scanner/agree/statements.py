x = a, b
#---
x = *a, b
#---
x = *a,
#---
x = a,
#---
x = y = a, b
#---
x: int = a, b
#---
(x): int = 1
#---
(x) = 1
#---
[x, y] = a
#---
(x, (y, *z)), w.v, u[0] = a
#---
(x.y) = (z[0]) = 1
#---
x.y.z = 1
#---
f(1).x = 2
#---
x[0].y[1] += 2
#---
x, = y
#---
x: int
y: str; z: bytes = b''
#---
if x: a = 1; b = 2
else: c = 3
#---
with open(a) as f: pass
with open(a): pass
with open(a) as f, open(b) as g: pass
with open(a), open(b): pass
with (open(a) as f): pass
with (open(a) as f, open(b) as g): pass
with (open(a) as f, open(b) as g,): pass
with (open(a), open(b)): pass
with (open(a)): pass
with (open(a)) as f: pass
with (open(a), open(b)) as f: pass
with (x): pass
with (x, y): pass
with (x, y) as z: pass
with x as (a, b): pass
with x as [a, b]: pass
with x as a.b: pass
with x as a[0]: pass
with x as (a): pass
with f()(): pass
with f()[0]: pass
with f() + g(): pass
with (yield): pass
with a.b.c(d) as e, f: pass
with f() if x else g(): pass
with (a for a in b): pass
with [a for a in b]: pass
with (a := b()): pass
with a or b as c: pass
with lambda: x as y: pass
with a if b else c as d: pass
with not a as b: pass
with a < b as c: pass
with -a as b: pass
with ((a) as b): pass
with (f() as b): pass
with (f()) as b: pass
with f() as b, g() as c: pass
with (f() as b, g()): pass
with ((yield) as b): pass
#---
try:
    a
except A as e: pass
except (A, B) as e: pass
except A.b as e: pass
except A if b else C as e: pass
except (A): pass
except: pass
else: x = 1
finally: y = 1
#---
try: pass
except* A as e: pass
except* (B, C): pass
#---
try: pass
finally: pass
#---
while x: y = 1
else: z = 1
#---
for x in y: z = 1
else: w = 1
#---
for x, (y, *z) in a: pass
for x.y in a: pass
for x[0] in a: pass
for (x) in a: pass
for [x] in a: pass
for x, in a: pass
for x in a, b: pass
for x in *a, b: pass
#---
async def f():
    async with a as b, c: pass
    async for x in y: pass
    return [x async for x in y if await z]
#---
match x:
    case 1: a = 1
    case -1 | 2.5: pass
    case "s" | 's' "t": pass
    case b"s": pass
    case None | True | False: pass
    case a.b: pass
    case [1, *rest]: b = 1
    case (1, 2): pass
    case (1 | 2) as d: pass
    case {"k": 1, **kw}: pass
    case C(1, x=2): pass
    case A.B(x=[1, _]): pass
    case x if x.y > 1: c = 1
    case 1 + 2j: pass
    case 1, 2: pass
    case *_, last: pass
    case _:
        import q
#---
match x, y:
    case _: pass
#---
match (x):
    case _: pass
#---
match -x:
    case _: pass
#---
match [a, b]:
    case _: pass
#---
match f(x):
    case _: pass
#---
match = 1
match.x = 2
match(1)
match[0] = 1
case = 2
case(1)
type = 3
type(x)
_ = 4
print(x)
exec(x)
print = 1
type.x = 2
type[x] = y
match(1).x
#---
type X = int
type Y[T] = list[T]
type Z[T: int, *Ts, **P] = x
#---
def f[T](x: T) -> T: pass
def g[T: (int, str), *Ts, **P](*args: *Ts, **kwargs: P.kwargs): pass
class C[T]: pass
class D[T](Base, metaclass=M): pass
#---
def f(a, b=1, *, c, d: int = 2, **e): pass
def g(a, /, b, *args): pass
def h(*, a): pass
def i(a, *args: int, b: int, **kw: str) -> None: pass
def j(
    a,  # comment
    b = (1, 2),
    *
    args,
): pass
def k(a=lambda x, y=1: x, b={1: 2}): pass
def l(a=(yield)): pass
#---
@a
@b.c
@d(1, e=2)
# comment
@f[0]
@(g)
@x if y else z
@w := v
def h(): pass
#---
@a
class C:
    @b
    def c(self): yield

    @staticmethod
    async def d(): pass

    x = 1
    class E(F): y = 2
#---
del a
del a, b
del (a, b)
del [a]
del (a)
del a.b, c[0]
del a,
#---
raise
raise X
raise X from y
assert x
assert x, "y"
pass
return_ = 1
#---
def f():
    global a, b
    nonlocal_ = 1
    def g():
        nonlocal nonlocal_
    return
    return x
    return x, y
    return *x, y
    return x,
    return (yield)
    return await_
    return lambda: x
    return [x]
    return {x}
    return not x
    return -x
    return x if y else z
#---
def f():
    @a.b(c)
    def g(x, y=1):
        def h(): return 1
        return 2
    class K:
        def m(self): return 3
    if x:
        async def i(): yield
    return g
#---
def f():
    x = yield
    x = yield y
    x = yield from y
    yield
    yield x, y
    yield from z
    await_ = (yield)
    (yield)
    x = y = yield z
    x += yield z
#---
def f():
    return lambda: (yield)
#---
def f():
    x = lambda a=(yield): a
#---
def f():
    class C:
        def g(self):
            yield
#---
def f():
    x = f"{(yield)}"
#---
def f():
    return [lambda: 1 for x in y], (yield)
#---
def pytest_f(config):
    config.a.b(c.d, e=f.g)[h.i]
    import x.y
    from x.y import z
    from . import w
    @j.k
    def inner(l: m.n = o.p) -> q.r: pass
    f"{s.t!r:{u.v}}"
    lambda w: w.x
    x: y.z = 1
    match x.y1:
        case a.b1: pass
        case a.c1(d=e.f1): pass
        case _ if g.h1: pass
    def nested(): return self.deep
    1 .real
    x.\
        continued
#---
import a, b.c, d.e as f
import a . b
import a.b, a.c as d
from a import b, c as d
from a import (b, c as d,)
from a import (
    b,  # comment
    c as d
)
from . import a
from .. import a
from ... import a
from .... import a
from .a.b import c
from . a import b
from a import *
import a.\
    b
from a \
    import b
from __future__ import annotations
from __future__ import (division)
from __future__ import a as b
#---
if TYPE_CHECKING:
    import a
    x = 1
    class C: pass
    def f(): yield
else:
    y = 1
#---
if typing.TYPE_CHECKING:  # comment
    import a
else:  # comment
    y = 1
#---
if TYPE_CHECKING:
    import a
elif z:
    import b
else:
    y = 1
#---
if typing . TYPE_CHECKING: x = 1
if not TYPE_CHECKING: x = 1
if TYPE_CHECKING or x: x = 1
if a or b.TYPE_CHECKING: x = 1
if not a.TYPE_CHECKING: x = 1
if (TYPE_CHECKING): x = 1
if f().TYPE_CHECKING: x = 1
if False: x = 1
if 0: x = 1
if __name__ == " __main__": x = 1
if __name__ == "__main__": x = 1
if __name__ == '__main__': x = 1
if __name__=='__main__': x = 1
if (__name__ == '__main__'): x = 1
if '__main__' == __name__: x = 1
if __name__ == '__main__' and x: x = 1
if __name__ != '__main__': x = 1
if x := y: z = 1
if x: pass
elif y: z = 1
elif w: z = 2
#---
f(1), g(2)
f(1); g(2)
a.b(1), c.d[0].e(2)
(f(1))
(f)(1)
(f(1), g(1))
f(1)(2)
f(1).x
f(1)[0]
f(1) + 1
-f(1)
await_ (1)
not f(1)
f(1) if x else g(1)
a[0](1)
a.b(1).c(2)
"x".join(y)
[].append(1)
