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
    name: String,
    alias: Option<String>,
    forward: Box<dyn Fn(Tensor<4>) -> Tensor<4> + 'a>,
}

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
            name: name.into(),
            alias: None,
            forward: Box::new(forward),
        });
    }

    /// Gives the last layer a second name.
    pub(crate) fn alias(&mut self, alias: impl Into<String>) {
        if let Some(layer) = self.layers.last_mut() {
            layer.alias = Some(alias.into());
        }
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.layers.iter().map(|layer| layer.name.clone()).collect()
    }

    /// The output of the last layer.
    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        run(&self.layers, images)
    }

    /// The output of the layer called `name`.
    pub(crate) fn features(
        &self,
        images: Tensor<4>,
        name: &str,
    ) -> Result<Tensor<4>, UnknownLayer> {
        let is_named =
            |layer: &Layer<'_>| layer.name == name || layer.alias.as_deref() == Some(name);
        match self.layers.iter().position(is_named) {
            Some(last) => Ok(run(&self.layers[..=last], images)),
            None => Err(UnknownLayer {
                name: name.to_string(),
                layers: self.names(),
            }),
        }
    }
}

fn run(layers: &[Layer<'_>], images: Tensor<4>) -> Tensor<4> {
    layers.iter().fold(images, |x, layer| (layer.forward)(x))
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
                .features(three(), name)
                .map(|x| x.into_scalar::<f32>())
        };
        assert_eq!(value("double"), Ok(6.0));
        assert_eq!(value("increment"), Ok(7.0));
        assert_eq!(value("middle"), Ok(7.0));
        assert_eq!(value("negate"), Ok(-7.0));
    }

    #[test]
    fn an_unknown_layer_is_answered_with_the_known_ones() {
        let error = layers().features(three(), "triple").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no layer `triple`; the layers are double, increment, negate"
        );
    }
}
