//! A number in a table, and the one way in which it is written.

use crate::statistics::{Estimate, PairedDifference};

/// What stands in a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Nothing was measured.
    Missing,
    /// Words.
    Text(String),
    /// How many.
    Count(usize),
    /// A number without a unit, with its interval if there is one.
    Number {
        value: f64,
        interval: Option<[f64; 2]>,
        /// Whether it is a difference, whose sign is written.
        signed: bool,
    },
    /// A percentage without an error.
    Percent(f64),
    /// A percentage over seeds.
    Accuracy(Estimate),
    /// A difference of percentages over seeds.
    Gain(PairedDifference),
    /// A p value.
    P(f64),
    /// A correlation.
    Correlation(f64),
}

/// The signs that a format has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Notation {
    /// ASCII.
    Plain,
    /// Unicode.
    Typeset,
    /// LaTeX in math mode.
    Latex,
}

impl Value {
    /// A number by itself.
    pub(crate) fn number(value: f64) -> Self {
        Value::Number {
            value,
            interval: None,
            signed: false,
        }
    }

    pub(crate) fn accuracy(estimate: Option<Estimate>) -> Self {
        estimate.map_or(Value::Missing, Value::Accuracy)
    }

    pub(crate) fn gain(gain: Option<PairedDifference>) -> Self {
        gain.map_or(Value::Missing, Value::Gain)
    }

    pub(crate) fn percent(value: Option<f64>) -> Self {
        value.map_or(Value::Missing, Value::Percent)
    }

    /// How many seeds it is of.
    pub(crate) fn seeds(&self) -> Option<usize> {
        match self {
            Value::Accuracy(estimate) => Some(estimate.count),
            Value::Gain(gain) => Some(gain.estimate.count),
            _ => None,
        }
    }

    /// As it is written, without the number of seeds.
    pub(crate) fn text(&self, notation: Notation) -> String {
        let written = match self {
            Value::Missing => return "".to_string(),
            Value::Text(text) => return text.clone(),
            Value::Count(count) => count.to_string(),
            Value::Number {
                value,
                interval,
                signed,
            } => {
                let write = |value: f64| match signed {
                    true => signed_thousandths(value),
                    false => thousandths(value),
                };
                let interval = interval
                    .map(|ends| ends.map(write))
                    .map(|[low, high]| format!(" [{low}, {high}]"));
                write(*value) + &interval.unwrap_or_default()
            }
            Value::Percent(percent) => tenths(*percent),
            Value::P(p) if *p < 0.001 => "< 0.001".to_string(),
            Value::P(p) => thousandths(*p),
            Value::Correlation(r) => hundredths(*r),
            Value::Accuracy(estimate) => {
                let plus_minus = match notation {
                    Notation::Plain => "+-",
                    Notation::Typeset => "±",
                    Notation::Latex => r"\pm",
                };
                let error = estimate.standard_error.map_or(String::new(), |error| {
                    format!(" {plus_minus} {}", tenths(error))
                });
                tenths(estimate.mean) + &error
            }
            Value::Gain(gain) => {
                let interval = gain.interval.map_or(String::new(), |interval| {
                    format!(
                        " [{}, {}]",
                        signed_tenths(interval.low),
                        signed_tenths(interval.high)
                    )
                });
                signed_tenths(gain.estimate.mean) + &interval
            }
        };
        match notation {
            Notation::Plain => written,
            Notation::Typeset => typeset(&written),
            Notation::Latex => format!("${}$", written.replace(" [", r"\ [")),
        }
    }
}

/// A number with a minus in place of a hyphen.
pub(crate) fn typeset(number: &str) -> String {
    number.replace('-', "\u{2212}")
}

/// To one decimal place.
pub(crate) fn tenths(value: f64) -> String {
    written(value, 1)
}

/// To two decimal places.
pub(crate) fn hundredths(value: f64) -> String {
    written(value, 2)
}

/// To three decimal places.
pub(crate) fn thousandths(value: f64) -> String {
    written(value, 3)
}

/// A difference to one decimal place.
pub(crate) fn signed_tenths(value: f64) -> String {
    signed(value, 1)
}

/// A difference to three decimal places.
pub(crate) fn signed_thousandths(value: f64) -> String {
    signed(value, 3)
}

/// To so many decimal places; nought has no sign.
pub(crate) fn written(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let unsigned = text.trim_start_matches('-');
    match unsigned.contains(|c: char| c != '0' && c != '.') {
        true => text,
        false => unsigned.to_string(),
    }
}

/// The same with its sign, unless it is nought.
fn signed(value: f64, places: usize) -> String {
    let text = written(value, places);
    match value > 0.0 && text != written(0.0, places) {
        true => format!("+{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_in_every_notation() {
        // Their standard error is 0.5, and the quantile of three values 4.303.
        let root = 0.75_f64.sqrt();
        let gain = Value::gain(PairedDifference::of(&[-0.5 - root, -0.5, -0.5 + root]));
        assert_eq!(gain.text(Notation::Plain), "-0.5 [-2.7, +1.7]");
        assert_eq!(
            gain.text(Notation::Typeset),
            "\u{2212}0.5 [\u{2212}2.7, +1.7]"
        );
        assert_eq!(gain.text(Notation::Latex), r"$-0.5\ [-2.7, +1.7]$");
        assert_eq!(gain.seeds(), Some(3));
    }

    #[test]
    fn an_accuracy_in_every_notation() {
        let accuracy = Value::accuracy(Estimate::of(&[50.0, 52.0]));
        assert_eq!(accuracy.text(Notation::Plain), "51.0 +- 1.0");
        assert_eq!(accuracy.text(Notation::Typeset), "51.0 ± 1.0");
        assert_eq!(accuracy.text(Notation::Latex), r"$51.0 \pm 1.0$");
    }

    #[test]
    fn a_number_with_its_interval() {
        let number = |signed| Value::Number {
            value: 0.12345,
            interval: Some([-0.0001, 0.3]),
            signed,
        };
        assert_eq!(number(false).text(Notation::Plain), "0.123 [0.000, 0.300]");
        assert_eq!(number(true).text(Notation::Plain), "+0.123 [0.000, +0.300]");
    }

    #[test]
    fn p_values_and_correlations() {
        assert_eq!(Value::P(0.0314).text(Notation::Plain), "0.031");
        assert_eq!(Value::P(1e-9).text(Notation::Plain), "< 0.001");
        assert_eq!(Value::P(1e-9).text(Notation::Latex), "$< 0.001$");
        assert_eq!(Value::Correlation(-0.004).text(Notation::Plain), "0.00");
    }

    #[test]
    fn nothing_is_minus_nought() {
        assert_eq!(tenths(-0.04), "0.0");
        assert_eq!(signed_tenths(-0.04), "0.0");
        assert_eq!(signed_tenths(0.04), "0.0");
        assert_eq!(signed_tenths(0.06), "+0.1");
    }
}
