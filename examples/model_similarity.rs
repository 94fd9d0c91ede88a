//! How alike the models are built, and which of them stand for all.
//!
//! Every two models are compared by an alignment of their operations, as in arXiv
//! 2505.06881; `neurn_models::similarity` has the scores. A tree of all models is
//! cut into as many groups as asked for, and of each group the model is named that
//! is most like the others in it.
//!
//!     cargo run --release --example model_similarity

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Parser;
use neurn_models::{Merge, Model, Operation, groups, similarity, tree};
use plotters::prelude::*;

/// Compare how models are built: table, heat map, tree and shortlist.
#[derive(Debug, Parser)]
#[command(name = "model_similarity", version)]
struct Arguments {
    /// How many models the shortlist has.
    #[arg(long, default_value_t = 13)]
    shortlist: usize,
    /// Folder for similarity.csv and similarity.svg.
    #[arg(long, default_value = "out/similarity")]
    out: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let models: Vec<Model> = Model::all().collect();
    let operations: Vec<Vec<Operation>> = models.iter().map(|&model| operations(model)).collect();
    let row = |a: &Vec<Operation>| operations.iter().map(|b| similarity(a, b)).collect();
    let similarities: Vec<Vec<f64>> = operations.iter().map(row).collect();
    let away = |row: &Vec<f64>| row.iter().map(|similarity| 1.0 - similarity).collect();
    let distances: Vec<Vec<f64>> = similarities.iter().map(away).collect();
    let merges = tree(&distances);

    fs::create_dir_all(&arguments.out)?;
    let table = arguments.out.join("similarity.csv");
    fs::write(&table, csv(&models, &similarities))?;
    let figure = arguments.out.join("similarity.svg");
    draw(&figure, &models, &similarities, &merges)?;

    let mut out = std::io::stdout();
    let shortlist = arguments.shortlist.clamp(1, models.len());
    writeln!(
        out,
        "{} models in {shortlist} groups, and of each the one most like the rest:\n",
        models.len()
    )?;
    writeln!(
        out,
        "| shortlist | operations | stands for |\n|---|---:|---|"
    )?;
    for group in groups(&merges, models.len(), shortlist) {
        let middle = middle(&group, &similarities);
        let others = group.iter().filter(|&&one| one != middle);
        let others: Vec<_> = others.map(|&one| models[one].name()).collect();
        let count = operations[middle].len();
        writeln!(
            out,
            "| {} | {count} | {} |",
            models[middle],
            others.join(", ")
        )?;
    }
    writeln!(out, "\n{}\n{}", table.display(), figure.display())?;
    Ok(())
}

/// What a model does to one image of the size that it was published for.
fn operations(model: Model) -> Vec<Operation> {
    let side = model.image_size();
    model
        .published(
            model
                .weights()
                .first()
                .map_or(10, |weights| weights.labels().count()),
        )
        .operations(side, side)
}

/// Of a group, the one with the largest sum of similarities.
fn middle(group: &[usize], similarities: &[Vec<f64>]) -> usize {
    let sum = |one: usize| {
        group
            .iter()
            .map(|&other| similarities[one][other])
            .sum::<f64>()
    };
    let best = group
        .iter()
        .copied()
        .max_by(|&a, &b| sum(a).total_cmp(&sum(b)));
    best.expect("a group has a model")
}

fn csv(models: &[Model], similarities: &[Vec<f64>]) -> String {
    let names: Vec<_> = models.iter().map(|model| model.name()).collect();
    let mut text = format!("model,{}\n", names.join(","));
    for (name, row) in names.iter().zip(similarities) {
        let row: Vec<_> = row
            .iter()
            .map(|similarity| format!("{similarity:.4}"))
            .collect();
        text.push_str(&format!("{name},{}\n", row.join(",")));
    }
    text
}

/// Side of a field of the heat map.
const FIELD: i32 = 18;

/// Where the heat map begins: the tree is to its left, names between.
const LEFT: i32 = 440;

/// Where it begins, from above.
const TOP: i32 = 150;

/// Width of the tree.
const TREE: i32 = 290;

fn draw(
    path: &Path,
    models: &[Model],
    similarities: &[Vec<f64>],
    merges: &[Merge],
) -> Result<(), Box<dyn Error>> {
    let order = groups(merges, models.len(), 1).concat();
    let side = FIELD * models.len() as i32;
    let size = ((LEFT + side + 20) as u32, (TOP + side + 40) as u32);
    let area = SVGBackend::new(path, size).into_drawing_area();
    area.fill(&WHITE)?;
    let upright = ("sans-serif", 12).into_font().color(&BLACK);
    let turned = ("sans-serif", 12)
        .into_font()
        .transform(FontTransform::Rotate270)
        .color(&BLACK);
    for (row, &one) in order.iter().enumerate() {
        let y = TOP + FIELD * row as i32;
        let name = models[one].name();
        area.draw(&Text::new(name, (TREE + 16, y + 3), upright.clone()))?;
        area.draw(&Text::new(
            name,
            (LEFT + FIELD * row as i32 + 3, TOP - 6),
            turned.clone(),
        ))?;
        for (column, &other) in order.iter().enumerate() {
            let x = LEFT + FIELD * column as i32;
            let colour = colour(similarities[one][other]);
            area.draw(&Rectangle::new(
                [(x, y), (x + FIELD, y + FIELD)],
                colour.filled(),
            ))?;
        }
    }
    draw_tree(&area, &order, merges)?;
    let scale = "similarity: white -1, blue 1; left: 1 - similarity, average linkage";
    area.draw(&Text::new(scale, (16, TOP + side + 16), upright))?;
    area.present()?;
    Ok(())
}

/// Each merge as a bracket; the right edge is distance 0, the left edge the largest.
fn draw_tree(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    order: &[usize],
    merges: &[Merge],
) -> Result<(), Box<dyn Error>> {
    let farthest = merges
        .iter()
        .map(|merge| merge.distance)
        .fold(1e-9, f64::max);
    let x = |distance: f64| 10 + ((TREE as f64) * (1.0 - distance / farthest)) as i32;
    let mut ends = vec![(x(0.0), 0); order.len()];
    for (row, &one) in order.iter().enumerate() {
        ends[one].1 = TOP + FIELD * row as i32 + FIELD / 2;
    }
    for merge in merges {
        let (a, b, left) = (ends[merge.a], ends[merge.b], x(merge.distance));
        let bracket = [a, (left, a.1), (left, b.1), b];
        area.draw(&PathElement::new(bracket.to_vec(), BLACK))?;
        ends.push((left, (a.1 + b.1) / 2));
    }
    Ok(())
}

/// From white at -1 to blue at 1.
fn colour(similarity: f64) -> RGBColor {
    let share = ((similarity + 1.0) / 2.0).clamp(0.0, 1.0);
    let towards = |end: f64| (255.0 + (end - 255.0) * share) as u8;
    RGBColor(towards(33.0), towards(102.0), towards(172.0))
}
