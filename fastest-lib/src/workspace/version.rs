/// A version in the form of Python packages, as far as pytest's releases use it: numbers, then
/// `a1`, `b1` or `rc1`, then `.post1`, then `.dev1`. The order of the fields is the order of
/// precedence.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    release: Vec<u64>,
    stage: Stage,
    post: Option<u64>,
    /// The highest number stands for a version that is not a development version.
    dev: u64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// A development version of the final release comes before its alphas.
    Dev,
    Alpha(u64),
    Beta(u64),
    Candidate(u64),
    Final,
}

impl Version {
    /// Reads a version; none when it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_prefix('v').unwrap_or(&text);
        // What follows a `+` tells builds apart, not versions.
        let text = text.split('+').next()?;
        let (mut release, mut rest) = (Vec::new(), text);
        while let Some((number, after)) = take_number(rest) {
            release.push(number);
            match after.strip_prefix('.') {
                Some(more) if more.starts_with(|c: char| c.is_ascii_digit()) => rest = more,
                _ => {
                    rest = after;
                    break;
                }
            }
        }
        if release.is_empty() {
            return None;
        }
        while release.last() == Some(&0) {
            release.pop();
        }
        let mut version = Self {
            release,
            stage: Stage::Final,
            post: None,
            dev: u64::MAX,
        };
        while !rest.is_empty() {
            let word = rest.trim_start_matches(['.', '-', '_']);
            let letters = word
                .find(|c: char| !c.is_ascii_lowercase())
                .unwrap_or(word.len());
            let (name, after) = word.split_at(letters);
            let (number, after) = take_number(after).unwrap_or((0, after));
            match name {
                "a" | "alpha" => version.stage = Stage::Alpha(number),
                "b" | "beta" => version.stage = Stage::Beta(number),
                "c" | "rc" | "pre" | "preview" => version.stage = Stage::Candidate(number),
                "post" | "r" | "rev" => version.post = Some(number),
                "dev" => version.dev = number,
                _ => return None,
            }
            rest = after;
        }
        if version.dev != u64::MAX && version.stage == Stage::Final && version.post.is_none() {
            version.stage = Stage::Dev;
        }
        Some(version)
    }
}

/// The number that the text begins with, and the rest.
fn take_number(text: &str) -> Option<(u64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered() {
        let ascending = [
            "8.4.2",
            "9.0.dev1",
            "9.0.0a1",
            "9.0b2",
            "9.0rc1",
            "9",
            "9.0.post1",
            "9.0.1.dev3",
            "9.0.1",
            "9.2.0",
            "10.0",
        ];
        let versions: Vec<Version> = ascending
            .iter()
            .map(|text| Version::parse(text).unwrap())
            .collect();
        for (at, pair) in versions.windows(2).enumerate() {
            assert!(
                pair[0] < pair[1],
                "{} < {}",
                ascending[at],
                ascending[at + 1]
            );
        }
        assert_eq!(Version::parse("9.0"), Version::parse("v9.0.0+local"));
        for not_one in ["", "x", "9.x", "9..1"] {
            assert_eq!(Version::parse(not_one), None, "{not_one}");
        }
    }
}
