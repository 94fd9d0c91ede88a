//! A checkpoint against the parameters of a module, and into it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Shape, Tensor, TensorData};
use burn_store::bridge;

use super::checkpoint::{Axes, Checkpoint, Stored};
use super::{Names, WeightsError};

/// What a file need not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Leave {
    /// What gives the logits.
    pub head: bool,
    /// Any number of layers at the end.
    pub end: bool,
}

/// The module with the checkpoint's tensors, and the parameters that are as they
/// were. Nothing is changed before all is known to suit.
pub(super) fn load<M: Module>(
    module: M,
    mut checkpoint: Checkpoint,
    names: &Names,
    leave: Leave,
    path: &Path,
) -> Result<(M, Vec<String>), WeightsError> {
    if leave.head {
        checkpoint.tensors.retain(|name, _| !names.is_of_head(name));
    }
    let mut parameters = Parameters::default();
    module.visit(&mut parameters);
    let mut misfits = Misfits::default();
    let mut kept = Vec::new();
    let end = parameters.end_of(&checkpoint);
    for (index, parameter) in parameters.list.iter().enumerate() {
        match checkpoint.tensors.get(&parameter.stored) {
            Some(stored) => misfits.check_shape(parameter, stored),
            None if leave.head && names.is_of_head(&parameter.path) => {
                kept.push(parameter.path.clone());
            }
            None if leave.end && index >= end => kept.push(parameter.path.clone()),
            None => misfits.missing.push(parameter.path.clone()),
        }
    }
    let known: HashSet<&str> = parameters
        .list
        .iter()
        .map(|each| each.stored.as_str())
        .collect();
    let unknown = checkpoint
        .tensors
        .iter()
        .filter(|(name, _)| !known.contains(name.as_str()));
    misfits.unused = unknown.map(|(_, stored)| stored.name.clone()).collect();
    misfits.unused.sort_unstable();
    misfits.or_none(path)?;

    let values = read(&parameters, checkpoint, path)?;
    let mut fill = Fill {
        place: Place::default(),
        values,
    };
    Ok((module.map(&mut fill), kept))
}

/// A parameter of a module.
struct Parameter {
    /// Where it is in the module.
    path: String,
    /// The name that it has in a checkpoint.
    stored: String,
    shape: Shape,
    kind: Kind,
    /// Whether no value is negative.
    variance: bool,
}

/// What a weight belongs to, which decides how its axes lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Convolution,
    Linear,
    Other,
}

/// Where a visitor is in a module.
#[derive(Default)]
struct Place {
    path: Vec<String>,
    containers: Vec<String>,
}

impl Place {
    fn enter(&mut self, name: &str, container: &str) {
        self.containers.push(container.to_string());
        // A variant of an enum has no name in a file.
        if !container.starts_with("Enum:") {
            self.path.push(name.to_string());
        }
    }

    fn exit(&mut self, container: &str) {
        self.containers.pop();
        if !container.starts_with("Enum:") {
            self.path.pop();
        }
    }

    fn path(&self) -> String {
        self.path.join(".")
    }

    /// What the parameter at this place belongs to.
    fn owner(&self) -> &str {
        let structs = self.containers.iter().rev();
        let mut structs = structs.filter_map(|container| container.strip_prefix("Struct:"));
        structs.next().unwrap_or_default()
    }

    fn parameter(&self, shape: Shape) -> Parameter {
        let path = self.path();
        let (parent, last) = path.rsplit_once('.').unwrap_or(("", &path));
        let owner = self.owner();
        let name = match last {
            "gamma" => "weight",
            "beta" => "bias",
            other => other,
        };
        let stored = match parent {
            "" => name.to_string(),
            _ => format!("{parent}.{name}"),
        };
        let kind = match (owner, last) {
            ("Conv2d", "weight") => Kind::Convolution,
            ("Linear", "weight") => Kind::Linear,
            _ => Kind::Other,
        };
        Parameter {
            stored,
            shape,
            kind,
            variance: last == "running_var",
            path,
        }
    }
}

