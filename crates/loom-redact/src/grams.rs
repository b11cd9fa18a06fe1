//! The first stage: where in a text keywords occur, at the price of about one table look-up for each byte.
//!
//! Each keyword is known by three neighbouring bytes of it, its gram, picked to be rare in source code. The low five
//! bits of a byte tell letters apart and fold their case, so the grams of a text are 15-bit numbers that roll from
//! byte to byte, and a table of 32 KiB, which stays in the fastest cache, says which of them matter. Only there the
//! keyword itself is compared. An Aho-Corasick automaton over the same keywords answers the same question at a
//! third of the speed, since each byte waits for the state that the byte before it led to.

use std::ops::Range;

/// The 3000 most common grams of source code and its documentation, most common first, counted in twelve megabytes of
/// open-source packages. A byte is written by its low five bits: `` ` `` for 0, letters, and `{|}~_`.
const COMMON: &str = include_str!("grams/common.txt");
const GRAMS: usize = 1 << 15;
/// Bytes of a gram.
const WIDTH: usize = 3;

/// A keyword found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Occurrence {
    /// Where it starts.
    pub(crate) at: usize,
    /// Which one, by its index.
    pub(crate) keyword: usize,
}

/// The table of all keywords.
pub(crate) struct Grams {
    /// For each gram the number of its bucket, from 1; 0 if no keyword has it.
    table: Box<[u8]>,
    buckets: Vec<Vec<Entry>>,
    keywords: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    keyword: usize,
    /// Where in the keyword its gram stands.
    offset: usize,
    /// The first bytes of the keyword, letters in upper case, and the bits that count: not those of a letter's case.
    head: u64,
    mask: u64,
}

impl Entry {
    fn new(index: usize, keyword: &[u8], offset: usize) -> Self {
        let (mut head, mut mask) = ([0; 8], [0; 8]);
        for (at, byte) in keyword.iter().take(8).enumerate() {
            head[at] = byte.to_ascii_uppercase();
            mask[at] = if byte.is_ascii_alphabetic() {
                !0x20
            } else {
                0xFF
            };
        }
        Self {
            keyword: index,
            offset,
            head: u64::from_le_bytes(head),
            mask: u64::from_le_bytes(mask),
        }
    }
}

impl Grams {
    /// Builds the table of keywords, which are in lower case and not empty.
    pub(crate) fn new(keywords: Vec<Vec<u8>>) -> Self {
        let mut table = vec![0_u8; GRAMS].into_boxed_slice();
        let mut buckets: Vec<Vec<Entry>> = vec![Vec::new(); 256];
        let ranks = ranks();
        let mut last = 0;
        for (index, keyword) in keywords.iter().enumerate() {
            let offset = rarest(keyword, &ranks, &table);
            let entry = Entry::new(index, keyword, offset);
            for gram in grams_of(&keyword[offset..]) {
                if table[gram] == 0 {
                    last = last % 255 + 1;
                    table[gram] = last;
                }
                let bucket = &mut buckets[usize::from(table[gram])];
                if !bucket.contains(&entry) {
                    bucket.push(entry);
                }
            }
        }
        Self {
            table,
            buckets,
            keywords,
        }
    }

    pub(crate) fn keyword(&self, index: usize) -> &[u8] {
        &self.keywords[index]
    }

    /// Adds the keywords whose grams start in the range, in the order of their grams.
    pub(crate) fn find(&self, text: &[u8], range: Range<usize>, found: &mut Vec<Occurrence>) {
        let end = range.end.min(text.len());
        let Some(first) = text.get(range.start..end.saturating_add(WIDTH - 1).min(text.len()))
        else {
            return;
        };
        if range.start >= end {
            return;
        }
        let (Ok(table), true) = (
            <&[u8; GRAMS]>::try_from(&*self.table),
            !self.keywords.is_empty(),
        ) else {
            return;
        };
        let mut gram = 0_usize;
        for (index, byte) in first.iter().enumerate() {
            gram = (gram >> 5) | (usize::from(byte & 31) << 10);
            let bucket = table[gram % GRAMS];
            if bucket != 0 && index >= WIDTH - 1 {
                self.compare(text, range.start + index + 1 - WIDTH, bucket, found);
            }
        }
        // Grams that begin in the last bytes of the text, which the text does not fill.
        for at in (text.len() + 1).saturating_sub(WIDTH).max(range.start)..end {
            gram = gram_of(&text[at..]);
            let bucket = table[gram % GRAMS];
            if bucket != 0 {
                self.compare(text, at, bucket, found);
            }
        }
    }

