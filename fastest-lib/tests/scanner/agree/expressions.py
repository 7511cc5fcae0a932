x = 1 + 2 * 3 - 4 ** 5 ** 6
x = -1 ** 2
x = 2 ** -1 ** 2
x = - - 1
x = ~1 + +2
x = a - -b
x = a or b
x = a and b or c
x = not a
x = a < b
x = a + b < c
x = a in b
x = a not in b
x = a is not b
x = a if b else c
x = (a if b else c) + 1
x = a | b ^ c & d << e + f * g
x = a & b ^ c & d ^ e
x = (a ^ b) & c
x = a ^ b & c
x = a @ b // c % d
x = a >> b << c
x = (yield_)
x = a[1:2, ::3, ...]
x = a[b](c).d
x = a[lambda: 1]
x = a[:, 1:]
x = (a := 1)
x = [a := 1, b]
x = a()()
#---
x = lambda: 1
x = lambda a, b=1, *c, d, **e: a
x = lambda *, a: a
x = lambda a, /, b: a
x = lambda a=lambda b, c: d, e=1: f
x = lambda: lambda: 1
x = [lambda a, b: a, 1]
x = {lambda a, b: c: d}
x = f(lambda: 1, lambda x: x, a=lambda y, z: 1)
x = lambda: 1 if a else b
x = 1 if a else lambda: b
x = (lambda: 1)()
#---
x = ()
x = (1,)
x = (1)
x = ((1))
x = (1, *a)
x = []
x = [1, *a, [2]]
x = [1 for a in b]
x = [1 for a in b if c if d for e in f]
x = [a for a, b in c]
x = [a for a, in c]
x = {}
x = {1}
x = {*a}
x = {*a, 1}
x = {1: 2}
x = {1: 2,}
x = {**a}
x = {1: 2, **a, 3: [4]}
x = {a: b for a, b in c}
x = {a: b for *a, b in c}
x = {a for *a, b in c}
*f(1)
x = {a for a in b}
x = (a for a in b)
x = {"a": lambda: 1, "b": c if d else e}
x = {**a, "b": 1}
x = {**(a or b)}
x = {a or b: c or d}
#---
x = f()
x = f(1,)
x = f(a, b=1, *c, **d)
x = f(a for a in b)
x = f((a for a in b), 1)
x = f(a := 1)
x = f(print=1, match=2, type=3)
x = f(*a or b)
x = f(*a + b)
x = f(**a or b)
x = f(*[a], **{"b": 1})
x = f(a)(b)[c].d(e)
x = f(a if b else c, d=e or f)
x = f(
    # comment
    a,  # comment
    b=1,
)
x = f(a
      .b()
      .c())
#---
x = 1
x = 0xFF
x = 0o17
x = 0b101
x = 1_000
x = 1.5
x = .5
x = 5.
x = 1e10
x = 1E-5
x = 1j
x = 1.5j
x = 00
x = 1if x else 2
x = 0xfor x
x = 1_0.0_1
x = 99999999999999999999999999999999999999999999
x = 1..real
x = 1.0.real
#---
x = "a" 'b'
x = "a" f"b"
x = f"a"
x = f"{a}" "b"
x = b"a" b'b'
x = r"\n" "\n"
x = R'\''
x = rb'\n' Rb"x" bR"y" BR"z"
x = u"a"
x = ("a"
     "b")
x = "a\
b"
x = "\x41\u0041\U00000041"
x = "\N{BULLET}"
x = "'" '"'
x = ""
x = "" ""
x = "%s" % a
x = "a".b
x = "é" "ü"
#---
x = f"{a}{b!r}{c:>10}{d!s:{e}}{f:{g}.{h}}"
x = f"{{}}{a}"
x = f"{a['b']}" f'{a["b"]}'
x = f"{a:%H:%M}"
x = f"{a=}{b = }{c=!r}"
x = f"{ {1: 2}[1] }"
x = f"{(lambda: 1)()}"
x = f"{a if b else c}"
x = f"{a!r:^{b}}"
x = fr"\d{a}\{b}"
x = f"\N{BULLET}{a}"
x = f"{a,}{a, b}{*a, b}"
x = f"{a != b}"
x = f"{a:{b}}" + 1
x = f"{f'{a}'}"
x = f"{a[b:c]}"
x = f"{a :}"
#---
'''docstring'''
x = '''a
b'''
y = """a "quoted" \""" """
z = f'''{a}
{b:
}'''
w = 1
#---
x = \
    1
if a and \
        b:
    y = 2
#---
class C(A, B, metaclass=M, x=1, *a, **k):
    "doc"
    a = 1
    a.b = 2
    def f(self): pass
    if x:
        b = 1
    for i in y: pass
    import q
    from r import s
    f()
    raise X
#---
class C(): pass
class D: x = 1; y = 2
#---
class C:
    pass
  # comment
    x = 1
y = 2
#---
if x:
    y = 1

    # comment

    z = 2
# comment
else:
    w = 3
#---
def f():
	x = 1
	if y:
	        return 2
#---
def f(): pass
# last
#---
été = 1
def naïve(): pass
变量 = été
#---
x = a if b else c if d else e
x = a if (b if c else d) else e
x = [a if b else c for d in e]
x = [a for b in (c if d else e)]
x = not a in b
x = a < b < c
x = a == b != c
#---
print, x
#---
global_ = 1
async_ = 2
await_ = 3
#---
x = *a, *b
x = [*a]
x = *a.b, c
x = *a[0],
x = *a[0], b = c
*a.b, c = d
x = [*a + b]
#---
x = a.b.c.d.e
x = a.print
x = a.match.type
x = a.__class__
#---
import a
a.x
import b
from c import d
e = "d"
from f import g as h
class C:
    import b
#---
for x in range(10): import y
while True: import z
with a: import w
try: import v
except E: import v2 as v
else: import u
finally: import t
#---
if x:
    if y:
        a = 1
    else:
        b = 1
    c = 1
d = 1
#---
def f(a, *\
b, **\
c): pass