/// The parameters of a module, first to last.
#[derive(Default)]
struct Parameters {
    place: Place,
    list: Vec<Parameter>,
}

impl ModuleVisitor for Parameters {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.place.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.list.push(self.place.parameter(param.lazy_shape()));
    }
}

impl Parameters {
    /// How many parameters there are up to the end of the last layer of which the
    /// checkpoint has any.
    fn end_of(&self, checkpoint: &Checkpoint) -> usize {
        let has = |each: &Parameter| checkpoint.tensors.contains_key(&each.stored);
        let Some(last) = self.list.iter().rposition(has) else {
            // An empty file is no network that ends early.
            return self.list.len();
        };
        let layer = layer(&self.list[last].path);
        let after = self
            .list
            .iter()
            .rposition(|each| each.path.starts_with(layer));
        after.map_or(last, |after| after + 1)
    }
}

/// The layer that a parameter belongs to: a convolution with its batch norm, or
/// what else has parameters.
fn layer(path: &str) -> &str {
    let owner = path.rsplit_once('.').map_or(path, |(owner, _)| owner);
    match owner.rsplit_once('.') {
        Some((layer, "conv" | "norm")) => layer,
        _ => owner,
    }
}

/// What does not suit.
#[derive(Default)]
struct Misfits {
    missing: Vec<String>,
    unused: Vec<String>,
    misshapen: Vec<(String, String, String)>,
    unusable: Vec<(String, String)>,
}

impl Misfits {
    fn check_shape(&mut self, parameter: &Parameter, stored: &Stored) {
        let shapes = shapes(parameter, stored.axes);
        let tensor = &stored.tensor;
        let fits = shapes.iter().any(|shape| shape[..] == tensor.shape[..]);
        if !fits || !tensor.dtype.is_float() {
            let shapes: Vec<_> = shapes.iter().map(|shape| format!("{shape:?}")).collect();
            self.misshapen.push((
                stored.name.clone(),
                format!("float of {}", shapes.join(" or ")),
                format!("{:?} of {:?}", tensor.dtype, &tensor.shape[..]),
            ));
        }
    }

    fn or_none(self, path: &Path) -> Result<(), WeightsError> {
        let lists = [self.missing.len(), self.unused.len(), self.misshapen.len()];
        if lists.iter().sum::<usize>() + self.unusable.len() == 0 {
            return Ok(());
        }
        Err(WeightsError::Tensors {
            path: path.to_owned(),
            missing: self.missing,
            unused: self.unused,
            misshapen: self.misshapen,
            unusable: self.unusable,
        })
    }
}

/// The shapes that a parameter may have in a file.
fn shapes(parameter: &Parameter, axes: Axes) -> Vec<Vec<usize>> {
    let shape = &parameter.shape[..];
    match (parameter.kind, axes, shape) {
        (Kind::Linear, Axes::Torch, &[inputs, outputs]) => vec![vec![outputs, inputs]],
        (Kind::Linear, _, &[inputs, outputs]) => {
            vec![vec![inputs, outputs], vec![1, 1, inputs, outputs]]
        }
        (Kind::Convolution, Axes::Keras, &[outputs, inputs, height, width]) => {
            let mut shapes = vec![vec![height, width, inputs, outputs]];
            if inputs == 1 {
                shapes.push(vec![height, width, outputs, 1]);
            }
            shapes
        }
        _ => vec![shape.to_vec()],
    }
}

