//! The LCOV format, as far as lines and branches of Python go: read, join, write.

use std::collections::BTreeMap;
use std::fmt::Write;

/// What is covered, by source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage {
    files: BTreeMap<String, File>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct File {
    /// How often each line was executed.
    lines: BTreeMap<u32, u64>,
    /// How often each branch was taken, by line, block and branch; none where its line was not
    /// executed.
    branches: BTreeMap<(u32, String, String), Option<u64>>,
    /// The line and, where it is told, the last line of each function.
    functions: BTreeMap<String, String>,
    /// How often each function was called.
    calls: BTreeMap<String, u64>,
}

impl Coverage {
    /// Reads a text; lines of no meaning to us are passed over, as other tools do.
    pub(crate) fn parse(text: &str) -> Self {
        let mut coverage = Self::default();
        let mut current = None;
        for line in text.lines() {
            let (key, value) = line.split_once(':').unwrap_or((line.trim_end(), ""));
            if key == "SF" {
                current = Some(value.to_owned());
                coverage.files.entry(value.to_owned()).or_default();
            } else if key == "end_of_record" {
                current = None;
            } else if let Some(name) = &current
                && let Some(file) = coverage.files.get_mut(name)
            {
                // A line that is damaged counts as not there.
                let _ = file.take_in(key, value);
            }
        }
        coverage
    }

    /// Adds what `other` has.
    pub(crate) fn add(&mut self, other: Self) {
        for (name, file) in other.files {
            self.files.entry(name).or_default().add(file);
        }
    }

    /// The same by other names; files to which `rename` gives none are left out.
    pub(crate) fn renamed(self, rename: impl Fn(&str) -> Option<String>) -> Self {
        let mut renamed = Self::default();
        for (name, file) in self.files {
            if let Some(name) = rename(&name) {
                renamed.files.entry(name).or_default().add(file);
            }
        }
        renamed
    }

    /// The text of the format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (name, file) in &self.files {
            // Writing to a string cannot fail.
            let _ = file.write(name, &mut text);
        }
        text
    }
}

impl File {
    fn take_in(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "DA" => {
                let mut parts = value.split(',');
                let line = parts.next()?.parse().ok()?;
                let count: u64 = parts.next()?.parse().ok()?;
                *self.lines.entry(line).or_default() += count;
            }
            "BRDA" => {
                let mut parts = value.splitn(3, ',');
                let line = parts.next()?.parse().ok()?;
                let block = parts.next()?.to_owned();
                let (branch, taken) = parts.next()?.rsplit_once(',')?;
                let count = match taken {
                    "-" => None,
                    count => Some(count.parse().ok()?),
                };
                let known = self.branches.entry((line, block, branch.to_owned()));
                add_to(known.or_default(), count);
            }
            "FN" => {
                let (place, name) = value.rsplit_once(',')?;
                self.functions.insert(name.to_owned(), place.to_owned());
            }
            "FNDA" => {
                let (count, name) = value.split_once(',')?;
                let count: u64 = count.parse().ok()?;
                *self.calls.entry(name.to_owned()).or_default() += count;
            }
            // Sums; they are made anew.
            _ => {}
        }
        Some(())
    }

    fn add(&mut self, other: Self) {
        for (line, count) in other.lines {
            *self.lines.entry(line).or_default() += count;
        }
        for (branch, count) in other.branches {
            add_to(self.branches.entry(branch).or_default(), count);
        }
        self.functions.extend(other.functions);
        for (name, count) in other.calls {
            *self.calls.entry(name).or_default() += count;
        }
    }

    fn write(&self, name: &str, text: &mut String) -> std::fmt::Result {
        writeln!(text, "SF:{name}")?;
        for (name, place) in &self.functions {
            writeln!(text, "FN:{place},{name}")?;
        }
        for (name, count) in &self.calls {
            writeln!(text, "FNDA:{count},{name}")?;
        }
        if !self.functions.is_empty() {
            let hit = self.calls.values().filter(|count| **count > 0).count();
            writeln!(text, "FNF:{}\nFNH:{hit}", self.functions.len())?;
        }
        for ((line, block, branch), count) in &self.branches {
            let count = count.map_or_else(|| "-".to_owned(), |count| count.to_string());
            writeln!(text, "BRDA:{line},{block},{branch},{count}")?;
        }
        if !self.branches.is_empty() {
            let taken = |count: &&Option<u64>| count.is_some_and(|count| count > 0);
            let hit = self.branches.values().filter(taken).count();
            writeln!(text, "BRF:{}\nBRH:{hit}", self.branches.len())?;
        }
        for (line, count) in &self.lines {
            writeln!(text, "DA:{line},{count}")?;
        }
        let hit = self.lines.values().filter(|count| **count > 0).count();
        writeln!(text, "LH:{hit}\nLF:{}\nend_of_record", self.lines.len())
    }
}

fn add_to(known: &mut Option<u64>, count: Option<u64>) {
    *known = match (*known, count) {
        (Some(known), Some(count)) => Some(known + count),
        (known, count) => known.or(count),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "TN:\nSF:a.py\nFN:1,3,f\nFNDA:1,f\nDA:1,1\nDA:2,0,abc\nBRDA:1,0,jump to line 2,-\n\
                       BRDA:1,0,exit,1\nLF:2\nLH:1\nend_of_record\nSF:b.py\nDA:x\nDA:7,1\nend_of_record\n";

    #[test]
    fn what_is_written_is_read() {
        let coverage = Coverage::parse(ONE);
        assert_eq!(Coverage::parse(&coverage.text()), coverage);
        assert!(coverage.text().contains("DA:2,0\nLH:1\nLF:2\n"));
        assert!(
            coverage
                .text()
                .contains("BRDA:1,0,jump to line 2,-\nBRF:2\nBRH:1\n")
        );
    }

    #[test]
    fn counts_add_up() {
        let mut sum = Coverage::parse(ONE);
        sum.add(Coverage::parse(
            "SF:a.py\nDA:2,3\nBRDA:1,0,jump to line 2,0\nend_of_record\n",
        ));
        let text = sum.text();
        for part in [
            "DA:1,1\nDA:2,3\nLH:2",
            "BRDA:1,0,jump to line 2,0\n",
            "FNDA:1,f",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn files_are_renamed_and_left_out() {
        let renamed =
            Coverage::parse(ONE).renamed(|name| Some(format!("x/{}", name.strip_prefix("a")?)));
        assert_eq!(renamed.text().matches("SF:").count(), 1);
        assert!(renamed.text().contains("SF:x/.py\n"));
    }
}
