use burn::config::Config;
use burn::module::{Content, DisplaySettings, Module, ModuleDisplay};
use burn::tensor::{Bool, Slice, Tensor};

use crate::local_std::{Windows, contrast};
use crate::peak::peak;
use crate::precision::at_least_f32;
use crate::{Border, MaxScope, Response, local_std};

/// Configuration to create a [`NeuRn`] layer with [`init`](NeuRnConfig::init).
///
/// [`NeuRnConfig::default`] is the papers' layer: k = 3, the contrast map.
#[derive(Config, Debug, PartialEq)]
pub struct NeuRnConfig {
    /// Side of the patch, odd. The papers' is 3.
    pub k: usize,
    /// What a patch sees beyond the image. Default: [`Border::Symmetric`]
    #[config(default = "Border::Symmetric")]
    pub border: Border,
    /// What becomes of the deviation. Default: [`Response::Contrast`]
    #[config(default = "Response::Contrast")]
    pub response: Response,
    /// What the largest deviation is taken over. Default: [`MaxScope::Image`]
    #[config(default = "MaxScope::Image")]
    pub max_scope: MaxScope,
    /// The quantile of the deviations that serves as the largest, in `(0, 1]`.
    /// Below 1 a hot pixel does not dim its image: the contrast map saturates
    /// at 1 above the quantile. Where more than this share of the patches are
    /// flat, the max serves. Default: 1.0, the max
    #[config(default = 1.0)]
    pub quantile: f64,
    /// Keeps every `stride`-th patch along rows and columns. Default: 1
    #[config(default = 1)]
    pub stride: usize,
    /// A deviation below which a patch counts as flat, in the pixels' unit.
    /// Sensor noise on a flat image is then 0 and not blown up to 1. See
    /// [`NeuRn`]. Default: 0.0, no floor
    #[config(default = 0.0)]
    pub noise_floor: f64,
}

impl Default for NeuRnConfig {
    fn default() -> Self {
        Self::new(3)
    }
}

impl NeuRnConfig {
    /// Initialize a new [`NeuRn`] layer. It has no parameters, so it needs no
    /// device.
    ///
    /// # Panics
    ///
    /// If `k` is even or 0, `stride` is 0, `quantile` is not in `(0, 1]`,
    /// `noise_floor` is negative, or a number is not finite in f32: the noise
    /// floor, the border's constant, or the response's epsilon, which has to be
    /// positive.
    pub fn init(&self) -> NeuRn {
        Windows::check(self.k, self.border, self.stride);
        self.response.check();
        assert!(
            self.quantile > 0.0 && self.quantile <= 1.0,
            "the quantile must be in (0, 1], where 1 is the max; got {}",
            self.quantile
        );
        assert!(
            self.noise_floor >= 0.0 && (self.noise_floor as f32).is_finite(),
            "the noise floor must be 0 or a positive number, finite in f32; got {}",
            self.noise_floor
        );
        NeuRn {
            k: self.k,
            border: self.border,
            response: self.response,
            max_scope: self.max_scope,
            quantile: self.quantile,
            stride: self.stride,
            noise_floor: self.noise_floor,
        }
    }
}

/// Neural Response Normalization: a map of local contrast.
///
/// ```text
/// sigma(i, j) = standard deviation of the k x k patch around (i, j)
/// c           = the largest sigma of the image, over all channels
/// y(i, j)     = sigma(i, j) / c
/// ```
///
/// The response is in `0..=1`, its largest value exactly 1 unless the image is
/// flat; a flat image gives 0. Whatever `a != 0` and `b`, the images `x` and
/// `a x + b` have the same response. (What stands beyond a border of zeros or of
/// a constant does not change with the image; there this holds only if it does
/// not matter.) Images of a batch do not affect each other.
///
/// NaN or infinity anywhere in an image makes that image's response NaN
/// throughout, or that channel's with [`MaxScope::Channel`], and no other's.
/// The gradient there is 0.
///
/// f16 and bf16 are computed in f32. Where differences are too large for their
/// squares (about 1e18 in f32, see [`local_std`]), the response is NaN likewise.
///
/// # Noise floor
///
/// The largest deviation of an image becomes 1, however small it is. So the noise
/// of a camera becomes 1, too, if the image shows nothing but a blank wall. With a
/// [`noise_floor`](NeuRnConfig::noise_floor) a patch whose deviation is below it
/// counts as flat:
///
/// ```text
/// sigma'(i, j) = sigma(i, j)  if sigma(i, j) >= floor, and 0 otherwise
/// c            = the largest sigma' of the image
/// y(i, j)      = sigma'(i, j) / c
/// ```
///
/// The floor has the unit of the pixels. Noise with the standard deviation s, drawn
/// for each pixel by itself, gives a sigma near s. At k = 3 one patch in 100 is
/// above 1.5 s, 2 in 100,000 are above 2 s, and 3 in a billion above 2.5 s; at a
/// border, where a patch holds some pixels twice, a few more. The README has a
/// picture.
///
/// The floor is compared before the division by c, so it leaves c and all patches
/// above it as they are. If every patch is below it, c is 0, and so is the
/// response. The gradient of a patch below the floor is 0; all other gradients stay.
/// The response jumps at the floor, from 0 to `floor / c`, and this jump has no
/// gradient. Of `x` and `a x` the responses are the same only if the floor of the
/// second is `|a|` times that of the first.
///
/// ```
/// # use burn::tensor::{Device, Tensor};
/// # use neurn_core::NeuRnConfig;
/// let noise = Tensor::<4>::from_data([[[[0.50, 0.51, 0.49, 0.50]]]], &Device::default());
/// let plain = NeuRnConfig::default();
/// assert_eq!(plain.init().forward(noise.clone()).max().into_scalar::<f32>(), 1.0);
/// let layer = plain.with_noise_floor(0.02).init();
/// assert_eq!(layer.forward(noise).max().into_scalar::<f32>(), 0.0);
/// ```
///
/// # Where to put it
///
/// Put it before the first convolution and any normalization by means and
/// standard deviations after it: scaling the channels differently would change
/// their ratio, which the maximum over all channels keeps.
///
/// Should be created using [`NeuRnConfig`].
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct NeuRn {
    k: usize,
    #[module(skip)]
    border: Border,
    #[module(skip)]
    response: Response,
    #[module(skip)]
    max_scope: MaxScope,
    quantile: f64,
    stride: usize,
    noise_floor: f64,
}

