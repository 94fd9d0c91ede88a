//! The table of neurons.

use std::path::Path;
use std::str::FromStr;

use csv::StringRecord;

use crate::cortex::error::open;
use crate::cortex::{CortexError, Genotype, Neuron, UnknownName};
use crate::file;
use crate::value::quoted;

/// The largest table: 64 MiB.
const MOST_BYTES: u64 = 64 << 20;

const COLUMNS: [&str; 5] = ["id", "area", "layer", "genotype", "kind"];

/// Reads the table, which has to have `count` lines.
pub(super) fn read(path: &Path, count: usize) -> Result<Vec<Neuron>, CortexError> {
    let (file, _) = open(path, MOST_BYTES)?;
    let wrong = |error: csv::Error| damaged(path, error);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(file);
    let header = reader.headers().map_err(wrong)?;
    let columns = COLUMNS.map(|name| header.iter().position(|column| column == name));
    if columns.iter().all(Option::is_none) {
        let expected = format!("at least one of the columns {}", COLUMNS.join(", "));
        let found: String = header.iter().collect::<Vec<_>>().join(", ");
        return Err(CortexError::file(path, "header", expected, quoted(&found)));
    }

    let mut neurons = Vec::new();
    // One too many is enough to know.
    for record in reader.records().take(count + 1) {
        neurons.push(neuron(
            path,
            &record.map_err(wrong)?,
            columns,
            neurons.len(),
        )?);
    }
    if neurons.len() != count {
        let expected = format!("{count} neurons, as responses have");
        let found = match neurons.len() > count {
            true => "more".to_string(),
            false => neurons.len().to_string(),
        };
        return Err(CortexError::file(path, "lines", expected, found));
    }
    Ok(neurons)
}

fn neuron(
    path: &Path,
    record: &StringRecord,
    columns: [Option<usize>; 5],
    index: usize,
) -> Result<Neuron, CortexError> {
    let [id, area, layer, genotype, kind] = columns.map(|column| {
        column
            .and_then(|column| record.get(column))
            .filter(|text| !text.is_empty())
    });
    let line = Line { path, index };
    let genotype: Option<Genotype> = line.parse("genotype", genotype)?;
    let implied = genotype.as_ref().and_then(Genotype::kind);
    Ok(Neuron {
        id: id.map_or_else(|| index.to_string(), str::to_owned),
        area: line.parse("area", area)?,
        layer: line.parse("layer", layer)?,
        kind: line.parse("kind", kind)?.or(implied),
        genotype,
    })
}

/// A line of the table, for messages.
struct Line<'a> {
    path: &'a Path,
    index: usize,
}

impl Line<'_> {
    fn parse<T: FromStr<Err = UnknownName>>(
        &self,
        column: &str,
        text: Option<&str>,
    ) -> Result<Option<T>, CortexError> {
        text.map(str::parse::<T>).transpose().map_err(|unknown| {
            let field = format!("{column} of neuron {}", self.index);
            let found = format!("`{}`", unknown.name);
            CortexError::file(self.path, field, unknown.expected, found)
        })
    }
}

/// What the table's own reader says.
pub(in crate::cortex) fn damaged(path: &Path, error: csv::Error) -> CortexError {
    let message = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(source) => file::at(path)(source).into(),
        _ => CortexError::file(path, "lines", "a table of one width", message),
    }
}
