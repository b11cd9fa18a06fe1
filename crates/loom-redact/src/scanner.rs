//! One reading of an input that comes in pieces: what was found where, and the text around it, in order.
//!
//! The input is searched in two views, without escape sequences and, where lines were broken to a width, without the
//! breaks. Hits of both, brought back to places of the input, wait until no earlier one can come. Those that overlap
//! become one finding: it covers all of them and has the name of the best.

use std::ops::Range;
use std::sync::Arc;

use crate::finder::{Finder, Scope};
use crate::finding::Finding;
use crate::matching::Hit;
use crate::place::{Place, to_u64};
use crate::requirement::Requirements;
use crate::view::{Places, Plain};
use crate::wrap::{Event, Wraps};

/// How much of a large piece is taken in at once, and how much is dropped at once, in bytes.
pub(crate) const BLOCK: usize = 64 << 10;
/// How much text is taken in before it is searched, in bytes: a search has a price of its own.
const STEP: usize = 4 << 10;
/// A hit begins at most this many bytes earlier than its match: it is widened to whole characters.
const WIDENING: usize = 3;

/// What comes out of a reading.
pub(crate) enum Piece<'a> {
    /// Text without secrets.
    Text(&'a [u8]),
    /// A secret, in the place of its text.
    Secret(Finding),
}

pub(crate) struct Scanner {
    scope: Arc<Scope>,
    input: Vec<u8>,
    /// Offset of the start of `input`.
    base: usize,
    plain: Plain,
    finder: Finder,
    wraps: Wraps,
    paragraph: Option<Paragraph>,
    pending: Vec<Pending>,
    requirements: Requirements,
    open: Option<Cluster>,
    /// Everything before went out.
    emitted: usize,
    /// Where the last hit started and the last finding ended.
    start: Place,
    end: Place,
    /// What was taken in since the last search.
    unsearched: usize,
}

/// Lines that are read as one.
struct Paragraph {
    finder: Finder,
    /// Back to the text without escape sequences.
    places: Places,
    /// Where a line break was left out, ascending.
    joints: Vec<usize>,
}

/// A hit that waits for earlier ones.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) hit: Hit,
    /// Where it starts, once nothing can come before it.
    pub(crate) place: Option<Place>,
}

/// Hits that overlap.
#[derive(Debug)]
struct Cluster {
    range: Range<usize>,
    start: Place,
    best: Hit,
}

impl Scanner {
    pub(crate) fn new(scope: Arc<Scope>) -> Self {
        Self {
            input: Vec::new(),
            base: 0,
            plain: Plain::default(),
            finder: Finder::new(Arc::clone(&scope)),
            wraps: Wraps::default(),
            paragraph: None,
            pending: Vec::new(),
            requirements: Requirements::new(&scope),
            open: None,
            emitted: 0,
            start: Place::START,
            end: Place::START,
            unsearched: 0,
            scope,
        }
    }

    /// A scanner that looks only around the places that are pushed with the text.
    pub(crate) fn around_places(scope: Arc<Scope>) -> Self {
        let scanner = Self::new(scope);
        Self {
            finder: scanner.finder.only_around_places(),
            ..scanner
        }
    }

