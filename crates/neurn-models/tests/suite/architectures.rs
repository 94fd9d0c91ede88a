//! Names and shapes `(channels, height = width)` of every layer, from the
//! tables of the publications.

pub type Shape = (usize, usize);

/// The model's layers for images of 32x32.
pub fn at_32(model: &str) -> Vec<(String, Shape)> {
    layers(model, 32)
}

/// The model's layers for images of 224x224.
pub fn at_224(model: &str) -> Vec<(String, Shape)> {
    layers(model, 224)
}

fn layers(model: &str, image: usize) -> Vec<(String, Shape)> {
    match model {
        // Convolutions without padding: 32 - 4, halved, - 4, halved.
        "digit-net" => table(&[
            ("conv1", (64, 28)),
            ("pool1", (64, 14)),
            ("conv2", (128, 10)),
            ("pool2", (128, 5)),
        ]),
        "digit-net-small" => table(&[
            ("conv1", (16, 32)),
            ("pool1", (16, 16)),
            ("conv2", (32, 16)),
            ("pool2", (32, 8)),
            ("conv3", (64, 8)),
            ("pool3", (64, 4)),
        ]),
        // Simonyan & Zisserman, table 1, columns A, B, D, E.
        "vgg11" | "vgg11-bn" => vgg([1, 1, 2, 2, 2], image),
        "vgg13" | "vgg13-bn" => vgg([2, 2, 2, 2, 2], image),
        "vgg16" | "vgg16-bn" => vgg([2, 2, 3, 3, 3], image),
        "vgg19" | "vgg19-bn" => vgg([2, 2, 4, 4, 4], image),
        // He et al. 2015, table 1.
        "resnet18" => resnet([2, 2, 2, 2], [64, 128, 256, 512], image),
        "resnet34" => resnet([3, 4, 6, 3], [64, 128, 256, 512], image),
        "resnet50" => resnet([3, 4, 6, 3], [256, 512, 1024, 2048], image),
        "resnet101" => resnet([3, 4, 23, 3], [256, 512, 1024, 2048], image),
        "resnet152" => resnet([3, 8, 36, 3], [256, 512, 1024, 2048], image),
        "resnet50v2" => resnet_v2(image),
        // Howard et al., table 1, where the last depthwise convolution is said
        // to have a stride of 2 and keeps its 7x7 all the same.
        "mobilenet-v1" => mobilenet(image),
        _ => panic!("no table for {model}"),
    }
}

fn table(rows: &[(&str, Shape)]) -> Vec<(String, Shape)> {
    rows.iter()
        .map(|(name, shape)| (name.to_string(), *shape))
        .collect()
}

fn vgg(convolutions: [usize; 5], image: usize) -> Vec<(String, Shape)> {
    let sides = match image {
        32 => [32, 16, 8, 4, 2, 1],
        224 => [224, 112, 56, 28, 14, 7],
        _ => panic!("no table for {image}"),
    };
    let channels = [64, 128, 256, 512, 512];
    let mut rows = Vec::new();
    for block in 0..5 {
        for index in 1..=convolutions[block] {
            let name = format!("conv{}_{index}", block + 1);
            rows.push((name, (channels[block], sides[block])));
        }
        rows.push((
            format!("pool{}", block + 1),
            (channels[block], sides[block + 1]),
        ));
    }
    rows
}

fn resnet(blocks: [usize; 4], channels: [usize; 4], image: usize) -> Vec<(String, Shape)> {
    let sides = match image {
        32 => [8, 4, 2, 1],
        224 => [56, 28, 14, 7],
        _ => panic!("no table for {image}"),
    };
    let mut rows = vec![("stem".to_string(), (64, sides[0]))];
    for stage in 0..4 {
        for block in 0..blocks[stage] {
            let name = format!("layer{}.{block}", stage + 1);
            rows.push((name, (channels[stage], sides[stage])));
        }
    }
    rows
}

/// The last block of a stage has the stride, so its output has the side of the
/// next stage.
fn resnet_v2(image: usize) -> Vec<(String, Shape)> {
    let mut rows = resnet([3, 4, 6, 3], [256, 512, 1024, 2048], image);
    for stage in 1..=3 {
        let next = rows
            .iter()
            .position(|(name, _)| *name == format!("layer{}.0", stage + 1))
            .unwrap();
        let side = rows[next].1.1;
        rows[next - 1].1.1 = side;
    }
    let last = rows[rows.len() - 1].1;
    rows.push(("post".to_string(), last));
    rows
}

/// Each row of the table that is depthwise, with the pointwise one after it:
/// the channels of both, and the side that both give.
fn mobilenet(image: usize) -> Vec<(String, Shape)> {
    let sides = match image {
        32 => [16, 8, 4, 2, 1],
        224 => [112, 56, 28, 14, 7],
        _ => panic!("no table for {image}"),
    };
    let blocks = [
        (32, 64, sides[0]),
        (64, 128, sides[1]),
        (128, 128, sides[1]),
        (128, 256, sides[2]),
        (256, 256, sides[2]),
        (256, 512, sides[3]),
        (512, 512, sides[3]),
        (512, 512, sides[3]),
        (512, 512, sides[3]),
        (512, 512, sides[3]),
        (512, 512, sides[3]),
        (512, 1024, sides[4]),
        (1024, 1024, sides[4]),
    ];
    let mut rows = vec![("conv1".to_string(), (32, sides[0]))];
    for (block, (depthwise, pointwise, side)) in (1..).zip(blocks) {
        rows.push((format!("conv_dw_{block}"), (depthwise, side)));
        rows.push((format!("conv_pw_{block}"), (pointwise, side)));
    }
    rows
}
