use burn::tensor::Shape;
use burn::tensor::ops::ConvOptions;

/// The sizes of a convolution of images `[batch, inputs, height, width]` with
/// kernels `[outputs, inputs / groups, kernel height, kernel width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    pub batch: usize,
    /// Channels of the images.
    pub inputs: usize,
    /// Height and width of the images.
    pub image: [usize; 2],
    /// Channels of the output.
    pub outputs: usize,
    /// Height and width of a kernel.
    pub kernel: [usize; 2],
    /// Height and width of the output.
    pub output: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    /// Zeros above, and to the left.
    pub padding: [usize; 2],
    pub groups: usize,
}

impl Geometry {
    /// # Panics
    ///
    /// If the padded images are smaller than the dilated kernel, or the channels do not
    /// suit the groups.
    pub fn new(images: &Shape, weight: &Shape, options: &ConvOptions<2>) -> Self {
        let [batch, inputs, height, width] = images.dims();
        let [outputs, inputs_a_group, kernel_height, kernel_width] = weight.dims();
        let groups = options.groups;
        assert!(
            inputs == inputs_a_group * groups && outputs.is_multiple_of(groups),
            "kernels {weight:?} in {groups} groups do not suit images {images:?}"
        );
        let image = [height, width];
        let kernel = [kernel_height, kernel_width];
        let output = [0, 1].map(|axis| {
            let (before, after) = options.padding[axis];
            let padded = image[axis] + before + after;
            let reach = options.dilation[axis] * (kernel[axis] - 1) + 1;
            assert!(
                padded >= reach,
                "images of {height}x{width} are too small for kernels of \
                 {kernel_height}x{kernel_width}: {padded} padded pixels, {reach} needed"
            );
            (padded - reach) / options.stride[axis] + 1
        });
        Self {
            batch,
            inputs,
            image,
            outputs,
            kernel,
            output,
            stride: options.stride,
            dilation: options.dilation,
            padding: options.padding_begin(),
            groups,
        }
    }

    /// Pixels of a channel of an image.
    pub fn pixels(&self) -> usize {
        self.image[0] * self.image[1]
    }

    /// Positions of the kernel on an image: values of an output channel.
    pub fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Values of a kernel in one channel.
    pub fn area(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Channels of the images that an output channel sees.
    pub fn inputs_a_group(&self) -> usize {
        self.inputs / self.groups
    }

    pub fn outputs_a_group(&self) -> usize {
        self.outputs / self.groups
    }

    /// Whether each channel of the images has one output channel, by itself.
    pub fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.inputs && self.groups == self.outputs
    }

    pub fn image_shape(&self) -> [usize; 4] {
        [self.batch, self.inputs, self.image[0], self.image[1]]
    }

    pub fn weight_shape(&self) -> [usize; 4] {
        let [height, width] = self.kernel;
        [self.outputs, self.inputs_a_group(), height, width]
    }

    pub fn output_shape(&self) -> [usize; 4] {
        [self.batch, self.outputs, self.output[0], self.output[1]]
    }
}