impl NeuRn {
    /// Side of the patch.
    pub fn k(&self) -> usize {
        self.k
    }

    /// What a patch sees beyond the image.
    pub fn border(&self) -> Border {
        self.border
    }

    /// What becomes of the deviation.
    pub fn response(&self) -> Response {
        self.response
    }

    /// What the largest deviation is taken over.
    pub fn max_scope(&self) -> MaxScope {
        self.max_scope
    }

    /// The quantile of the deviations that serves as the largest.
    pub fn quantile(&self) -> f64 {
        self.quantile
    }

    /// Every how many pixels a patch is kept.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The deviation below which a patch counts as flat.
    pub fn noise_floor(&self) -> f64 {
        self.noise_floor
    }

    /// Applies the layer to a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: `[N, C, ceil(H / stride), ceil(W / stride)]`, and with
    ///   [`Border::Valid`] `H - k + 1` and `W - k + 1` in the place of H and W
    ///
    /// # Panics
    ///
    /// If H or W is 0, the border cannot serve patches of `k` on images of
    /// this size (see [`Border`]), or the device does not compute in the
    /// tensor's dtype.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        // A kernel may compute half precision itself.
        if let Some(response) = self.by_kernel(&images) {
            return response;
        }
        at_least_f32(images, |images| self.respond(images))
    }

    /// The response where a kernel computes it in one go.
    fn by_kernel(&self, images: &Tensor<4>) -> Option<Tensor<4>> {
        let is_plain =
            self.response == Response::Contrast && self.quantile == 1.0 && self.noise_floor == 0.0;
        if !is_plain {
            return None;
        }
        contrast(images, self.k, self.border, self.stride, self.max_scope)
    }

    /// Applies the layer to one image.
    ///
    /// # Shapes
    ///
    /// - input: `[C, H, W]`
    /// - output: as of [`forward`](NeuRn::forward), without N
    ///
    /// # Panics
    ///
    /// As [`forward`](NeuRn::forward).
    pub fn forward_image(&self, image: Tensor<3>) -> Tensor<3> {
        self.forward(image.unsqueeze::<4>()).squeeze_dim(0)
    }

    fn respond(&self, images: Tensor<4>) -> Tensor<4> {
        if images.dims().contains(&0) {
            return local_std(images, self.k, self.border, self.stride);
        }
        if let Some(response) = self.by_kernel(&images) {
            return response;
        }
        // An image that is not finite is computed as a flat one and marked at
        // the end, so that no backend's idea of NaN decides anything between.
        let broken = self.broken(&images);
        let images = images
            .clone()
            .mask_fill(broken.clone().expand(images.dims()), 0.0);

        let sigma = self.above_floor(local_std(images.clone(), self.k, self.border, self.stride));
        let peak = peak(sigma.clone(), self.max_scope, self.quantile);
        let broken = broken.bool_or(peak.clone().is_finite().bool_not());
        let shape = sigma.dims();
        self.response
            .apply(self.centres(images), sigma, peak)
            .mask_fill(broken.expand(shape), f32::NAN)
    }

    /// Sigma, and 0 where it is below the noise floor.
    fn above_floor(&self, sigma: Tensor<4>) -> Tensor<4> {
        if self.noise_floor == 0.0 {
            return sigma;
        }
        let below = sigma.clone().lower_elem(self.noise_floor);
        sigma.mask_fill(below, 0.0)
    }

    /// Which images, or channels, hold a value that is not finite.
    fn broken(&self, images: &Tensor<4>) -> Tensor<4, Bool> {
        let groups = self.max_scope.groups(images.dims());
        let group_size = images.shape().num_elements() / groups.iter().product::<usize>();
        images
            .clone()
            .is_finite()
            .bool_not()
            .reshape([-1, group_size as i64])
            .any_dim(1)
            .reshape(groups)
    }

    /// The pixels at the centres of the kept patches.
    fn centres(&self, images: Tensor<4>) -> Tensor<4> {
        let margin = match self.border {
            Border::Valid => (self.k / 2) as isize,
            _ => 0,
        };
        let [_, _, h, w] = images.dims();
        let every = |side: usize| {
            Slice::with_step(margin, Some(side as isize - margin), self.stride as isize)
        };
        images.slice([Slice::full(), Slice::full(), every(h), every(w)])
    }
}

impl ModuleDisplay for NeuRn {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new()
            .with_new_line_after_attribute(false)
            .optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        content
            .add("k", &self.k)
            .add_debug_attribute("border", &self.border)
            .add_debug_attribute("response", &self.response)
            .add_debug_attribute("max_scope", &self.max_scope)
            .add("quantile", &self.quantile)
            .add("stride", &self.stride)
            .add("noise_floor", &self.noise_floor)
            .optional()
    }
}
