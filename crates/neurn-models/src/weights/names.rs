use burn_store::KeyRemapper;

/// How the files of published weights name what is in a network.
///
/// A name is a path of parts between dots. Keras writes slashes, and its own words
/// for the last part; these are put right before any name is changed here.
pub(crate) struct Names {
    renames: Vec<(String, String)>,
    head: &'static str,
    ignored: &'static [&'static str],
}

impl Names {
    /// The names of the network's own fields, of which `head` is what gives the
    /// logits: the part that another number of classes changes.
    pub(crate) fn new(head: &'static str) -> Self {
        Self {
            renames: Vec::new(),
            head,
            ignored: &[],
        }
    }

    /// What begins with `theirs` in a file begins with `ours` in the network. The
    /// n-th `{}` of both is the same number. Changes are made one after the other.
    pub(crate) fn rename(mut self, theirs: impl Into<String>, ours: impl Into<String>) -> Self {
        self.renames.push((theirs.into(), ours.into()));
        self
    }

    /// As [`rename`](Names::rename), where theirs is a sequence of convolution and
    /// batch norm, and ours a [`ConvNorm`](crate::ConvNorm).
    pub(crate) fn conv_norm(self, theirs: impl Into<String>, ours: impl Into<String>) -> Self {
        let (theirs, ours) = (theirs.into(), ours.into());
        self.rename(format!("{theirs}.0"), format!("{ours}.conv"))
            .rename(format!("{theirs}.1"), format!("{ours}.norm"))
    }

    /// What begins with one of `names` in a file has no place in the network, and
    /// need not have one.
    pub(crate) fn ignore(mut self, names: &'static [&'static str]) -> Self {
        self.ignored = names;
        self
    }

    /// Whether a parameter of the network belongs to what gives the logits.
    pub(super) fn is_of_head(&self, ours: &str) -> bool {
        begins_with(ours, self.head)
    }

    /// Whether a tensor of a file need not have a place in the network.
    pub(super) fn is_ignored(&self, theirs: &str) -> bool {
        self.ignored.iter().any(|name| begins_with(theirs, name))
    }

    /// The changes, for burn-store.
    pub(super) fn remapper(&self) -> KeyRemapper {
        let patterns = self.renames.iter().map(|(theirs, ours)| {
            let theirs = theirs.replace('.', r"\.").replace("{}", r"(\d+)");
            let numbers = 1..;
            let mut parts = ours.split("{}");
            let first = parts.next().unwrap_or_default().to_string();
            let ours = numbers.zip(parts).fold(first, |ours, (number, part)| {
                format!("{ours}${{{number}}}{part}")
            });
            (
                format!(r"^{theirs}(?P<rest>\.|$)"),
                format!("{ours}${{rest}}"),
            )
        });
        // Only what is written in this crate goes in.
        KeyRemapper::from_patterns(patterns.collect()).expect("names make valid patterns")
    }
}

/// Whether the first parts of a path are `start`.
fn begins_with(path: &str, start: &str) -> bool {
    let rest = path.strip_prefix(start);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::Shape;
    use burn_store::burn_pack;

    fn renamed(names: &Names, name: &str) -> String {
        let bytes = burn_pack::Bytes::from_bytes_vec(vec![0; 4]);
        let dtype = burn::tensor::DType::F32;
        let tensor = burn_pack::Tensor::new(name.to_string(), dtype, Shape::from([1]), None, bytes);
        let (tensors, _) = names.remapper().remap(vec![tensor]);
        tensors[0].name.clone()
    }

    #[test]
    fn whole_parts_are_renamed() {
        let names = Names::new("fc")
            .rename("features.1", "blocks.0")
            .rename("layer{}.{}.downsample.0", "layer{}.{}.shortcut");
        assert_eq!(renamed(&names, "features.1.weight"), "blocks.0.weight");
        assert_eq!(renamed(&names, "features.1"), "blocks.0");
        assert_eq!(renamed(&names, "features.11.weight"), "features.11.weight");
        assert_eq!(renamed(&names, "featuresx1.weight"), "featuresx1.weight");
        assert_eq!(renamed(&names, "a.features.1"), "a.features.1");
        let shortcut = renamed(&names, "layer3.12.downsample.0.weight");
        assert_eq!(shortcut, "layer3.12.shortcut.weight");
    }

    #[test]
    fn the_head_is_a_whole_part() {
        let names = Names::new("fc");
        assert!(names.is_of_head("fc.weight"));
        assert!(!names.is_of_head("fc1.weight"));
    }
}
