use burn::config::Config;
use burn::tensor::Tensor;

/// What turns the last feature map into logits.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Head {
    /// Global average pool and one linear layer: suits images of any size.
    GlobalAverage,
    /// The head of the publication.
    Published,
}

/// The mean of each channel.
///
/// # Shapes
///
/// - input: `[N, C, H, W]`
/// - output: `[N, C]`
pub(super) fn global_average_pool(x: Tensor<4>) -> Tensor<2> {
    x.flatten::<3>(2, 3).mean_dim(2).squeeze_dim(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::Device;

    #[test]
    fn global_average_pool_is_the_mean_of_each_channel() {
        let x = Tensor::<4>::from_data(
            [[[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [0.0, -4.0]]]],
            &Device::default(),
        );
        let pooled = global_average_pool(x);
        assert_eq!(pooled.dims(), [1, 2]);
        assert_eq!(
            pooled.into_data().try_into_vec::<f32>().unwrap(),
            [3.0, -1.0]
        );
    }
}