    #[inline(never)]
    fn compare(&self, text: &[u8], at: usize, bucket: u8, found: &mut Vec<Occurrence>) {
        for entry in &self.buckets[usize::from(bucket)] {
            let Some(start) = at.checked_sub(entry.offset) else {
                continue;
            };
            if let Some(first) = text.get(start..).and_then(|rest| rest.first_chunk::<8>())
                && u64::from_le_bytes(*first) & entry.mask != entry.head
            {
                continue;
            }
            let keyword = &self.keywords[entry.keyword];
            let word = text.get(start..start + keyword.len());
            if word.is_some_and(|word| word.eq_ignore_ascii_case(keyword)) {
                found.push(Occurrence {
                    at: start,
                    keyword: entry.keyword,
                });
            }
        }
    }
}

impl std::fmt::Debug for Grams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grams")
            .field("keywords", &self.keywords.len())
            .finish_non_exhaustive()
    }
}

fn gram_of(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take(WIDTH)
        .enumerate()
        .map(|(index, byte)| usize::from(byte & 31) << (5 * index))
        .sum()
}

/// The grams that a text may have where these bytes start: many if they are fewer than a gram's.
fn grams_of(bytes: &[u8]) -> Vec<usize> {
    let known = 5 * bytes.len().min(WIDTH);
    let gram = gram_of(bytes);
    (0..GRAMS >> known)
        .map(|rest| gram | (rest << known))
        .collect()
}

/// How common grams are: the lower, the more. Those that are not in the list are rarer than all in it.
fn ranks() -> Vec<u16> {
    let mut ranks = vec![u16::MAX; GRAMS];
    for (rank, gram) in COMMON.split_ascii_whitespace().enumerate() {
        ranks[gram_of(gram.as_bytes())] = u16::try_from(rank).unwrap_or(u16::MAX);
    }
    ranks
}

/// Where in a keyword the gram stands that source code has least; of equals the one whose table entry is used already.
fn rarest(keyword: &[u8], ranks: &[u16], table: &[u8]) -> usize {
    (0..(keyword.len() + 1).saturating_sub(WIDTH))
        .max_by_key(|offset| {
            let gram = gram_of(&keyword[*offset..]);
            (ranks[gram], table[gram] != 0)
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Grams, Occurrence};

    fn naive(text: &[u8], keywords: &[Vec<u8>]) -> Vec<Occurrence> {
        let mut found = Vec::new();
        for at in 0..text.len() {
            for (keyword, bytes) in keywords.iter().enumerate() {
                if text
                    .get(at..at + bytes.len())
                    .is_some_and(|word| word.eq_ignore_ascii_case(bytes))
                {
                    found.push(Occurrence { at, keyword });
                }
            }
        }
        found
    }

    proptest! {
        #[test]
        fn finds_what_comparing_everywhere_finds(
            keywords in prop::collection::btree_set("[a-c_~-]{1,6}", 1..8),
            text in "[a-cA-C_~ -]{0,80}",
            cuts in prop::collection::vec(0_usize..80, 0..4),
        ) {
            let keywords: Vec<Vec<u8>> = keywords.into_iter().map(String::into_bytes).collect();
            let grams = Grams::new(keywords.clone());
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let mut found = Vec::new();
            for pair in cuts.windows(2) {
                grams.find(text.as_bytes(), pair[0]..pair[1], &mut found);
            }
            found.sort_unstable();
            prop_assert_eq!(found, naive(text.as_bytes(), &keywords));
        }
    }
}