/// The numbers of each parameter, by its place in the module, with the order of
/// axes that they have in the file. All of them are finite.
fn read(
    parameters: &Parameters,
    mut checkpoint: Checkpoint,
    path: &Path,
) -> Result<HashMap<String, (TensorData, Axes)>, WeightsError> {
    let mut misfits = Misfits::default();
    let mut values = HashMap::new();
    for parameter in &parameters.list {
        let Some(stored) = checkpoint.tensors.remove(&parameter.stored) else {
            continue;
        };
        let data = bridge::into_data(stored.tensor).map_err(|error| {
            WeightsError::file(path, "a whole file", format!("{}: {error}", stored.name))
        })?;
        let data = match data.dtype() {
            DType::F32 => data,
            _ => data.convert::<f32>(),
        };
        match unusable(&data, parameter.variance) {
            Some(found) => misfits.unusable.push((stored.name, found)),
            None => {
                values.insert(parameter.path.clone(), (data, stored.axes));
            }
        }
    }
    misfits.or_none(path).map(|()| values)
}

/// The first number that is not finite, or negative where it is a variance.
fn unusable(data: &TensorData, variance: bool) -> Option<String> {
    let numbers = match data.as_slice::<f32>() {
        Ok(numbers) => numbers,
        Err(error) => return Some(error.to_string()),
    };
    let usable = |number: &f32| number.is_finite() & (!variance | (*number >= 0.0));
    // Whole chunks first, in which no number decides whether the next is looked at: the
    // processor takes many of them at once.
    let mut chunks = numbers.chunks(1 << 12);
    let chunk = chunks.position(|chunk| !chunk.iter().fold(true, |all, one| all & usable(one)))?;
    let before = chunk << 12;
    let index = before + numbers[before..].iter().position(|one| !usable(one))?;
    Some(format!("{} at {index}", numbers[index]))
}

/// Puts numbers into the parameters of a module.
struct Fill {
    place: Place,
    values: HashMap<String, (TensorData, Axes)>,
}

impl ModuleMapper for Fill {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.place.exit(container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let parameter = self.place.parameter(param.lazy_shape());
        let Some((data, axes)) = self.values.remove(&parameter.path) else {
            return param;
        };
        let device = param.lazy_device();
        let tensor = match (parameter.kind, axes) {
            // Only the strides change, so that a large layer is not held twice.
            (Kind::Linear, Axes::Torch) => Tensor::<D>::from_data(data, &device).swap_dims(0, 1),
            (Kind::Linear, _) => {
                let (bytes, _, dtype) = data.into_parts();
                Tensor::from_data(
                    TensorData::from_bytes(bytes, parameter.shape, dtype),
                    &device,
                )
            }
            (Kind::Convolution, Axes::Keras) => {
                let mixes = data.shape()[3] == parameter.shape[0];
                let axes = if mixes { [3, 2, 0, 1] } else { [2, 3, 0, 1] };
                reordered(data, axes, &device)
            }
            _ => Tensor::from_data(data, &device),
        };
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}

/// With other axes, in memory too.
fn reordered<const D: usize>(data: TensorData, axes: [isize; 4], device: &Device) -> Tensor<D> {
    let data = Tensor::<4>::from_data(data, device)
        .permute(axes)
        .into_data();
    Tensor::from_data(data, device)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the first chunk, at both sides of an edge, and in the last one.
    #[test]
    fn the_first_unusable_number_is_found() {
        let length = 10_000;
        for place in [0, 1, 4095, 4096, 8191, 8192, 9999] {
            for (number, variance, found) in [
                (f32::NAN, false, "NaN"),
                (f32::INFINITY, false, "inf"),
                (-1.5, true, "-1.5"),
            ] {
                let mut numbers = vec![0.5; length];
                numbers[place] = number;
                numbers[length - 1] = number;
                let data = TensorData::new(numbers, [length]);
                let expected = format!("{found} at {place}");
                assert_eq!(unusable(&data, variance), Some(expected));
            }
        }
        let data = TensorData::new(vec![-1.5, -0.0, 0.0, f32::MAX], [4]);
        assert_eq!(unusable(&data, false), None);
        let data = TensorData::new(vec![-0.0, 0.0, f32::MAX], [3]);
        assert_eq!(unusable(&data, true), None);
    }
}
