//! `.buckconfig`: sections of keys with values.

/// The keys of a file, with their sections and values.
pub(crate) type Config = Vec<(String, String, String)>;

/// Reads what the file itself says; files that it includes are not looked at.
pub(crate) fn parse(text: &str) -> Config {
    let mut config = Config::new();
    let mut section = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut line = line.trim().to_owned();
        while line.ends_with('\\') {
            line.pop();
            match lines.next() {
                Some(next) => line.push_str(next.trim()),
                None => break,
            }
        }
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            let name = name.split([']', '#']).next().unwrap_or_default();
            section = name.trim().to_owned();
        } else if let Some((key, value)) = line.split_once('=') {
            let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
            config.push((section.clone(), key, value));
        }
    }
    config
}

/// The value of a key; the last one counts.
pub(crate) fn get<'c>(config: &'c Config, section: &str, key: &str) -> Option<&'c str> {
    let mut entries = config.iter().rev();
    let (_, _, value) = entries.find(|entry| entry.0 == section && entry.1 == key)?;
    Some(value)
}

/// The keys of a section, with their values.
pub(crate) fn section<'c>(config: &'c Config, name: &str) -> Vec<(&'c str, &'c str)> {
    let entries = config.iter().filter(|(section, ..)| section == name);
    entries
        .map(|(_, key, value)| (key.as_str(), value.as_str()))
        .collect()
}