    /// Takes the next piece; `places` are offsets into the whole input, inside of this piece or at its ends.
    pub(crate) fn push(&mut self, text: &[u8], places: &[usize], mut sink: impl FnMut(Piece<'_>)) {
        let mut places = places.iter().copied().peekable();
        for block in text.chunks(BLOCK) {
            self.input.extend_from_slice(block);
            self.unsearched += block.len();
            let finder = &mut self.finder;
            self.plain.push(block, |text| finder.push(text));
            let end = self.base + self.input.len();
            while let Some(place) = places.next_if(|place| *place <= end) {
                self.finder.look_around(self.plain.places.place(place));
            }
            if self.unsearched >= STEP {
                self.unsearched = 0;
                self.finder.advance();
                self.step(false, &mut sink);
            }
        }
    }

    /// Ends the input.
    pub(crate) fn finish(&mut self, mut sink: impl FnMut(Piece<'_>)) {
        let finder = &mut self.finder;
        self.plain.finish(|text| finder.push(text));
        self.finder.finish();
        self.step(true, &mut sink);
    }

    fn step(&mut self, at_end: bool, sink: &mut impl FnMut(Piece<'_>)) {
        self.read_paragraphs(at_end);
        for hit in self.finder.take_hits() {
            let hit = hit.moved(|range| self.plain.places.origins(range));
            self.pend(hit);
        }
        let certain = if at_end {
            self.base + self.input.len()
        } else {
            self.certain()
        };
        let closed = self.resolve(certain, at_end);
        let mut limit = certain;
        if let Some(first) = self.pending.first() {
            limit = limit.min(first.hit.range.start);
        }
        if let Some(open) = &self.open {
            limit = limit.min(open.range.start);
        }
        for (range, finding) in closed {
            sink(Piece::Text(
                &self.input[self.emitted - self.base..range.start - self.base],
            ));
            sink(Piece::Secret(finding));
            self.emitted = range.end;
        }
        if limit > self.emitted {
            sink(Piece::Text(
                &self.input[self.emitted - self.base..limit - self.base],
            ));
            self.emitted = limit;
        }
        self.forget();
    }

    /// Has the paragraphs that end or grow searched.
    fn read_paragraphs(&mut self, at_end: bool) {
        let (text, base) = self.finder.buffered();
        let mut hits = Vec::new();
        let (paragraph, scope) = (&mut self.paragraph, &self.scope);
        self.wraps.advance(text, base, at_end, |event| match event {
            Event::Line(line) => match paragraph {
                Some(paragraph) => {
                    paragraph.joints.push(paragraph.finder.end());
                    paragraph.append(text, base, &line);
                    paragraph.advance(&mut hits);
                }
                None => {
                    let mut new = Paragraph {
                        finder: Finder::new(Arc::clone(scope)),
                        places: Places::default(),
                        joints: Vec::new(),
                    };
                    new.append(text, base, &line);
                    *paragraph = Some(new);
                }
            },
            Event::End => {
                if let Some(mut ended) = paragraph.take() {
                    ended.finder.finish();
                    ended.take_hits(&mut hits);
                }
            }
        });
        for hit in hits {
            let hit = hit.moved(|range| self.plain.places.origins(range));
            self.pend(hit);
        }
    }

    /// No hit that is still to come starts before this offset of the input.
    fn certain(&self) -> usize {
        let paragraphs = match &self.paragraph {
            Some(paragraph) => paragraph.places.origin(paragraph.finder.certain()),
            None => self.wraps.certain(),
        };
        let plain = self.finder.certain().min(paragraphs);
        self.plain
            .places
            .origin(plain)
            .min(self.plain.read())
            .saturating_sub(WIDENING)
    }

    fn pend(&mut self, hit: Hit) {
        let range = self.whole_characters(&hit.range);
        self.pending.push(Pending {
            hit: Hit { range, ..hit },
            place: None,
        });
    }

    /// The range widened so that it cuts no UTF-8 sequence.
    fn whole_characters(&self, range: &Range<usize>) -> Range<usize> {
        let byte = |at: usize| {
            at.checked_sub(self.base)
                .and_then(|index| self.input.get(index))
                .copied()
        };
        let continues = |at: usize| byte(at).is_some_and(|byte| byte & 0xC0 == 0x80);
        let mut start = range.start;
        while start > 0 && range.start - start < WIDENING && continues(start) {
            start -= 1;
        }
        let mut end = range.end;
        while end - range.end < WIDENING && continues(end) {
            end += 1;
        }
        start..end
    }

    /// Turns the hits that nothing can change any more into findings.
    fn resolve(&mut self, certain: usize, at_end: bool) -> Vec<(Range<usize>, Finding)> {
        let mut closed = Vec::new();
        if !self.pending.is_empty() {
            self.pending.sort_by(|one, other| {
                let key = |pending: &Pending| {
                    (
                        pending.hit.range.start,
                        pending.hit.range.end,
                        pending.hit.source,
                    )
                };
                key(one).cmp(&key(other))
            });
            for pending in &mut self.pending {
                if pending.place.is_none() && (at_end || pending.hit.range.start < certain) {
                    self.start
                        .advance(&self.input, self.base, pending.hit.range.start);
                    pending.place = Some(self.start);
                }
            }
            let ready = self.requirements.ready(&self.pending, certain, at_end);
            let kept = self.requirements.judge(&self.scope, &self.pending, ready);
            for (pending, kept) in self.pending.drain(..ready).zip(kept) {
                if let (true, Some(place)) = (kept, pending.place) {
                    let old = match &mut self.open {
                        Some(open) if pending.hit.range.start < open.range.end => {
                            open.add(pending.hit);
                            continue;
                        }
                        open => open.replace(Cluster {
                            range: pending.hit.range.clone(),
                            start: place,
                            best: pending.hit,
                        }),
                    };
                    closed.extend(old);
                }
            }
        }
        let limit = self
            .pending
            .first()
            .map_or(certain, |first| first.hit.range.start.min(certain));
        closed.extend(self.open.take_if(|open| at_end || open.range.end <= limit));
        closed
            .into_iter()
            .map(|cluster| {
                self.end.advance(&self.input, self.base, cluster.range.end);
                (cluster.range.clone(), self.finding(cluster))
            })
            .collect()
    }

    fn finding(&self, cluster: Cluster) -> Finding {
        let (rule, description, tags) = self.scope.parts.names(cluster.best.source);
        Finding {
            rule,
            description,
            tags,
            range: to_u64(cluster.range.start)..to_u64(cluster.range.end),
            line: cluster.start.line,
            column: cluster.start.column,
            end_line: self.end.line,
            end_column: self.end.column,
            entropy: cluster.best.entropy,
            fingerprint: cluster.best.fingerprint,
            allowed_inline: cluster.best.allowed_inline,
        }
    }

    /// Drops what nothing depends on any more.
    fn forget(&mut self) {
        self.finder.drop_decided();
        self.plain.places.forget_before(self.finder.buffered().1);
        let keep = self.emitted.saturating_sub(WIDENING);
        if keep >= self.base + BLOCK {
            self.start.advance(&self.input, self.base, keep);
            self.end.advance(&self.input, self.base, keep);
            self.input.drain(..keep - self.base);
            self.base = keep;
        }
    }
}

impl Paragraph {
    fn append(&mut self, text: &[u8], base: usize, line: &Range<usize>) {
        self.places.jump(self.finder.end(), line.start);
        self.finder.push(&text[line.start - base..line.end - base]);
    }

    fn advance(&mut self, hits: &mut Vec<Hit>) {
        if self.finder.buffered().0.len() > 2 * BLOCK {
            self.finder.advance();
            self.take_hits(hits);
            self.finder.drop_decided();
            let base = self.finder.buffered().1;
            self.places.forget_before(base);
            self.joints
                .drain(..self.joints.partition_point(|joint| *joint < base));
        }
    }

    /// Takes the hits that reach across a line break, as places of the text without escape sequences.
    fn take_hits(&mut self, hits: &mut Vec<Hit>) {
        for hit in self.finder.take_hits() {
            let next = self
                .joints
                .partition_point(|joint| *joint <= hit.matched.start);
            if self
                .joints
                .get(next)
                .is_some_and(|joint| *joint < hit.matched.end)
            {
                hits.push(hit.moved(|range| self.places.origins(range)));
            }
        }
    }
}

impl Cluster {
    fn add(&mut self, hit: Hit) {
        self.range.end = self.range.end.max(hit.range.end);
        self.best.keep_better(hit);
    }
}
