//! CSV and JSON: every number, for programs.

use serde::Serialize;
use serde_json::Value;

use crate::report::Document;

/// What a study has for programs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rows {
    csv: String,
    json: Vec<Value>,
}

impl Rows {
    /// Of CSV the rows are flat and of one type. A number that is none is empty there
    /// and null in JSON.
    pub(crate) fn of<R: Serialize, J: Serialize>(csv: &[R], json: &[J]) -> Self {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in csv {
            // Into memory, and of a flat structure.
            writer.serialize(row).expect("a row of fields");
        }
        let bytes = writer.into_inner().expect("written to memory");
        let json = json.iter().map(serde_json::to_value);
        Self {
            csv: String::from_utf8(bytes).expect("CSV of text"),
            json: json.collect::<Result<_, _>>().expect("fields are JSON"),
        }
    }

    pub(crate) fn csv(&self) -> &str {
        &self.csv
    }
}

/// The rows, one a line, and what they are to be read with.
pub(crate) fn json(document: &Document) -> String {
    let warning = document.warning.as_ref();
    let warning = warning.map(|warning| format!("{}{}", warning.stressed, warning.rest));
    let rows: Vec<String> = document.rows.json.iter().map(Value::to_string).collect();
    format!(
        "{{\n\"title\": {},\n\"warning\": {},\n\"answer\": {},\n\"rows\": [\n{}\n]\n}}\n",
        Value::from(document.title.as_str()),
        Value::from(warning),
        Value::from(document.answer.text.as_str()),
        rows.join(",\n")
    )
}
