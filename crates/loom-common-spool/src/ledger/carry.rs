//! Taking over by value what cannot be merged: from a document of another lineage, or one that
//! contradicts this.

use std::collections::BTreeSet;

use jj_lib::backend::ChangeId;

use super::actor::{Actor, hash, hex};
use super::description::{join, merge_texts};
use super::document::{Document, Lineage};
use super::view::LedgerView;
use super::{LedgerError, Mark};

impl Document {
    /// Carries over what another document says that it did not say at the moment `since`; everything
    /// when that is `None` or not known to it. Then what either has stays, also what was taken away
    /// in one of them.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] when the library does not do what it should.
    pub fn carry(&mut self, other: &Self, since: Option<&Mark>) -> Result<(), LedgerError> {
        let base = since.and_then(|mark| other.view_at(mark));
        let now = other.view();
        self.carry_pins(base.as_ref(), &now)?;
        self.carry_tags(base.as_ref(), &now)?;
        for (stitch, text) in &now.descriptions {
            let before = base.as_ref().and_then(|base| base.descriptions.get(stitch));
            if before == Some(text) {
                continue;
            }
            let present = self.description(stitch).unwrap_or_default();
            let merged = match before {
                _ if present.is_empty() => text.clone(),
                Some(before) => merge_texts(before, text, &present)?,
                None => join(&present, text),
            };
            self.describe(stitch, &present, &merged)?;
            if let Some(writer) = other.writer(stitch) {
                self.set_writer(stitch, &writer)?;
            }
        }
        Ok(())
    }

    fn carry_pins(
        &mut self,
        base: Option<&LedgerView>,
        now: &LedgerView,
    ) -> Result<(), LedgerError> {
        let here = self.view().pins;
        for (name, values) in &now.pins {
            let none = BTreeSet::new();
            let before = base.and_then(|base| base.pins.get(name)).unwrap_or(&none);
            if before == values {
                continue;
            }
            let gone: BTreeSet<_> = before.difference(values).collect();
            let mut merged: BTreeSet<_> = here
                .get(name)
                .unwrap_or(&none)
                .iter()
                .filter(|value| !gone.contains(value))
                .cloned()
                .collect();
            merged.extend(values.difference(before).cloned());
            self.set_pin(name, &merged)?;
        }
        Ok(())
    }

    fn carry_tags(
        &mut self,
        base: Option<&LedgerView>,
        now: &LedgerView,
    ) -> Result<(), LedgerError> {
        for (stitch, tags) in &now.tags {
            for tag in tags {
                if !base.is_some_and(|base| has_tag(base, stitch, tag)) {
                    self.tag(stitch, tag)?;
                }
            }
        }
        for (stitch, tags) in base.iter().flat_map(|base| &base.tags) {
            for tag in tags {
                if !has_tag(now, stitch, tag) {
                    self.untag(stitch, tag)?;
                }
            }
        }
        Ok(())
    }

    /// Begins a document of the next lineage with what this one says, without its history.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] when the library does not do what it should.
    pub fn begun_anew(&self, actor: Actor) -> Result<Self, LedgerError> {
        let mark = self.mark();
        let heads: Vec<&[u8]> = mark.heads.iter().map(String::as_bytes).collect();
        let lineage = Lineage {
            generation: self.lineage.generation.saturating_add(1),
            origin: hex(&hash(&heads)),
        };
        let mut anew = Self::begun(lineage, actor)?;
        anew.carry(self, None)?;
        Ok(anew)
    }
}

fn has_tag(view: &LedgerView, stitch: &ChangeId, tag: &str) -> bool {
    view.tags.get(stitch).is_some_and(|tags| tags.contains(tag))
}
