//! Rows of figures in aligned columns, as Markdown.

/// A table that is printed when it is complete.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: &[&str]) -> Table {
        Table { rows: vec![head.iter().map(|word| (*word).to_owned()).collect()] }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub fn print(self) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column| self.rows.iter().filter_map(|row| row.get(column)).map(|cell: &String| cell.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        println!();
        for (index, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            println!("| {} |", cells.collect::<Vec<_>>().join(" | "));
            if index == 0 {
                let rules = widths.iter().map(|width| "-".repeat(*width));
                println!("| {} |", rules.collect::<Vec<_>>().join(" | "));
            }
        }
        println!();
    }
}

/// The middle one; of an even number the upper middle one. 0 of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value below which `part` (0 to 1) of all are. 0 of none.
pub fn quantile(values: impl IntoIterator<Item = f64>, part: f64) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let index = (values.len() as f64 * part) as usize;
    values.get(index.min(values.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// A ratio that has to be at least `goal`.
pub fn at_least(ratio: f64, goal: f64) -> String {
    judged(ratio >= goal, format!("{ratio:.2}"), format!("≥ {goal}"))
}

/// A figure that has to be at most `goal`.
pub fn at_most(figure: f64, goal: f64, unit: &str) -> String {
    let digits = if goal < 10.0 { 2 } else { 1 };
    judged(figure <= goal, format!("{figure:.digits$}{unit}"), format!("≤ {goal}{unit}"))
}

fn judged(good: bool, figure: String, goal: String) -> String {
    format!("{figure} ({goal}{})", if good { "" } else { ", MISSED" })
}
