//! Which tables a study has, whatever format they are written in.

mod layers;
mod matrix;
mod published;
mod run;
mod shifts;
mod treatments;

pub(super) use layers::{anywhere, layered, place};
pub(super) use published::{PUBLISHED, PublishedTable};

use super::results::Results;
use crate::report::table::{Row, Section, Table};

/// Everything that is told in tables, in order.
pub(super) fn sections(results: &Results) -> Vec<Section> {
    let mut sections = vec![run::section(results)];
    let settings = results.settings();
    for setting in &settings {
        let same_name = settings.iter().filter(|s| s.label() == setting.label());
        let mut title = setting.label();
        if same_name.count() > 1 {
            title += &format!(", {}", setting.training());
        }
        let mut tables = match results.sources {
            [source] => treatments::of_source(results, setting, source),
            _ => {
                let mut tables = treatments::of_means(results, setting);
                tables.extend(matrix::tables(results, setting));
                tables
            }
        };
        tables.extend(layers::table(results, setting));
        tables.extend(shifts::tables(results, setting));
        tables.extend(published::tables(results, setting));
        sections.push(Section {
            title,
            paragraphs: Vec::new(),
            tables,
        });
    }
    if results.synthetic() {
        let tables = sections.iter_mut().flat_map(|section| &mut section.tables);
        for table in tables {
            table.caption = format!("Synthetic domains: {}", table.caption);
        }
    }
    sections
}
