//! Text in columns.

/// Lays rows out in columns, two spaces apart. The last column is not padded.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_characters_and_lines_do_not_end_in_spaces() {
        let rows = [["ID", "NAME"], ["long", "ü"], ["x", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(columns(&rows), "ID    NAME\nlong  ü\nx\n");
    }
}
