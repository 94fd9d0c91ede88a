use std::error::Error;
use std::fmt;

use burn::tensor::Tensor;

/// What a backbone does to images up to its head: named layers in order.
///
/// Every use of a backbone, `forward`, features or names, is a walk over this
/// one list.
pub(crate) struct Layers<'a> {
    layers: Vec<Layer<'a>>,
}

struct Layer<'a> {
    name: LayerName,
    forward: Box<dyn Fn(Tensor<4>) -> Tensor<4> + 'a>,
}

/// The names of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerName {
    name: String,
    alias: Option<String>,
}

impl LayerName {
    /// The name that [`layer_names`](super::Backbone::layer_names) gives.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the layer is called `name`.
    pub fn is(&self, name: &str) -> bool {
        self.name == name || self.alias.as_deref() == Some(name)
    }
}

/// What [`Backbone::forward_with`](super::Backbone::forward_with) does to the
/// output of each layer.
pub type AfterLayer<'a> = &'a mut dyn FnMut(&LayerName, Tensor<4>) -> Tensor<4>;

impl<'a> Layers<'a> {
    pub(crate) fn new() -> Self {
        Self { layers: Vec::new() }
    }

    /// Appends a layer.
    pub(crate) fn push(
        &mut self,
        name: impl Into<String>,
        forward: impl Fn(Tensor<4>) -> Tensor<4> + 'a,
    ) {
        self.layers.push(Layer {
            name: LayerName {
                name: name.into(),
                alias: None,
            },
            forward: Box::new(forward),
        });
    }

    /// Gives the last layer a second name.
    pub(crate) fn alias(&mut self, alias: impl Into<String>) {
        if let Some(layer) = self.layers.last_mut() {
            layer.name.alias = Some(alias.into());
        }
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.layers.iter().map(|layer| layer.name.name.clone());
        names.collect()
    }

    pub(crate) fn have(&self, name: &str) -> bool {
        self.layers.iter().any(|layer| layer.name.is(name))
    }

    /// The output of the last layer.
    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.forward_with(images, &mut |_, x| x)
    }

    /// The output of the last layer, where `after` is applied to that of each.
    pub(crate) fn forward_with(&self, images: Tensor<4>, after: AfterLayer<'_>) -> Tensor<4> {
        run(&self.layers, images, after)
    }

    /// The outputs of the layers called `names`, in the order of `names`, where
    /// `after` is applied to that of each layer. It runs once, up to the last of
    /// them.
    pub(crate) fn features_with(
        &self,
        images: Tensor<4>,
        names: &[&str],
        after: AfterLayer<'_>,
    ) -> Result<Vec<Tensor<4>>, UnknownLayer> {
        let places = names.iter().map(|name| self.place(name));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let mut features = vec![None; names.len()];
        let last = places.iter().max().map_or(0, |last| last + 1);
        let mut place = 0;
        run(&self.layers[..last], images, &mut |name, output| {
            let output = after(name, output);
            for (feature, _) in features
                .iter_mut()
                .zip(&places)
                .filter(|(_, p)| **p == place)
            {
                *feature = Some(output.clone());
            }
            place += 1;
            output
        });
        Ok(features.into_iter().flatten().collect())
    }

    fn place(&self, name: &str) -> Result<usize, UnknownLayer> {
        let place = self.layers.iter().position(|layer| layer.name.is(name));
        place.ok_or_else(|| UnknownLayer {
            name: name.to_string(),
            layers: self.names(),
        })
    }
}

fn run(layers: &[Layer<'_>], images: Tensor<4>, after: AfterLayer<'_>) -> Tensor<4> {
    layers.iter().fold(images, |x, layer| {
        let output = (layer.forward)(x);
        after(&layer.name, output)
    })
}

/// The backbone has no layer of the name asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLayer {
    /// The name asked for.
    pub name: String,
    /// The names that the backbone has.
    pub layers: Vec<String>,
}

impl fmt::Display for UnknownLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there is no layer `{}`; the layers are {}",
            self.name,
            self.layers.join(", ")
        )
    }
}

impl Error for UnknownLayer {}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::Device;

    fn layers() -> Layers<'static> {
        let mut layers = Layers::new();
        layers.push("double", |x| x * 2);
        layers.push("increment", |x| x + 1);
        layers.alias("middle");
        layers.push("negate", |x| -x);
        layers
    }

    fn three() -> Tensor<4> {
        Tensor::full([1, 1, 1, 1], 3, &Device::default())
    }

    fn values(names: &[&str]) -> Vec<f32> {
        let features = layers().features_with(three(), names, &mut |_, x| x);
        let values = features.unwrap().into_iter();
        values.map(|x| x.into_scalar::<f32>()).collect()
    }

    #[test]
    fn forward_runs_every_layer_in_order() {
        assert_eq!(layers().forward(three()).into_scalar::<f32>(), -7.0);
    }

    #[test]
    fn features_run_up_to_and_with_the_named_layer() {
        assert_eq!(values(&["double"]), [6.0]);
        assert_eq!(values(&["increment"]), [7.0]);
        assert_eq!(values(&["middle"]), [7.0]);
        assert_eq!(values(&["negate"]), [-7.0]);
    }

    #[test]
    fn several_layers_are_given_in_the_order_asked_for() {
        assert_eq!(values(&["negate", "double", "middle"]), [-7.0, 6.0, 7.0]);
        assert_eq!(values(&["double", "double"]), [6.0, 6.0]);
        assert_eq!(values(&[]), [0.0; 0]);
    }

    #[test]
    fn nothing_runs_after_the_last_layer_asked_for() {
        let mut ran = Vec::new();
        let mut after = |layer: &LayerName, x: Tensor<4>| {
            ran.push(layer.name().to_string());
            x
        };
        let features = layers().features_with(three(), &["increment", "double"], &mut after);
        assert_eq!(features.unwrap().len(), 2);
        assert_eq!(ran, ["double", "increment"]);
    }

    #[test]
    fn what_comes_after_a_layer_sees_its_output_once() {
        for name in ["increment", "middle"] {
            let mut after = |layer: &LayerName, x: Tensor<4>| match layer.is(name) {
                true => x * 10,
                false => x,
            };
            let output = layers().forward_with(three(), &mut after);
            assert_eq!(output.into_scalar::<f32>(), -70.0, "{name}");
            let features = layers().features_with(three(), &["middle"], &mut after);
            assert_eq!(features.unwrap()[0].clone().into_scalar::<f32>(), 70.0);
            let before = layers().features_with(three(), &["double"], &mut after);
            assert_eq!(before.unwrap()[0].clone().into_scalar::<f32>(), 6.0);
        }
    }

    #[test]
    fn an_unknown_layer_is_answered_with_the_known_ones() {
        let error = layers()
            .features_with(three(), &["double", "triple"], &mut |_, x| x)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no layer `triple`; the layers are double, increment, negate"
        );
    }
}
