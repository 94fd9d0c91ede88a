use std::fmt;
use std::str::FromStr;

use neurn_core::{NeuRnConfig, Response};

use super::{FrontendConfig, LocalContrastNormConfig, MapConfig, ScaleConfig, SigmaConfig};

/// The names of frontends with their default settings, as
/// [`FrontendConfig::from_str`] takes them.
pub const FRONTENDS: [&str; 18] = [
    "none",
    "neurn",
    "neurn-quantile",
    "neurn-inverse-contrast",
    "neurn-divisive",
    "image-and-neurn",
    "sigma",
    "sobel",
    "sobel-max",
    "sobel-quantile",
    "laplacian-of-gaussian",
    "laplacian-of-gaussian-max",
    "standardize",
    "instance-norm",
    "greyscale",
    "local-response-norm",
    "local-contrast-divisive",
    "local-contrast-subtractive",
];

/// The quantile of the frontends that have one.
const QUANTILE: f64 = 0.99;

/// No frontend has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFrontend(pub String);

impl fmt::Display for UnknownFrontend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = FRONTENDS.join(", ");
        write!(
            f,
            "there is no frontend `{}`; the frontends are {names}",
            self.0
        )
    }
}

impl std::error::Error for UnknownFrontend {}

impl FromStr for FrontendConfig {
    type Err = UnknownFrontend;

    fn from_str(name: &str) -> Result<Self, UnknownFrontend> {
        let neurn = NeuRnConfig::new(3);
        let map = match name {
            "none" | "standardize" | "instance-norm" => MapConfig::Identity,
            "neurn" => MapConfig::NeuRn(neurn),
            "neurn-inverse-contrast" => {
                MapConfig::NeuRn(neurn.with_response(Response::inverse_contrast()))
            }
            "neurn-divisive" => MapConfig::NeuRn(neurn.with_response(Response::divisive())),
            "image-and-neurn" => MapConfig::WithNeuRn(neurn),
            "neurn-quantile" => MapConfig::NeuRn(neurn.with_quantile(QUANTILE)),
            "sigma" => MapConfig::Sigma(SigmaConfig::new(3)),
            "sobel" | "sobel-max" | "sobel-quantile" => MapConfig::Sobel,
            "laplacian-of-gaussian" | "laplacian-of-gaussian-max" => MapConfig::LaplacianOfGaussian,
            "greyscale" => MapConfig::Greyscale,
            "local-response-norm" => MapConfig::LocalResponseNorm,
            "local-contrast-divisive" => {
                MapConfig::LocalContrastNorm(LocalContrastNormConfig::new())
            }
            "local-contrast-subtractive" => {
                let config = LocalContrastNormConfig::new().with_divisive(false);
                MapConfig::LocalContrastNorm(config)
            }
            _ => return Err(UnknownFrontend(name.to_string())),
        };
        let scale = match name {
            "standardize" => ScaleConfig::Image,
            "instance-norm" => ScaleConfig::Channel,
            "sobel-max" | "laplacian-of-gaussian-max" => ScaleConfig::Max,
            "sobel-quantile" => ScaleConfig::Quantile(QUANTILE),
            _ => ScaleConfig::None,
        };
        Ok(FrontendConfig::new(map).with_scale(scale))
    }
}

impl FrontendConfig {
    /// What a table calls it: `none`, `neurn (k = 3)`, `sobel over max`.
    pub fn label(&self) -> String {
        match (&self.map, &self.scale) {
            (MapConfig::Identity, ScaleConfig::None) => "none".to_string(),
            (MapConfig::Identity, ScaleConfig::Image) => "standardize".to_string(),
            (MapConfig::Identity, ScaleConfig::Channel) => "instance norm".to_string(),
            (map, scale) => self::map(map) + &self::scale(scale),
        }
    }
}

fn map(map: &MapConfig) -> String {
    match map {
        MapConfig::Identity => "image".to_string(),
        MapConfig::NeuRn(config) => neurn(config),
        MapConfig::WithNeuRn(config) => format!("image and {}", neurn(config)),
        MapConfig::Sigma(config) => format!("sigma (k = {})", config.k),
        MapConfig::Sobel => "sobel".to_string(),
        MapConfig::LaplacianOfGaussian => "laplacian of gaussian".to_string(),
        MapConfig::Greyscale => "greyscale".to_string(),
        MapConfig::LocalContrastNorm(config) => match config.divisive {
            true => "local contrast, divisive".to_string(),
            false => "local contrast, subtractive".to_string(),
        },
        MapConfig::LocalResponseNorm => "local response norm".to_string(),
    }
}

/// NeuRN with its side, and what is not the default.
fn neurn(config: &NeuRnConfig) -> String {
    let default = NeuRnConfig::new(config.k);
    let response = match config.response {
        Response::Contrast => "",
        Response::Divisive { .. } => ", divisive",
        Response::InverseContrast { .. } => ", inverse contrast",
    };
    let mut settings = format!("k = {}", config.k);
    if config.quantile != default.quantile {
        settings += &format!(", quantile {}", config.quantile);
    }
    if config.stride != default.stride {
        settings += &format!(", stride {}", config.stride);
    }
    format!("neurn{response} ({settings})")
}

fn scale(scale: &ScaleConfig) -> String {
    match scale {
        ScaleConfig::None => String::new(),
        ScaleConfig::Max => " over max".to_string(),
        ScaleConfig::Quantile(quantile) => format!(" over quantile {quantile}"),
        ScaleConfig::Image => ", standardized".to_string(),
        ScaleConfig::Channel => ", instance norm".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_frontend_of_its_own_with_a_label_of_its_own() {
        let configs = FRONTENDS.map(|name| name.parse::<FrontendConfig>().unwrap());
        for (place, config) in configs.iter().enumerate() {
            config.init();
            for other in &configs[..place] {
                assert_ne!(config, other);
                assert_ne!(config.label(), other.label());
            }
        }
        let error = "canny".parse::<FrontendConfig>().unwrap_err().to_string();
        assert!(
            error.contains("`canny`") && error.contains("none, neurn"),
            "{error}"
        );
    }

    #[test]
    fn labels_name_what_is_set() {
        let label = |config: FrontendConfig| config.label();
        assert_eq!(label("none".parse().unwrap()), "none");
        assert_eq!(label("sobel-max".parse().unwrap()), "sobel over max");
        assert_eq!(
            label("neurn-quantile".parse().unwrap()),
            "neurn (k = 3, quantile 0.99)"
        );
        let neurn = NeuRnConfig::new(5).with_stride(2);
        assert_eq!(
            label(FrontendConfig::new(MapConfig::NeuRn(neurn))),
            "neurn (k = 5, stride 2)"
        );
    }
}
