use burn::config::Config;

/// What turns the last feature map into logits.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Head {
    /// Global average pool and one linear layer: suits images of any size.
    GlobalAverage,
    /// The head of the publication.
    Published,
}
