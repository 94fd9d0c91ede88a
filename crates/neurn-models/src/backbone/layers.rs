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

    /// The output of the layer called `name`, where `after` is applied to that of
    /// each.
    pub(crate) fn features_with(
        &self,
        images: Tensor<4>,
        name: &str,
        after: AfterLayer<'_>,
    ) -> Result<Tensor<4>, UnknownLayer> {
        match self.layers.iter().position(|layer| layer.name.is(name)) {
            Some(last) => Ok(run(&self.layers[..=last], images, after)),
            None => Err(UnknownLayer {
                name: name.to_string(),
                layers: self.names(),
            }),
        }
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

    #[test]
    fn forward_runs_every_layer_in_order() {
        assert_eq!(layers().forward(three()).into_scalar::<f32>(), -7.0);
    }

    #[test]
    fn features_run_up_to_and_with_the_named_layer() {
        let value = |name| {
            layers()
                .features_with(three(), name, &mut |_, x| x)
                .map(|x| x.into_scalar::<f32>())
        };
        assert_eq!(value("double"), Ok(6.0));
        assert_eq!(value("increment"), Ok(7.0));
        assert_eq!(value("middle"), Ok(7.0));
        assert_eq!(value("negate"), Ok(-7.0));
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
            let features = layers().features_with(three(), "middle", &mut after);
            assert_eq!(features.unwrap().into_scalar::<f32>(), 70.0);
            let before = layers().features_with(three(), "double", &mut after);
            assert_eq!(before.unwrap().into_scalar::<f32>(), 6.0);
        }
    }

    #[test]
    fn an_unknown_layer_is_answered_with_the_known_ones() {
        let error = layers()
            .features_with(three(), "triple", &mut |_, x| x)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no layer `triple`; the layers are double, increment, negate"
        );
    }
}
