//! A table without a format.

use crate::report::value::Value;

/// Names at the left, values at the right of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// What it shows.
    pub(crate) caption: String,
    /// What the names at the left are.
    pub(crate) corner: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
    /// What to know when one reads it.
    pub(crate) notes: Vec<String>,
}

/// A line of a [`Table`], as long as its head.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) values: Vec<Value>,
}

impl Row {
    pub(crate) fn new(name: &str, values: Vec<Value>) -> Self {
        Self {
            name: name.to_string(),
            values,
        }
    }
}

impl Table {
    pub(crate) fn new(
        caption: impl Into<String>,
        corner: &str,
        columns: Vec<String>,
        rows: Vec<Row>,
        notes: &[&str],
    ) -> Self {
        Self {
            caption: caption.into(),
            corner: corner.to_string(),
            columns,
            rows,
            notes: notes.iter().map(|note| note.to_string()).collect(),
        }
    }

    /// Of values over seeds. Its notes say what they are, and of how many seeds
    /// if that is not the same everywhere.
    pub(crate) fn over_seeds(
        caption: impl Into<String>,
        corner: &str,
        columns: Vec<String>,
        rows: Vec<Row>,
    ) -> Self {
        let values = || rows.iter().flat_map(|row| &row.values);
        let counts = || values().filter_map(Value::seeds);
        let (fewest, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
        let gains = values().any(|value| matches!(value, Value::Gain(_)));
        let accuracies = values().any(|value| matches!(value, Value::Accuracy(_)));
        let mut notes = Vec::new();
        if most == 1 {
            notes.push("One seed, so without errors.".to_string());
        }
        if most > 1 && accuracies {
            notes.push("An accuracy is the mean over seeds, +- its standard error.".to_string());
        }
        if most > 1 && gains {
            notes.push(
                "A difference is the mean over seeds of two runs with the same seed, with its 95 % t \
                 interval."
                    .to_string(),
            );
        }
        match most {
            0 | 1 => {}
            _ if fewest < most => notes.push(format!(
                "Seeds: {most}; a value of fewer has their number (n) beside it."
            )),
            _ => notes.push(format!("Seeds: {most}.")),
        }
        Self {
            notes,
            ..Self::new(caption, corner, columns, rows, &[])
        }
    }

    /// Whether a column holds words, which begin at its left.
    pub(crate) fn is_text(&self, column: usize) -> bool {
        let mut values = self.rows.iter().filter_map(|row| row.values.get(column));
        values.any(|value| matches!(value, Value::Text(_)))
    }

    /// How many seeds most of its values are of, or more.
    pub(crate) fn seeds(&self) -> usize {
        let values = self.rows.iter().flat_map(|row| &row.values);
        values.filter_map(Value::seeds).max().unwrap_or(0)
    }

    /// How many seeds a value of this table is of, if that has to be said
    /// beside it.
    pub(crate) fn fewer_seeds(&self, value: &Value) -> Option<usize> {
        value.seeds().filter(|&seeds| seeds < self.seeds())
    }
}
