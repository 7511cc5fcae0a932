//! The one type that stand-ins are made of: a value with a name for its type, attributes, items and a
//! call, all given by Starlark.
#![allow(
    elided_lifetimes_in_paths,
    reason = "what the macros of `starlark` make has some"
)]

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use allocative::Allocative;
use starlark::collections::StarlarkHasher;
use starlark::environment::GlobalsBuilder;
use starlark::eval::{Arguments, Evaluator};
use starlark::values::list::ListRef;
use starlark::values::none::NoneType;
use starlark::values::{
    Coerce, Freeze, Heap, NoSerialize, ProvidesStaticType, StarlarkPagable, StarlarkValue, Trace,
    Value, ValueLike, starlark_value,
};
use starlark::{starlark_complex_value, starlark_module};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A value of a build system, such as an artifact, a dependency, a provider or a rule.
#[derive(
    Clone,
    Debug,
    Trace,
    Coerce,
    Freeze,
    ProvidesStaticType,
    NoSerialize,
    Allocative,
    StarlarkPagable,
)]
#[repr(C)]
pub(crate) struct ObjectGen<V> {
    kind: String,
    shown: String,
    /// Two values are equal when they were made by the same call.
    id: u64,
    /// A struct, or none.
    fields: V,
    /// A dict, or none.
    items: V,
    /// A function, or none.
    call: V,
}

starlark_complex_value!(pub(crate) Object);

impl<V> fmt::Display for ObjectGen<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[starlark_value(type = "object")]
impl<'v, V: ValueLike<'v>> StarlarkValue<'v> for ObjectGen<V>
where
    Self: ProvidesStaticType<'v>,
{
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        let fields = self.fields.to_value();
        fields.get_attr(attribute, heap).ok().flatten()
    }

    fn dir_attr(&self) -> Vec<String> {
        self.fields.to_value().dir_attr()
    }

    fn at(&self, index: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        let items = self.items.to_value();
        if items.is_none() {
            return Err(anyhow::anyhow!("`{}` ({}) has no items", self.shown, self.kind).into());
        }
        items.at(index, heap).map_err(|_| {
            anyhow::anyhow!("`{}` ({}) has no `{index}`", self.shown, self.kind).into()
        })
    }

    fn is_in(&self, other: Value<'v>) -> starlark::Result<bool> {
        self.items.to_value().is_in(other)
    }

    fn write_hash(&self, hasher: &mut StarlarkHasher) -> starlark::Result<()> {
        std::hash::Hash::hash(&self.id, hasher);
        Ok(())
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(Object::from_value(other).is_some_and(|other| other.id == self.id))
    }

    fn invoke(
        &self,
        _me: Value<'v>,
        args: &Arguments<'v, '_>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let call = self.call.to_value();
        if call.is_none() {
            return Err(
                anyhow::anyhow!("`{}` ({}) cannot be called", self.shown, self.kind).into(),
            );
        }
        call.invoke(args, eval)
    }
}

/// What stand-ins are written with.
#[starlark_module]
pub(crate) fn natives(builder: &mut GlobalsBuilder) {
    /// Makes a value.
    fn native_object<'v>(
        kind: &str,
        #[starlark(default = "")] shown: &str,
        #[starlark(default = NoneType)] fields: Value<'v>,
        #[starlark(default = NoneType)] items: Value<'v>,
        #[starlark(default = NoneType)] call: Value<'v>,
    ) -> anyhow::Result<Object<'v>> {
        Ok(Object {
            kind: kind.to_owned(),
            shown: if shown.is_empty() { kind } else { shown }.to_owned(),
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            fields,
            items,
            call,
        })
    }

    /// The type of a value, those that stand-ins name included.
    fn native_kind<'v>(value: Value<'v>) -> anyhow::Result<String> {
        Ok(match Object::from_value(value) {
            Some(object) => object.kind.clone(),
            None => value.get_type().to_owned(),
        })
    }

    /// The cell and the package of the file that is being evaluated, unless it is a build file.
    fn native_here<'v>(eval: &mut Evaluator<'v, '_, '_>) -> anyhow::Result<(String, String)> {
        let here = eval.module().extra_value();
        let here = here.and_then(|here| here.unpack_str()).unwrap_or("//");
        let (cell, package) = here.split_once("//").unwrap_or_default();
        Ok((cell.to_owned(), package.to_owned()))
    }

    /// Hands a target to whoever evaluates the build file.
    fn native_register<'v>(
        target: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> anyhow::Result<NoneType> {
        let targets = eval.module().extra_value();
        let Some(targets) = targets.filter(|targets| ListRef::from_value(*targets).is_some())
        else {
            anyhow::bail!("a rule can be called in build files only");
        };
        let add = targets.get_attr_error("append", eval.heap());
        let add = add.map_err(starlark::Error::into_anyhow)?;
        eval.eval_function(add, &[target], &[])
            .map_err(starlark::Error::into_anyhow)?;
        Ok(NoneType)
    }
}
