//! CSV and JSON: every number, for programs.

use serde::Serialize;
use serde_json::Value;

use crate::report::Document;

/// What a study has for programs: one flat structure a row, all of one type.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rows {
    csv: String,
    json: Vec<Value>,
}

impl Rows {
    /// Numbers with all their digits. A number that is none is empty in CSV and null
    /// in JSON.
    pub(crate) fn of<R: Serialize>(rows: &[R]) -> Self {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in rows {
            // Into memory, and of a flat structure.
            writer.serialize(row).expect("a row of fields");
        }
        let bytes = writer.into_inner().expect("written to memory");
        let json = rows.iter().map(serde_json::to_value);
        Self {
            csv: String::from_utf8(bytes).expect("CSV of text"),
            json: json.collect::<Result<_, _>>().expect("fields are JSON"),
        }
    }

    pub(crate) fn csv(&self) -> &str {
        &self.csv
    }
}

#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    warning: Option<String>,
    answer: &'a str,
    rows: &'a [Value],
}

/// The rows, and what they are to be read with.
pub(crate) fn json(document: &Document) -> String {
    let page = Page {
        title: &document.title,
        warning: document
            .warning
            .as_ref()
            .map(|warning| format!("{}{}", warning.stressed, warning.rest)),
        answer: &document.answer.text,
        rows: &document.rows.json,
    };
    let text = serde_json::to_string_pretty(&page);
    text.expect("text and numbers are JSON") + "\n"
}
